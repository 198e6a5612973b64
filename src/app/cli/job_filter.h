// Which jobs a list shows, in our words for their states and in Slurm's. Pure.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "app/api/job_summary.h"

namespace tradewind::cli {

struct JobFilter {
  std::set<std::string> states;  // of JobState; empty: all
  std::string name;              // or of an array's elements: NAME_3; empty: all
  bool fits(const api::JobSummary& job) const;
  // What the server filters by itself: "", "live", or one state. Where that is not all, fits() must do the
  // rest.
  std::string server_state() const;
  bool is_done_by_server() const;
};

// `states`: "running", "live", "all", Slurm's "R", "PENDING", or several of them with commas.
// invalid_argument: there is no such state, with the nearest word.
Result<JobFilter> make_job_filter(const std::string& states, const std::string& name);

bool is_over(const std::string& state);

// "PD", "R", "CG", as squeue has them; "-" for a state that is not known.
std::string_view slurm_letters(const std::string& state);
// "PENDING", "RUNNING".
std::string_view slurm_word(const std::string& state);

}  // namespace tradewind::cli
