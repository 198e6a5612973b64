#include "edge/cloud/query.h"

#include <algorithm>

#include "base/text.h"
#include "edge/io/http_target.h"

namespace tradewind::cloud {

std::string canonical_query(const Query& query) {
  std::vector<std::string> pairs;
  pairs.reserve(query.size());
  for (const auto& [name, value] : query) {
    pairs.push_back(io::percent_encode(name) + "=" + io::percent_encode(value));
  }
  std::sort(pairs.begin(), pairs.end());
  return join(pairs, "&");
}

}  // namespace tradewind::cloud
