#include "edge/objectstore/s3_answer.h"

#include <chrono>

#include "base/text.h"
#include "edge/io/http_target.h"
#include "edge/objectstore/store_xml.h"

namespace tradewind::objectstore {
namespace {

// encoding-type=url escapes like a form: '+' is a space.
std::optional<std::string> decoded(const std::string& key) {
  const Result<io::HttpTarget> target = io::parse_http_target("/?k=" + key);
  if (!target.ok()) return std::nullopt;
  const auto found = target->query.find("k");
  return found == target->query.end() ? std::nullopt : std::optional(found->second);
}

Result<S3Entry> entry_of(const pugi::xml_node& node) {
  S3Entry entry;
  const std::optional<std::string> key = decoded(text_of(node, "Key"));
  // A key with control characters is no key of ours; it stays unread and is left out.
  entry.key = key.value_or("");
  TW_ASSIGN_OR_RETURN(entry.size_bytes, listed_size(text_of(node, "Size")));
  TW_ASSIGN_OR_RETURN(const Time modified, parse_utc(text_of(node, "LastModified")));
  entry.modified_at = std::chrono::floor<std::chrono::seconds>(modified);
  return entry;
}

}  // namespace

S3Problem parse_s3_problem(std::string_view xml) {
  pugi::xml_document document;
  if (!load_xml(document, xml)) return {};
  const pugi::xml_node error = document.child("Error");
  return {text_of(error, "Code"), text_of(error, "Message"), text_of(error, "Region")};
}

Result<S3List> parse_s3_list(std::string_view xml) {
  pugi::xml_document document;
  if (!load_xml(document, xml)) return no_list("it is not XML");
  const pugi::xml_node result = document.child("ListBucketResult");
  if (!result) return no_list("it has no ListBucketResult");
  S3List list;
  list.truncated = text_of(result, "IsTruncated") == "true";
  list.next_token = text_of(result, "NextContinuationToken");
  for (const pugi::xml_node& node : result.children("Contents")) {
    TW_ASSIGN_OR_RETURN(S3Entry entry, entry_of(node));
    if (!entry.key.empty()) list.entries.push_back(std::move(entry));
  }
  if (list.truncated && list.next_token.empty()) return no_list("it says that there is more, and not where");
  return list;
}

Result<std::string> parse_s3_upload_id(std::string_view xml) {
  pugi::xml_document document;
  std::string id;
  if (load_xml(document, xml)) id = text_of(document.child("InitiateMultipartUploadResult"), "UploadId");
  if (id.empty()) return Error{Code::corrupt, "the store began an upload in parts without naming it"};
  return id;
}

S3Copied parse_s3_copied(std::string_view xml) {
  pugi::xml_document document;
  if (!load_xml(document, xml)) return {};
  const pugi::xml_node result = document.child("CopyObjectResult");
  return {text_of(result, "ETag"), text_of(result, "ChecksumSHA256")};
}

std::string s3_completion(const std::vector<std::string>& etags) {
  pugi::xml_document document;
  pugi::xml_node root = document.append_child("CompleteMultipartUpload");
  root.append_attribute("xmlns") = "http://s3.amazonaws.com/doc/2006-03-01/";
  for (std::size_t i = 0; i < etags.size(); ++i) {
    pugi::xml_node part = root.append_child("Part");
    part.append_child("PartNumber").text() = static_cast<unsigned long>(i + 1);
    part.append_child("ETag").text() = etags[i].c_str();
  }
  return xml_text(document);
}

}  // namespace tradewind::objectstore
