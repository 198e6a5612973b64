// Who answers: GET /v1/version.
#pragma once

#include <string>

#include "base/id.h"
#include "base/time.h"
#include "core/model/json.h"

namespace tradewind::api {

struct ServerInfo {
  std::string version;  // of the program
  int api = 0;          // api_version
  long long pid = 0;
  Time started_at;
  OwnerId owner;
  std::string state_folder;
  std::string listen;  // "http://127.0.0.1:7070"; empty: the Unix socket alone
  bool operator==(const ServerInfo&) const = default;
};

json::value to_json(const ServerInfo& info);
Result<ServerInfo> server_info_from_json(const json::value& value, const std::string& path);

}  // namespace tradewind::api
