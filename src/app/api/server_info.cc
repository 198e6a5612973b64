#include "app/api/server_info.h"

#include "app/api/json_text.h"

namespace tradewind::api {

json::value to_json(const ServerInfo& info) {
  return json::object{{"version", info.version},
                      {"api", info.api},
                      {"pid", info.pid},
                      {"started_at", tradewind::to_json(info.started_at)},
                      {"owner", info.owner.text()},
                      {"state_folder", info.state_folder},
                      {"listen", text_or_null(info.listen)}};
}

Result<ServerInfo> server_info_from_json(const json::value& value, const std::string& path) {
  JsonReader reader(value, path);
  ServerInfo info{reader.text("version"),       static_cast<int>(reader.integer("api")),
                  reader.integer("pid"),        reader.time("started_at"),
                  reader.id<OwnerTag>("owner"), reader.text("state_folder"),
                  reader.text_or("listen", "")};
  TW_RETURN_IF_ERROR(reader.status());
  return info;
}

}  // namespace tradewind::api
