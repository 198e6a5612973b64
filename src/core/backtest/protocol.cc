#include "core/backtest/protocol.h"

#include <algorithm>

#include "base/text.h"
#include "core/backtest/scenario.h"
#include "core/policy/safety.h"

namespace tradewind::backtest {

using policy::Answer;
using policy::Holding;
using policy::Purchase;
using policy::Seen;

namespace {

constexpr std::string_view hold_answer = R"({"action":"hold"})";
constexpr std::string_view stop_answer = R"({"action":"stop"})";

Error wrong(std::string sentence) {
  return Error{Code::invalid_argument, std::move(sentence)};
}

std::string launch_answer(const policy::Zone& zone, std::string_view purchase) {
  return to_text(json::object{{"action", "launch"}, {"zone", zone.name}, {"purchase", purchase}});
}

}  // namespace

Status PolicySession::begin(const json::value& message) {
  TW_ASSIGN_OR_RETURN(policy::Problem problem, problem_from_json(message));
  player_.reset();
  problem_ = std::move(problem);
  zones_.clear();
  launches_.clear();
  for (std::size_t i = 0; i < problem_.zones.size(); ++i) {
    zones_.emplace(problem_.zones[i].name, static_cast<int>(i));
    launches_.push_back(launch_answer(problem_.zones[i], "spot"));
    launches_.push_back(launch_answer(problem_.zones[i], "on_demand"));
  }
  sight_ = {};
  sight_.tick = -1;
  sight_.capacity.resize(problem_.zones.size());
  sight_.spot_per_h.resize(problem_.zones.size());
  player_ = make_(problem_);
  return {};
}

// Messages name the zones in the scenario's order as a rule: `expected` is where one would stand then.
Result<int> PolicySession::zone_index(std::string_view name, std::size_t expected) const {
  if (expected < problem_.zones.size() && problem_.zones[expected].name == name)
    return static_cast<int>(expected);
  const auto found = zones_.find(name);
  if (found == zones_.end()) return wrong("the scenario has no zone '" + std::string(name) + "'");
  return found->second;
}

Result<Holding> PolicySession::holding(const json::value& value, std::string_view key) const {
  JsonReader reader(value, std::string(key));
  const std::string zone = reader.text("zone");
  const std::string purchase = reader.text("purchase");
  if (purchase != "spot" && purchase != "on_demand") reader.fail("purchase", "is not spot or on_demand");
  TW_RETURN_IF_ERROR(reader.status());
  TW_ASSIGN_OR_RETURN(const int index, zone_index(zone, problem_.zones.size()));
  return Holding{index, purchase == "spot" ? Purchase::spot : Purchase::on_demand};
}

Status PolicySession::read_capacity(const json::object& available) {
  std::fill(sight_.capacity.begin(), sight_.capacity.end(), Seen::unknown);
  std::size_t expected = 0;
  for (const auto& member : available) {
    TW_ASSIGN_OR_RETURN(const int zone, zone_index(member.key(), expected));
    const bool* up = member.value().if_bool();
    if (up == nullptr) return wrong("available." + std::string(member.key()) + " is not true or false");
    sight_.capacity[static_cast<std::size_t>(zone)] = *up ? Seen::up : Seen::down;
    expected = static_cast<std::size_t>(zone) + 1;
  }
  return {};
}

Status PolicySession::read_prices(const json::object& prices) {
  std::size_t expected = 0;
  for (const auto& member : prices) {
    TW_ASSIGN_OR_RETURN(const int zone, zone_index(member.key(), expected));
    const double price = member.value().is_number() ? member.value().to_number<double>() : -1;
    if (!(price >= 0)) return wrong("spot_price." + std::string(member.key()) + " is not a price");
    sight_.spot_per_h[static_cast<std::size_t>(zone)] = price;
    expected = static_cast<std::size_t>(zone) + 1;
  }
  if (sight_.tick == 0 && prices.size() < problem_.zones.size())
    return wrong("spot_price does not name every zone");
  return {};
}

Status PolicySession::read_tick(const json::value& message) {
  JsonReader reader(message, "");
  const std::int64_t tick = reader.integer("tick");
  if (reader.status().ok() && (tick <= sight_.tick || tick >= problem_.deadline_ticks)) {
    reader.fail("tick", std::to_string(tick) + " does not follow " + std::to_string(sight_.tick) +
                            " before the deadline");
  }
  sight_.preempted = reader.boolean_or("preempted", false);
  sight_.setup_left_s = reader.number_or("setup_left_s", 0);
  sight_.progress_s = reader.number("progress_s");
  sight_.checkpoint_s = reader.number("checkpoint_s");
  sight_.cost_usd = reader.number_or("cost_usd", 0);
  sight_.held.reset();
  sight_.checkpoint_region.reset();
  sight_.last_attempt.reset();
  const json::value* held = reader.optional("held");
  const json::value* attempt = reader.optional("last_attempt");
  const std::string home = reader.text_or("checkpoint_region", "");
  const json::value& available = reader.value("available");
  const json::value& prices = reader.value("spot_price");
  if (!available.is_object()) reader.fail("available", "is not an object");
  if (!prices.is_object()) reader.fail("spot_price", "is not an object");
  TW_RETURN_IF_ERROR(reader.status());
  sight_.tick = static_cast<int>(tick);
  if (held != nullptr) {
    TW_ASSIGN_OR_RETURN(sight_.held, holding(*held, "held"));
  }
  if (attempt != nullptr) {
    TW_ASSIGN_OR_RETURN(const Holding what, holding(*attempt, "last_attempt"));
    sight_.last_attempt = policy::Attempt{what, JsonReader(*attempt, "last_attempt").boolean_or("ok", false)};
  }
  if (!home.empty()) {
    const auto found = std::find(problem_.regions.begin(), problem_.regions.end(), home);
    if (found == problem_.regions.end())
      return wrong("checkpoint_region is '" + home + "', where no zone is");
    sight_.checkpoint_region = static_cast<int>(found - problem_.regions.begin());
  }
  TW_RETURN_IF_ERROR(read_capacity(available.get_object()));
  return read_prices(prices.get_object());
}

Result<std::string_view> PolicySession::answer(std::string_view line) {
  if (trim(line).empty()) return std::string_view();
  TW_ASSIGN_OR_RETURN(const json::value message, parse_json(line));
  JsonReader reader(message, "the message");
  const std::string type = reader.text("type");
  TW_RETURN_IF_ERROR(reader.status());
  if (type == "scenario") {
    TW_RETURN_IF_ERROR(begin(message));
    return std::string_view();
  }
  if (type == "end") return std::string_view();
  if (type != "tick") return wrong("type is '" + type + "', not scenario, tick or end");
  if (player_ == nullptr) return wrong("a tick before any scenario");
  TW_RETURN_IF_ERROR(read_tick(message));
  Answer answer = player_->decide(sight_);
  if (!policy::is_usable(problem_, sight_, answer)) answer = policy::rescue(problem_, sight_);
  if (answer.action == Answer::Action::hold) return hold_answer;
  if (answer.action == Answer::Action::stop) return stop_answer;
  const auto launch =
      static_cast<std::size_t>(answer.launch.zone) * 2 + (answer.launch.purchase == Purchase::spot ? 0 : 1);
  return std::string_view(launches_[launch]);
}

}  // namespace tradewind::backtest
