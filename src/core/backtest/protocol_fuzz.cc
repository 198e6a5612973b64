// Any lines as a conversation, and any document as a scenario: nothing crashes, every tick that is understood
// is answered, and a scenario reads back as it was written.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/backtest/protocol.h"
#include "core/backtest/scenario.h"
#include "core/policy/player_registry.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void read_scenario(std::string_view text) {
  using namespace tradewind;  // NOLINT(google-build-using-namespace)
  const Result<json::value> document = parse_json(text);
  if (!document.ok()) return;
  const Result<backtest::Scenario> scenario = backtest::scenario_from_json(*document);
  if (scenario.ok()) require(backtest::scenario_from_json(backtest::to_json(*scenario)).ok());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  read_scenario(text);
  tradewind::backtest::PolicySession session([](const tradewind::policy::Problem& problem) {
    return tradewind::policy::make_player("failover", problem);
  });
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    const auto answer = session.answer(line);
    require(!answer.ok() || answer->empty() || answer->starts_with("{\"action\":\""));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
  }
  return 0;
}
