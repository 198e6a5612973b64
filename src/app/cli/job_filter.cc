#include "app/cli/job_filter.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace tradewind::cli {
namespace {

struct StateWords {
  const char* state;
  const char* letters;
  const char* word;
  bool over;
};
// Slurm has one word for what waits for a place and for what waits for a better price.
constexpr std::array words = {
    StateWords{"queued", "PD", "PENDING", false},     StateWords{"starting", "CF", "CONFIGURING", false},
    StateWords{"running", "R", "RUNNING", false},     StateWords{"recovering", "RQ", "REQUEUED", false},
    StateWords{"waiting", "PD", "PENDING", false},    StateWords{"stopping", "CG", "COMPLETING", false},
    StateWords{"succeeded", "CD", "COMPLETED", true}, StateWords{"failed", "F", "FAILED", true},
    StateWords{"cancelled", "CA", "CANCELLED", true},
};

// nullptr: there is no such state.
const StateWords* words_of(const std::string& state) {
  const auto* const found =
      std::find_if(words.begin(), words.end(), [&](const auto& each) { return state == each.state; });
  return found == words.end() ? nullptr : found;
}

std::set<std::string> live_states() {
  std::set<std::string> states;
  for (const StateWords& each : words) {
    if (!each.over) states.insert(each.state);
  }
  return states;
}

bool is_element_of(const std::string& job, const std::string& array) {
  if (!job.starts_with(array + "_")) return false;
  const std::string_view rest = std::string_view(job).substr(array.size() + 1);
  return !rest.empty() && rest.find_first_not_of("0123456789") == std::string_view::npos;
}

Error unknown_state(const std::string& wanted) {
  std::vector<std::string_view> known = {"live", "all"};
  for (const StateWords& each : words) known.insert(known.end(), {each.state, each.word});
  std::string near = nearest_word(lower(wanted), known);
  if (near.empty()) near = nearest_word(wanted, known);
  return {Code::invalid_argument, "no job has the state '" + wanted + "'",
          near.empty()
              ? "queued, starting, running, recovering, waiting, stopping, succeeded, failed, cancelled "
                "or live; or Slurm's PD, R, CG, CD, F, CA"
              : "did you mean '" + near + "'?"};
}

}  // namespace

bool JobFilter::fits(const api::JobSummary& job) const {
  if (!states.empty() && !states.contains(job.state)) return false;
  return name.empty() || job.name == name || is_element_of(job.name, name);
}

std::string JobFilter::server_state() const {
  if (states == live_states()) return "live";
  return states.size() == 1 ? *states.begin() : "";
}

bool JobFilter::is_done_by_server() const {
  return name.empty() && (states.empty() || !server_state().empty());
}

Result<JobFilter> make_job_filter(const std::string& states, const std::string& name) {
  JobFilter filter;
  filter.name = name;
  bool all = trim(states).empty();
  for (const std::string& each : split(states, ',')) {
    const std::string word = lower(trim(each));
    if (word.empty()) continue;
    bool known = word == "live" || word == "all";
    all = all || word == "all";
    if (word == "live") filter.states.merge(live_states());
    for (const StateWords& state : words) {
      if (word != state.state && word != lower(state.letters) && word != lower(state.word)) continue;
      filter.states.insert(state.state);
      known = true;
    }
    if (!known) return unknown_state(each);
  }
  if (all) filter.states.clear();
  return filter;
}

bool is_over(const std::string& state) {
  const StateWords* const found = words_of(state);
  return found != nullptr && found->over;
}

std::string_view slurm_letters(const std::string& state) {
  const StateWords* const found = words_of(state);
  return found == nullptr ? "-" : found->letters;
}

std::string_view slurm_word(const std::string& state) {
  const StateWords* const found = words_of(state);
  return found == nullptr ? "-" : found->word;
}

}  // namespace tradewind::cli
