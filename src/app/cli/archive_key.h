// The keys of encrypted stores, as the command line and the environment name them.
#pragma once

#include "app/cli/context.h"
#include "app/cli/exit_code.h"
#include "app/cli/options.h"
#include "edge/sealing/access.h"

namespace tradewind::cli {

// From --key-file, --key-command, or else $TRADEWIND_KEY_FILE, $TRADEWIND_KEY_COMMAND or $TRADEWIND_KEY.
// Looked up once, when it is first asked for.
sealing::AskForKey ask_for_key(const SealOptions& options, const Context& context);

// --encrypt and --plain; invalid_argument: both.
Result<sealing::SealWish> seal_wish(const SealOptions& options);

// Makes the file, for its owner alone; without a name the key goes to standard output. conflict: it exists.
Result<ExitCode> make_new_key(const std::string& file, Context& context);
Result<ExitCode> change_key(const ArchiveOptions& options, Context& context);

}  // namespace tradewind::cli
