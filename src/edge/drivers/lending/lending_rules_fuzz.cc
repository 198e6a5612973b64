// Any bytes are rules or errors, never a crash; rules survive being written.
#include <cstdint>
#include <cstdlib>

#include "edge/drivers/lending/lending_rules.h"
#include "edge/drivers/lending/presence.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tradewind::lending;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static_cast<void>(parse_sessions(text));
  const RulesOutcome outcome = parse_rules(text);
  if (!outcome.errors.empty()) return 0;
  const RulesOutcome again = parse_rules(to_yaml(outcome.rules));
  if (!again.errors.empty() || again.rules != outcome.rules) std::abort();
  for (int second = 0; second < week_seconds; second += 7199) {
    const std::optional<int> change = seconds_to_change(outcome.rules, second);
    if (!change) continue;
    if (*change < 1 || *change > week_seconds) std::abort();
    const int then = (second + *change) % week_seconds;
    if (is_open_at(outcome.rules, then) == is_open_at(outcome.rules, second)) std::abort();
  }
  return 0;
}
