#include "edge/objectstore/store_xml.h"

#include <charconv>
#include <sstream>

namespace tradewind::objectstore {

bool load_xml(pugi::xml_document& document, std::string_view xml) {
  return static_cast<bool>(document.load_buffer(xml.data(), xml.size()));
}

std::string xml_text(const pugi::xml_document& document) {
  std::ostringstream text;
  document.save(text, "", pugi::format_raw);
  return text.str();
}

std::string text_of(const pugi::xml_node& parent, const char* name) {
  return parent.child(name).text().as_string();
}

Error no_list(const std::string& problem) {
  return {Code::corrupt, "the store's list of objects is none: " + problem};
}

Result<std::uint64_t> listed_size(const std::string& text) {
  std::uint64_t size = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), size);
  if (problem != std::errc() || end != text.data() + text.size()) return no_list("'" + text + "' is no size");
  return size;
}

}  // namespace tradewind::objectstore
