// The XML that Azure Blob Storage answers with, and that it is sent. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace tradewind::objectstore {

// <Error>: empty where the body holds none.
struct AzblobProblem {
  std::string code;     // "BlobNotFound"
  std::string message;  // the first line of the server's sentence
  std::string detail;   // AuthenticationErrorDetail, likewise
};
AzblobProblem parse_azblob_problem(std::string_view xml);

struct AzblobEntry {
  std::string name;  // within the container
  std::uint64_t size_bytes = 0;
  Time modified_at;
};
struct AzblobList {
  std::vector<AzblobEntry> entries;
  std::vector<std::string> folders;  // "a/b/", where one level was asked for
  std::string next_marker;           // continues the list; "": it ends here
};
// Folders that are listed as if they were objects, by accounts with a hierarchy, are left out. corrupt: it is
// no list.
Result<AzblobList> parse_azblob_list(std::string_view xml);

// What makes a blob of blocks that were sent before, in this order.
std::string azblob_block_list(const std::vector<std::string>& block_ids);

}  // namespace tradewind::objectstore
