#include "app/cli/policy_name.h"

#include <algorithm>
#include <vector>

#include "base/text.h"
#include "core/policy/player_registry.h"

namespace tradewind::cli {

Status check_policy_name(std::string_view name) {
  const std::vector<std::string_view> known = policy::player_names();
  if (std::ranges::find(known, name) != known.end()) return {};
  const std::string near = nearest_word(name, known);
  const std::vector<std::string> words(known.begin(), known.end());
  return Error{Code::not_found, "there is no policy '" + std::string(name) + "'",
               near.empty() ? "there are " + join(words, ", ") : "did you mean '" + near + "'?"};
}

}  // namespace tradewind::cli
