#include "app/agent/metadata_answers.h"

#include <algorithm>

#include "base/text.h"
#include "core/model/json.h"
#include "edge/cloud/http_date.h"

namespace tradewind::agent {
namespace {

using std::chrono::seconds;

constexpr Duration maintenance_lead = seconds(60);
constexpr std::string_view shortened = "…";
constexpr std::size_t quoted_bytes_max = 60;

Error unlike(std::string_view what, std::string_view body) {
  std::string found(body.substr(0, quoted_bytes_max));
  if (body.size() > quoted_bytes_max) found += shortened;
  return {Code::invalid_argument, "the metadata service's " + std::string(what) + " is '" + found + "'"};
}

PreemptionNotice notice_of(Time now, Time deadline, std::string reason) {
  return {now, std::max(now, deadline), std::move(reason)};
}

// Azure's are those of RFC 9110; empty once the event has begun.
Result<Time> begins_at(const std::string& text, Time now) {
  if (text.empty()) return now;
  const std::optional<Time> at = cloud::parse_http_date(text);
  if (!at) return unlike("NotBefore", text);
  return *at;
}

bool ends_machine(std::string_view type) {
  constexpr std::string_view ends[] = {"Preempt", "Terminate", "Redeploy", "Reboot"};
  return std::ranges::find(ends, type) != std::end(ends);
}

bool is_about(const json::value& resources, std::string_view name) {
  const json::array* names = resources.if_array();
  if (names == nullptr) return false;
  return std::ranges::any_of(*names, [name](const json::value& each) {
    return each.is_string() && lower(std::string_view(each.get_string())) == lower(name);
  });
}

std::string member_text(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

}  // namespace

Result<PreemptionNotice> aws_instance_action(std::string_view body, Time now) {
  TW_ASSIGN_OR_RETURN(const json::value document, parse_json(body, metadata_bytes_max));
  JsonReader reader(document, "instance-action");
  const std::string action = reader.text("action");
  const Time at = reader.time("time");
  TW_RETURN_IF_ERROR(reader.status());
  return notice_of(now, action == "hibernate" ? now : at, "spot interruption (" + action + ")");
}

Result<PreemptionNotice> aws_termination_time(std::string_view body, Time now) {
  const Result<Time> at = parse_utc(trim(body));
  if (!at.ok()) return unlike("termination-time", body);
  return notice_of(now, *at, "spot interruption (terminate)");
}

Result<Time> aws_rebalance(std::string_view body) {
  TW_ASSIGN_OR_RETURN(const json::value document, parse_json(body, metadata_bytes_max));
  JsonReader reader(document, "rebalance");
  const Time at = reader.time("noticeTime");
  TW_RETURN_IF_ERROR(reader.status());
  return at;
}

Result<std::optional<PreemptionNotice>> google_preempted(std::string_view body, Time now, Duration lead) {
  const std::string_view word = trim(body);
  if (word == "TRUE") return std::optional(notice_of(now, now + lead, "preempted by Google Cloud"));
  if (word == "FALSE") return std::optional<PreemptionNotice>();
  return unlike("instance/preempted", body);
}

Result<std::optional<PreemptionNotice>> google_maintenance(std::string_view body, Time now) {
  const std::string_view word = trim(body);
  if (word == "TERMINATE_ON_HOST_MAINTENANCE")
    return std::optional(notice_of(now, now + maintenance_lead, "ended for its host's maintenance"));
  if (word == "NONE" || word == "MIGRATE_ON_HOST_MAINTENANCE") return std::optional<PreemptionNotice>();
  return unlike("instance/maintenance-event", body);
}

Result<std::optional<AzureEvent>> azure_event(std::string_view body, std::string_view name, Time now) {
  TW_ASSIGN_OR_RETURN(const json::value document, parse_json(body, metadata_bytes_max));
  const json::object* whole = document.if_object();
  const json::value* events = whole == nullptr ? nullptr : whole->if_contains("Events");
  if (events == nullptr || !events->is_array()) return unlike("scheduled events document", body);
  for (const json::value& each : events->get_array()) {
    const json::object* event = each.if_object();
    if (event == nullptr) return unlike("scheduled event", body);
    const std::string type = member_text(*event, "EventType");
    const json::value* resources = event->if_contains("Resources");
    if (!ends_machine(type) || resources == nullptr || !is_about(*resources, name)) continue;
    TW_ASSIGN_OR_RETURN(const Time at, begins_at(member_text(*event, "NotBefore"), now));
    const std::string why = member_text(*event, "Description");
    return std::optional(AzureEvent{member_text(*event, "EventId"),
                                    notice_of(now, at, "Azure: " + type + (why.empty() ? "" : ", " + why))});
  }
  return std::optional<AzureEvent>();
}

std::string azure_approval(const AzureEvent& event) {
  return to_text(json::object{{"StartRequests", json::array{json::object{{"EventId", event.id}}}}});
}

}  // namespace tradewind::agent
