// The files of data/catalog as they stand in the program (embedded_data.S).
#pragma once

#include <string_view>

namespace tradewind::catalog {

std::string_view embedded_egress_csv();

}  // namespace tradewind::catalog
