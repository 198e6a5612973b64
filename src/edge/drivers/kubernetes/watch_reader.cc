#include "edge/drivers/kubernetes/watch_reader.h"

#include <array>
#include <utility>

#include "edge/drivers/kubernetes/json_path.h"

namespace tradewind::kubernetes {
namespace {

constexpr std::size_t event_bytes_max = std::size_t{16} << 20;  // etcd holds 1.5 MiB by default

constexpr std::array<std::pair<std::string_view, WatchKind>, 5> kinds = {{{"ADDED", WatchKind::added},
                                                                          {"MODIFIED", WatchKind::modified},
                                                                          {"DELETED", WatchKind::deleted},
                                                                          {"BOOKMARK", WatchKind::bookmark},
                                                                          {"ERROR", WatchKind::error}}};

Result<WatchEvent> event_of(std::string_view line) {
  TW_ASSIGN_OR_RETURN(json::value document, parse_json(line));
  const std::string type = text_at(document, {"type"});
  const json::value* object = find(document, {"object"});
  for (const auto& [name, kind] : kinds) {
    if (type == name && object != nullptr && object->is_object()) return WatchEvent{kind, *object};
  }
  return Error{Code::corrupt, "an event of type '" + type.substr(0, 40) + "'"};
}

}  // namespace

Result<std::vector<WatchEvent>> WatchReader::read(std::string_view bytes) {
  std::vector<WatchEvent> events;
  for (std::size_t end = bytes.find('\n'); end != std::string_view::npos; end = bytes.find('\n')) {
    begun_ += bytes.substr(0, end);
    bytes.remove_prefix(end + 1);
    const std::string line = std::exchange(begun_, {});
    if (line.find_first_not_of(" \r\t") == std::string::npos) continue;
    Result<WatchEvent> event = event_of(line);
    if (!event.ok())
      return Error{Code::corrupt, "the watch holds what is no event: " + event.error().message};
    events.push_back(*std::move(event));
  }
  if (begun_.size() + bytes.size() > event_bytes_max)
    return Error{Code::corrupt, "the watch holds an event without an end"};
  begun_ += bytes;
  return events;
}

}  // namespace tradewind::kubernetes
