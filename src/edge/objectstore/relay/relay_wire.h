// How a relay and those who use it speak: HTTP/1.1 over a Unix socket.
//   PUT    /o?store=S&key=K[&absent=1]           body: the bytes         204
//   GET    /o?store=S&key=K[&offset=N][&length=N]                        200, body: the bytes
//   GET    /stat?store=S&key=K                                           200 {"key","size","modified_at"}
//   GET    /list?store=S&prefix=P&after=A&limit=N                        200
//   {"objects":[…],"more","left_out"} DELETE /o?store=S&key=K[&older=TIME] 204
// Each with "Authorization: Bearer <pass>" (relay_pass.h). What fails answers 4xx or 5xx with
// {"code","message","hint"}, the code as in base/result.h.
#pragma once

#include <string>

#include "core/model/json.h"
#include "edge/io/http_message.h"
#include "edge/objectstore/object_store.h"

namespace tradewind::objectstore {

inline json::value info_to_json(const ObjectInfo& info) {
  return json::object{
      {"key", info.key}, {"size", info.size_bytes}, {"modified_at", to_json(info.modified_at)}};
}

inline ObjectInfo info_from(JsonReader& reader) {
  ObjectInfo info;
  info.key = reader.text("key");
  info.size_bytes = static_cast<std::uint64_t>(reader.integer("size"));
  info.modified_at = reader.time("modified_at");
  return info;
}

}  // namespace tradewind::objectstore
