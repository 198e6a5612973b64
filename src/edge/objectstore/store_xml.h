// What the XML answers of stores have in common.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <pugixml.hpp>

#include "base/result.h"

namespace tradewind::objectstore {

// False: it is no XML. A byte order mark may come first.
bool load_xml(pugi::xml_document& document, std::string_view xml);
// The document without a declaration, on one line.
std::string xml_text(const pugi::xml_document& document);
// Of the child of that name; "" where there is none.
std::string text_of(const pugi::xml_node& parent, const char* name);

// corrupt: "the store's list of objects is none: …".
Error no_list(const std::string& problem);
// Of an object in a list. Errors: no_list().
Result<std::uint64_t> listed_size(const std::string& text);

}  // namespace tradewind::objectstore
