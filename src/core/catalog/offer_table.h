// Offers that were read and checked when the program was built, in a form that takes no reading: fixed-size
// records, then their texts, each once. Of this machine's byte order, and only for the program of that same
// build: a format of files it is not.
#pragma once

#include <string>
#include <string_view>

#include "core/catalog/catalog.h"

namespace tradewind::catalog {

// The bytes of a catalogue whose offers came from CSV text: with cold start or notice lead there are none.
std::string write_offer_table(const Catalog& catalog);
// REQUIRES: `bytes` were written by write_offer_table of the same build.
Catalog read_offer_table(std::string_view bytes);

}  // namespace tradewind::catalog
