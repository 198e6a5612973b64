// What the headers of an answer say of an object.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "edge/io/http_message.h"
#include "edge/objectstore/object_store.h"

namespace tradewind::objectstore {

// Of a HEAD, or of a GET of some first bytes, whose Content-Range has the whole size. corrupt: it has no time
// of its last change. `shown`: what errors call the object.
Result<ObjectInfo> object_info_of(const std::vector<io::HttpHeader>& headers, std::string_view key,
                                  const std::string& shown);

}  // namespace tradewind::objectstore
