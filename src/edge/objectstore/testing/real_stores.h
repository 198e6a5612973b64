// Real servers for the suite of all stores: those that variables of the environment name.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "edge/objectstore/registry.h"
#include "edge/objectstore/testing/conformance.h"

namespace tradewind::objectstore {

inline Result<std::unique_ptr<ObjectStore>> open_any(const std::string& url) {
  return open_store(url);
}

// A case for each variable that holds a store's URL ("s3://bucket/prefix?endpoint=…", keys in the
// environment). Each uses prefixes that nobody else has, below the URL's, and empties them when their last
// connection has gone.
using Open = std::function<Result<std::unique_ptr<ObjectStore>>(const std::string& url)>;
std::vector<ConformanceCase> real_cases(const std::vector<const char*>& variables,
                                        const Open& open = open_any);

// The same with a proxy between that cuts a quarter of the connections. Only of URLs with
// "endpoint=http://127.0.0.1:PORT".
std::vector<ConformanceCase> cut_cases(const std::vector<const char*>& variables,
                                       const Open& open = open_any);

}  // namespace tradewind::objectstore
