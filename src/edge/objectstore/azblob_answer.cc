#include "edge/objectstore/azblob_answer.h"

#include "base/text.h"
#include "edge/cloud/http_date.h"
#include "edge/objectstore/store_xml.h"

namespace tradewind::objectstore {
namespace {

// Below the sentence stand the request's id and the time, which we have from elsewhere.
std::string first_line(const std::string& text) {
  return std::string(trim(text.substr(0, text.find_first_of("\r\n"))));
}

bool is_folder(const pugi::xml_node& blob) {
  return text_of(blob.child("Properties"), "ResourceType") == "directory" ||
         text_of(blob.child("Metadata"), "hdi_isfolder") == "true";
}

Result<AzblobEntry> entry_of(const pugi::xml_node& blob) {
  AzblobEntry entry;
  const pugi::xml_node name = blob.child("Name");
  // Encoded where XML cannot hold it: then it is no key of ours, stays unread and is left out.
  if (!name.attribute("Encoded").as_bool()) entry.name = name.text().as_string();
  const pugi::xml_node properties = blob.child("Properties");
  TW_ASSIGN_OR_RETURN(entry.size_bytes, listed_size(text_of(properties, "Content-Length")));
  const std::string modified = text_of(properties, "Last-Modified");
  const std::optional<Time> time = cloud::parse_http_date(modified);
  if (!time) return no_list("'" + modified + "' is no time");
  entry.modified_at = *time;
  return entry;
}

}  // namespace

AzblobProblem parse_azblob_problem(std::string_view xml) {
  // Some servers put a byte order mark first; the parser knows it.
  pugi::xml_document document;
  if (!load_xml(document, xml)) return {};
  const pugi::xml_node error = document.child("Error");
  return {text_of(error, "Code"), first_line(text_of(error, "Message")),
          first_line(text_of(error, "AuthenticationErrorDetail"))};
}

Result<AzblobList> parse_azblob_list(std::string_view xml) {
  pugi::xml_document document;
  if (!load_xml(document, xml)) return no_list("it is not XML");
  const pugi::xml_node result = document.child("EnumerationResults");
  if (!result) return no_list("it has no EnumerationResults");
  AzblobList list;
  list.next_marker = text_of(result, "NextMarker");
  for (const pugi::xml_node& blob : result.child("Blobs").children("Blob")) {
    if (is_folder(blob)) continue;
    TW_ASSIGN_OR_RETURN(AzblobEntry entry, entry_of(blob));
    if (!entry.name.empty()) list.entries.push_back(std::move(entry));
  }
  for (const pugi::xml_node& folder : result.child("Blobs").children("BlobPrefix")) {
    const pugi::xml_node name = folder.child("Name");
    const std::string text = name.text().as_string();
    if (!text.empty() && !name.attribute("Encoded").as_bool()) list.folders.push_back(text);
  }
  return list;
}

std::string azblob_block_list(const std::vector<std::string>& block_ids) {
  pugi::xml_document document;
  pugi::xml_node root = document.append_child("BlockList");
  // The latest of that name, sent or already part of the blob: so the same list may be sent again.
  for (const std::string& id : block_ids) root.append_child("Latest").text() = id.c_str();
  return xml_text(document);
}

}  // namespace tradewind::objectstore
