#include "edge/drivers/local/instance_folder.h"

#include "edge/io/files.h"

namespace tradewind::local {

using tradewind::to_json;
namespace {

// Reads a document and says which file a problem is in.
template <class Record>
Result<Record> read_record(const std::filesystem::path& file,
                           Result<Record> (*from_json)(const json::value&, const std::string&)) {
  TW_ASSIGN_OR_RETURN(const std::string text, io::read_file(file));
  const Result<json::value> document = parse_json(text);
  if (!document) return Error{Code::corrupt, file.string() + ": " + document.error().message};
  Result<Record> record = from_json(*document, file.filename().string());
  if (!record) return Error{Code::corrupt, file.string() + ": " + record.error().message};
  return record;
}

std::optional<InstanceState> instance_state_from_text(std::string_view text) {
  for (const InstanceState state :
       {InstanceState::pending, InstanceState::running, InstanceState::stopping, InstanceState::terminated}) {
    if (to_text(state) == text) return state;
  }
  return std::nullopt;
}

}  // namespace

json::value to_json(const LaunchRecord& record) {
  json::object object{{"format", 1},
                      {"token", record.token},
                      {"owner", record.owner.text()},
                      {"job", record.job.text()},
                      {"offer", to_json(record.offer)},
                      {"zone", to_json(record.zone)},
                      {"zone_epoch", to_json(record.zone_epoch)},
                      {"launched_at", to_json(record.launched_at)},
                      {"hard_limit", to_json(record.hard_limit)},
                      {"agent", to_json(record.agent)}};
  if (record.lending) object["lending"] = lending::to_json(*record.lending);
  return object;
}

Result<LaunchRecord> launch_record_from_json(const json::value& value, const std::string& path) {
  JsonReader reader(value, path);
  LaunchRecord record;
  if (reader.integer("format") != 1) reader.fail("format", "is not 1, the one that this program knows");
  record.token = reader.text("token");
  record.owner = reader.id<OwnerTag>("owner");
  record.job = reader.id<JobTag>("job");
  record.zone_epoch = reader.time("zone_epoch");
  record.launched_at = reader.time("launched_at");
  record.hard_limit = reader.time("hard_limit");
  record.agent = reader.texts_or_empty("agent");
  TW_RETURN_IF_ERROR(reader.status());
  TW_ASSIGN_OR_RETURN(record.offer, offer_from_json(reader.value("offer"), reader.path_of("offer")));
  TW_ASSIGN_OR_RETURN(record.zone, zone_from_json(reader.value("zone"), reader.path_of("zone")));
  if (const json::value* lending = reader.optional("lending")) {
    TW_ASSIGN_OR_RETURN(record.lending, lending::places_from_json(*lending, reader.path_of("lending")));
  }
  return record;
}

json::value to_json(const StateRecord& record) {
  return json::object{{"state", to_text(record.state)},
                      {"changed_at", to_json(record.changed_at)},
                      {"terminated_at", to_json(record.terminated_at)},
                      {"preempted", record.preempted},
                      {"reason", record.reason}};
}

Result<StateRecord> state_record_from_json(const json::value& value, const std::string& path) {
  JsonReader reader(value, path);
  StateRecord record;
  const std::optional<InstanceState> state = instance_state_from_text(reader.text("state"));
  if (!state) reader.fail("state", "is not pending, running, stopping or terminated");
  record.state = state.value_or(InstanceState::pending);
  record.changed_at = reader.time("changed_at");
  record.terminated_at = reader.optional_time("terminated_at");
  record.preempted = reader.boolean_or("preempted", false);
  record.reason = reader.text_or("reason", "");
  TW_RETURN_IF_ERROR(reader.status());
  return record;
}

json::value to_json(const MachineRecord& record) {
  return json::object{{"pid", record.identity.pid},
                      {"start_ticks", record.identity.start_ticks},
                      {"boot_id", record.boot_id},
                      {"cgroups", to_json(record.cgroups)}};
}

Result<MachineRecord> machine_record_from_json(const json::value& value, const std::string& path) {
  JsonReader reader(value, path);
  MachineRecord record;
  record.identity.pid = static_cast<pid_t>(reader.integer("pid"));
  record.identity.start_ticks = static_cast<std::uint64_t>(reader.integer("start_ticks"));
  record.boot_id = reader.text("boot_id");
  record.cgroups = reader.texts_or_empty("cgroups");
  TW_RETURN_IF_ERROR(reader.status());
  return record;
}

bool is_token(std::string_view text) {
  constexpr std::string_view plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  return !text.empty() && text.size() <= 64 && text.front() != '.' &&
         text.find_first_not_of(plain) == std::string_view::npos;
}

Result<LaunchRecord> InstanceFolder::launch() const {
  return read_record(launch_file(), launch_record_from_json);
}

Result<MachineRecord> InstanceFolder::machine() const {
  return read_record(machine_file(), machine_record_from_json);
}

Result<StateRecord> InstanceFolder::state() const {
  Result<StateRecord> record = read_record(state_file(), state_record_from_json);
  if (!record && record.error().code == Code::not_found) return StateRecord{};
  return record;
}

Status InstanceFolder::write(const LaunchRecord& record) const {
  return io::write_file_atomic(launch_file(), to_pretty(to_json(record)), {0600, true});
}

Status InstanceFolder::write(const MachineRecord& record) const {
  return io::write_file_atomic(machine_file(), to_pretty(to_json(record)), {0600, true});
}

Status InstanceFolder::write(const StateRecord& record) const {
  return io::write_file_atomic(state_file(), to_pretty(to_json(record)), {0600, true});
}

std::string marker_of(const std::string& token) {
  return std::string(marker_variable) + "=" + token;
}

}  // namespace tradewind::local
