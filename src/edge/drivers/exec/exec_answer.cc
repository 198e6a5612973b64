#include "edge/drivers/exec/exec_answer.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/utf8.h"

namespace tradewind::exec {
namespace {

using provider::Launched;
using provider::LaunchRequest;
using provider::TerminateState;

constexpr std::size_t offers_max = 10'000;
constexpr std::size_t instances_max = 10'000;  // of one page
constexpr std::size_t regions_max = 1'000;
constexpr std::size_t name_letters_max = 256;  // of ids, types, tokens
constexpr std::size_t page_letters_max = 4'096;
constexpr std::size_t words_letters_max = 1'000;  // of messages and reasons: what is longer is cut
constexpr int parallel_max = 64;
constexpr double span_max_s = 30 * 86'400.0;

// What a supplier may answer. The others speak of stores and epochs, which it knows nothing of.
constexpr std::array codes = {Code::insufficient_capacity, Code::quota_exceeded, Code::rate_limited,
                              Code::unauthorized,          Code::not_found,      Code::conflict,
                              Code::invalid_argument,      Code::unavailable,    Code::internal};

std::string cut(std::string text) {
  if (text.size() <= words_letters_max) return text;
  std::size_t end = words_letters_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end) + "…";
}

bool is_plain_name(std::string_view text, std::string_view not_these) {
  if (text.empty() || text.size() > name_letters_max) return false;
  return std::ranges::all_of(
      text, [&](char c) { return c > ' ' && c < 0x7f && not_these.find(c) == std::string_view::npos; });
}

// A name in ASCII without blanks.
std::string plain_name(JsonReader& reader, std::string_view key, std::string_view not_these = "") {
  std::string name = reader.text(key);
  if (reader.status().ok() && !is_plain_name(name, not_these)) {
    const std::string forbidden = not_these.empty() ? "" : " and without '" + std::string(not_these) + "'";
    reader.fail(key, "is not a name of 1 to 256 ASCII characters without blanks" + forbidden);
  }
  return name;
}

bool is_region(const std::string& text) {
  const Result<Location> location = parse_location("x/" + text);
  return location.ok() && location->zone.empty();
}

std::string region_of(JsonReader& reader) {
  std::string region = reader.text("region");
  if (reader.status().ok() && !is_region(region))
    reader.fail("region", "is not a region of letters, digits, '.', '_' and '-': '" + cut(region) + "'");
  return region;
}

std::string zone_of(JsonReader& reader) {
  std::string zone = reader.text_or("zone", "");
  if (reader.status().ok() && !zone.empty() && !is_region(zone))
    reader.fail("zone", "is not a zone of letters, digits, '.', '_' and '-': '" + cut(zone) + "'");
  return zone;
}

// It knows who it is, and need not say so.
void prove_supplier(JsonReader& reader, const std::string& name) {
  const std::string told = reader.text_or("provider", name);
  if (reader.status().ok() && told != name)
    reader.fail("provider", "is '" + cut(told) + "', and this supplier is " + name);
}

Duration span_or(JsonReader& reader, std::string_view key, Duration fallback) {
  const std::optional<Duration> span = reader.optional_seconds(key);
  if (span && (*span < Duration(0) || seconds_of(*span) > span_max_s))
    reader.fail(key, "is not a number of seconds from 0 to 30 days");
  return span.value_or(fallback);
}

json::value text_or_null(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

std::optional<InstanceState> state_from_text(std::string_view text) {
  for (const InstanceState state :
       {InstanceState::pending, InstanceState::running, InstanceState::stopping, InstanceState::terminated}) {
    if (to_text(state) == text) return state;
  }
  return std::nullopt;
}

Error error_of(JsonReader& reader) {
  JsonReader error(reader.value("error"), reader.path_of("error"));
  const std::string code = error.text("code");
  const std::optional<Code> known = code_from_text(code);
  if (error.status().ok() && (!known || std::ranges::find(codes, *known) == codes.end()))
    error.fail("code", "is '" + cut(code) + "', which is no code that a supplier may answer");
  Error told{known.value_or(Code::internal), cut(error.text("message")), cut(error.text_or("hint", ""))};
  if (error.status().ok() && told.message.empty()) error.fail("message", "is empty");
  reader.merge(error.status());
  return told;
}

Result<Offer> read_offer(const json::value& value, const std::string& path, const Told& told) {
  const std::string& name = told.facts.provider;
  JsonReader reader(value, path);
  prove_supplier(reader, name);
  const std::string region = region_of(reader);
  zone_of(reader);
  plain_name(reader, "instance_type", ":/");
  TW_RETURN_IF_ERROR(reader.status());
  json::object completed = value.as_object();
  completed["provider"] = name;
  TW_ASSIGN_OR_RETURN(Offer offer, offer_from_json(completed, path));
  if (std::ranges::find(told.facts.regions, region) == told.facts.regions.end())
    reader.fail("region", "is '" + region + "', which capabilities do not name");
  if (offer.price_per_hour.nanos() < 0) reader.fail("price_per_hour", "is below zero");
  if (offer.vcpus < 0) reader.fail("vcpus", "is below zero");
  if (offer.memory_gib < 0) reader.fail("memory_gib", "is below zero");
  if (offer.accelerator && (!(offer.accelerator->count > 0) || offer.accelerator->memory_gib < 0))
    reader.fail("accelerator", "has no count above zero, or a memory below zero");
  if (offer.accelerator && !is_plain_name(offer.accelerator->model, ":"))
    reader.fail("accelerator", "has no model");
  if (offer.purchase == Purchase::spot && !told.facts.spot)
    reader.fail("purchase", "is spot, and capabilities say that the supplier has none");
  if (offer.nodes_max && *offer.nodes_max < 1) reader.fail("nodes_max", "is below one");
  for (const char* key : {"cold_start_s", "notice_lead_s", "queue_wait_s", "time_limit_s"})
    span_or(reader, key, {});
  if (!offer.observed_on.empty() && (offer.observed_on.size() != 10 || !parse_utc(offer.observed_on).ok()))
    reader.fail("observed_on", "is not a day such as 2026-07-20");
  TW_RETURN_IF_ERROR(reader.status());
  offer.source = cut(std::move(offer.source));
  offer.nodes_max = offer.nodes_max.value_or(1);
  return offer;
}

Result<Instance> read_instance(const json::value& value, const std::string& path, const std::string& name) {
  JsonReader reader(value, path);
  prove_supplier(reader, name);
  Instance instance;
  instance.ref.location = {name, region_of(reader), zone_of(reader)};
  instance.ref.id = InstanceId(plain_name(reader, "id"));
  instance.owner = OwnerId(plain_name(reader, "owner"));
  instance.token = plain_name(reader, "token");
  const std::string state = reader.text("state");
  const std::optional<InstanceState> known = state_from_text(state);
  if (reader.status().ok() && !known)
    reader.fail("state", "is '" + cut(state) + "', not pending, running, stopping or terminated");
  instance.state = known.value_or(InstanceState::pending);
  instance.launched_at = reader.time("launched_at");
  instance.started_at = reader.optional_time("started_at");
  instance.terminated_at = reader.optional_time("terminated_at");
  instance.preempted = reader.boolean_or("preempted", false);
  instance.reason = cut(reader.text_or("reason", ""));
  const bool over = instance.state == InstanceState::terminated;
  if (over && !instance.terminated_at)
    reader.fail("terminated_at", "is missing, and the state is terminated");
  if (!over && instance.terminated_at)
    reader.fail("terminated_at", "is there, and the state is " + cut(state));
  if (instance.terminated_at && *instance.terminated_at < instance.launched_at)
    reader.fail("terminated_at", "is before launched_at");
  TW_RETURN_IF_ERROR(reader.status());
  return instance;
}

Error wrong(const JsonReader& reader, std::string_view key, const std::string& problem) {
  return {Code::invalid_argument, reader.path_of(key) + " " + problem};
}

}  // namespace

json::object capabilities_params(const std::string& supplier) {
  return json::object{{"protocol", protocol_version}, {"supplier", supplier}};
}

json::object offers_params(const provider::OfferQuery& query) {
  return json::object{{"region", text_or_null(query.region)}};
}

json::object launch_params(const LaunchRequest& request, const std::string& agent_program) {
  json::object secrets;
  for (const auto& [name, text] : request.secrets) secrets[name] = text;
  return {
      {"token", request.token},
      {"owner", request.owner.text()},
      {"offer", to_json(request.offer)},
      {"job", request.job.text()},
      {"nodes", request.nodes},
      {"agent", json::object{{"program", agent_program}, {"arguments", to_json(request.agent_arguments)}}},
      {"hard_limit", to_json(request.hard_limit)},
      {"secrets", std::move(secrets)}};
}

json::object instances_params(const OwnerId& owner, const provider::PageToken& page) {
  return json::object{{"owner", owner.text()}, {"page", text_or_null(page)}};
}

json::object terminate_params(const InstanceRef& instance) {
  return json::object{{"instance", json::object{{"id", instance.id.text()},
                                                {"region", instance.location.region},
                                                {"zone", text_or_null(instance.location.zone)}}}};
}

std::string request_line(std::int64_t id, std::string_view method, json::object params) {
  const json::object request{{"id", id}, {"method", method}, {"params", std::move(params)}};
  return to_text(json::value(request)) + "\n";
}

Result<Answer> read_answer(std::string_view line) {
  TW_ASSIGN_OR_RETURN(const json::value document, parse_json(line));
  JsonReader reader(document, "answer");
  Answer answer;
  answer.id = reader.integer("id");
  const json::value* result = reader.optional("result");
  const bool failed = reader.has("error");
  if (reader.status().ok() && failed && result != nullptr) reader.fail("error", "is there beside a result");
  if (reader.status().ok() && !failed && result == nullptr)
    reader.fail("result", "is missing, and there is no error");
  if (result != nullptr) answer.result = *result;
  if (failed) answer.error = error_of(reader);
  TW_RETURN_IF_ERROR(reader.status());
  return answer;
}

Result<Told> read_capabilities(const json::value& result, const std::string& name) {
  JsonReader reader(result, "result");
  const std::int64_t protocol = reader.integer("protocol");
  if (reader.status().ok() && protocol != protocol_version)
    reader.fail("protocol", "is " + std::to_string(protocol) + ", and this program speaks " +
                                std::to_string(protocol_version));
  prove_supplier(reader, name);
  Told told;
  told.facts.provider = name;
  const json::array& regions = reader.array("regions");
  if (reader.status().ok() && (regions.empty() || regions.size() > regions_max))
    reader.fail("regions", "has " + std::to_string(regions.size()) + " regions, not 1 to 1000");
  std::set<std::string> seen;
  for (const json::value& each : regions) {
    const std::string region = each.is_string() ? std::string(each.get_string()) : "";
    if (!is_region(region) || !seen.insert(region).second)
      reader.fail("regions",
                  "has one that is no region of letters, digits, '.', '_' and '-', or is there twice");
    told.facts.regions.push_back(region);
  }
  told.facts.spot = reader.boolean_or("spot", false);
  told.facts.notice_lead = span_or(reader, "notice_lead_s", Duration(0));
  told.facts.list_delay = span_or(reader, "list_delay_s", Duration(0));
  told.facts.list_gap = span_or(reader, "list_gap_s", std::chrono::seconds(1));
  told.facts.far = reader.boolean_or("far", true);
  told.facts.network_stores_only = reader.boolean_or("network_stores_only", told.facts.far);
  told.facts.offers_change = true;
  const std::int64_t parallel = reader.integer_or("parallel", 1);
  if (reader.status().ok() && (parallel < 1 || parallel > parallel_max))
    reader.fail("parallel", "is not from 1 to 64");
  told.parallel = static_cast<int>(std::clamp<std::int64_t>(parallel, 1, parallel_max));
  TW_RETURN_IF_ERROR(reader.status());
  return told;
}

Result<std::vector<Offer>> read_offers(const json::value& result, const Told& told,
                                       const provider::OfferQuery& asked, const std::string& today) {
  JsonReader reader(result, "result");
  const json::array& listed = reader.array("offers");
  TW_RETURN_IF_ERROR(reader.status());
  if (listed.size() > offers_max) return wrong(reader, "offers", "has more than 10000");
  std::vector<Offer> offers;
  std::set<std::string> keys;
  for (const json::value& each : listed) {
    const std::string path = reader.path_of("offers") + "[" + std::to_string(offers.size()) + "]";
    TW_ASSIGN_OR_RETURN(Offer offer, read_offer(each, path, told));
    if (!asked.region.empty() && offer.location.region != asked.region)
      return Error{Code::invalid_argument, path + ".region is '" + offer.location.region +
                                               "', and offers of '" + cut(asked.region) + "' were asked for"};
    if (!keys.insert(offer_key(offer)).second)
      return Error{Code::invalid_argument, path + " is there twice: " + offer_key(offer)};
    if (offer.observed_on.empty()) offer.observed_on = today;
    if (offer.source.empty()) offer.source = "exec.yaml";
    offers.push_back(std::move(offer));
  }
  return offers;
}

Result<Launched> read_launched(const json::value& result, const LaunchRequest& asked) {
  TW_ASSIGN_OR_RETURN(const Instance made, read_instance(result, "result", asked.offer.location.provider));
  const JsonReader reader(result, "result");
  if (made.token != asked.token)
    return wrong(reader, "token", "is " + made.token + ", and " + asked.token + " was asked for");
  if (made.owner != asked.owner) return wrong(reader, "owner", "is not the one that asked");
  if (made.ref.location.region != asked.offer.location.region)
    return wrong(
        reader, "region",
        "is '" + made.ref.location.region + "', and the offer lies in '" + asked.offer.location.region + "'");
  if (made.ref.location.zone != asked.offer.location.zone)
    return wrong(
        reader, "zone",
        "is '" + made.ref.location.zone + "', and the offer lies in '" + asked.offer.location.zone + "'");
  return Launched{made.ref, made.launched_at};
}

Result<InstancePage> read_instances(const json::value& result, const std::string& name, const OwnerId& owner,
                                    const provider::PageToken& asked) {
  JsonReader reader(result, "result");
  const json::array& listed = reader.array("instances");
  InstancePage page;
  page.next_page = reader.text_or("next_page", "");
  TW_RETURN_IF_ERROR(reader.status());
  if (listed.size() > instances_max) return wrong(reader, "instances", "has more than 10000 on one page");
  if (page.next_page.size() > page_letters_max)
    return wrong(reader, "next_page", "is longer than 4096 characters");
  if (!page.next_page.empty() && page.next_page == asked)
    return wrong(reader, "next_page", "is the page that was asked for: the list would have no end");
  std::set<InstanceRef> seen;
  for (const json::value& each : listed) {
    const std::string path = reader.path_of("instances") + "[" + std::to_string(page.instances.size()) + "]";
    TW_ASSIGN_OR_RETURN(Instance instance, read_instance(each, path, name));
    if (instance.owner != owner)
      return Error{Code::invalid_argument, path + ".owner is not the one whose instances were asked for"};
    if (!seen.insert(instance.ref).second)
      return Error{Code::invalid_argument, path + " is there twice: " + instance.ref.id.text()};
    page.instances.push_back(std::move(instance));
  }
  return page;
}

Result<TerminateState> read_terminated(const json::value& result) {
  JsonReader reader(result, "result");
  const std::string state = reader.text("state");
  TW_RETURN_IF_ERROR(reader.status());
  if (state == "done") return TerminateState::done;
  if (state == "in_progress") return TerminateState::in_progress;
  return wrong(reader, "state", "is '" + cut(state) + "', not done or in_progress");
}

}  // namespace tradewind::exec
