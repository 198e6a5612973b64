// A job's receipt as people read it, from its JSON form.
#pragma once

#include <string>

#include "app/cli/terminal.h"
#include "core/model/json.h"

namespace tradewind::cli {

// The table of places, what was paid against on-demand, what each interruption took, bytes moved and reused.
// corrupt: the document is no receipt.
Result<std::string> receipt_text(const json::value& receipt, const Terminal& terminal);

}  // namespace tradewind::cli
