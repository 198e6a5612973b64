// tradewind policy: a spot policy behind stdin and stdout, so that anybody's judge can play it, and it cannot
// look ahead.
#include <istream>
#include <ostream>
#include <string>

#include "app/cli/policy_name.h"
#include "app/cli/verbs.h"
#include "core/backtest/protocol.h"
#include "core/policy/player_registry.h"

namespace tradewind::cli {
namespace {

ExitCode list(Context& context) {
  json::array names;
  for (const std::string_view name : policy::player_names()) {
    if (context.json) {
      names.emplace_back(name);
    } else {
      context.out << name << "\n";
    }
  }
  if (context.json) print_json(context, json::object{{"policies", std::move(names)}});
  return ExitCode::done;
}

// Without locale, buffers or formatting: an answer is asked for some ten thousand times a second.
Result<ExitCode> converse(const std::string& name, Context& context) {
  backtest::PolicySession session(
      [&](const policy::Problem& problem) { return policy::make_player(name, problem); });
  std::string line;
  for (std::uint64_t number = 1; std::getline(context.in, line); ++number) {
    const Result<std::string_view> answer = session.answer(line);
    if (!answer.ok()) {
      Error error = answer.error();
      error.message = "line " + std::to_string(number) + ": " + error.message;
      return error;
    }
    if (answer->empty()) continue;
    context.out.write(answer->data(), static_cast<std::streamsize>(answer->size()));
    context.out.put('\n').flush();
    if (!context.out) return Error{Code::unavailable, "nobody reads the answers any more"};
  }
  return ExitCode::done;
}

}  // namespace

Result<ExitCode> run_policy(const PolicyOptions& options, Context& context) {
  if (options.name.empty()) return list(context);
  TW_RETURN_IF_ERROR(check_policy_name(options.name));
  return converse(options.name, context);
}

}  // namespace tradewind::cli
