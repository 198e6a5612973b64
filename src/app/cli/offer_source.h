// The offers that offline verbs know: the program's own catalogue, and what this machine's zones sell.
#pragma once

#include <string>

#include "app/cli/context.h"
#include "core/catalog/catalog.h"

namespace tradewind::cli {

// A zones file that cannot be read is a warning: the catalogue is of use without it.
catalog::Catalog known_offers(Context& context, const std::string& zones_file);

}  // namespace tradewind::cli
