// The interactive protocol of `tradewind policy` (docs/formats/policy-protocol.md): JSON lines in, JSON lines
// out.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "core/model/json.h"
#include "core/policy/player.h"

namespace tradewind::backtest {

// One side of a conversation, the policy's. Any number of scenarios follow one another.
class PolicySession {
 public:
  using MakePlayer = std::function<std::unique_ptr<policy::Player>(const policy::Problem&)>;
  explicit PolicySession(MakePlayer make) : make_(std::move(make)) {}
  PolicySession(const PolicySession&) = delete;
  PolicySession& operator=(const PolicySession&) = delete;

  // The answer to one line of the judge's, without the end of line; empty where none is due (`scenario`,
  // `end`, a blank line). Valid until the next call. Errors: invalid_argument says what is wrong with the
  // line.
  Result<std::string_view> answer(std::string_view line);

 private:
  Status begin(const json::value& message);
  Status read_tick(const json::value& message);
  Status read_capacity(const json::object& available);
  Status read_prices(const json::object& prices);
  Result<int> zone_index(std::string_view name, std::size_t expected) const;
  Result<policy::Holding> holding(const json::value& value, std::string_view key) const;

  MakePlayer make_;
  policy::Problem problem_;
  std::unique_ptr<policy::Player> player_;
  policy::Sight sight_;
  std::unordered_map<std::string_view, int> zones_;  // names of problem_
  std::vector<std::string> launches_;                // answers, [zone * 2 + purchase]
};

}  // namespace tradewind::backtest
