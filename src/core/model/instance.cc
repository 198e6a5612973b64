#include "core/model/instance.h"

namespace tradewind {

std::string_view to_text(InstanceState state) {
  switch (state) {
    case InstanceState::pending:
      return "pending";
    case InstanceState::running:
      return "running";
    case InstanceState::stopping:
      return "stopping";
    case InstanceState::terminated:
      return "terminated";
  }
  return "unknown";
}

json::value to_json(const InstanceRef& ref) {
  return json::object{{"location", to_text(ref.location)}, {"id", ref.id.text()}};
}

Result<InstanceRef> instance_ref_from_json(const json::value& value, const std::string& path) {
  JsonReader reader(value, path);
  const std::string location_text = reader.text("location");
  InstanceRef ref;
  ref.id = InstanceId(reader.text("id"));
  TW_RETURN_IF_ERROR(reader.status());
  TW_ASSIGN_OR_RETURN(ref.location, parse_location(location_text));
  return ref;
}

}  // namespace tradewind
