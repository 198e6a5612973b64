// What slurmrestd's versions are told and answer: OpenAPI v0.0.36 to v0.0.41, which Slurm 21.08 to 25.05
// speak. Pure. v0.0.39 began to write numbers as {set, infinite, number}, lists of words for flags, and the
// environment as a list; v0.0.40 states as a list.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/json.h"
#include "edge/drivers/slurm/controller.h"

namespace tradewind::slurm {

inline constexpr int oldest_rest_version = 36;
inline constexpr int newest_rest_version = 41;
// "v0.0.38".
std::string rest_version_text(int version);
// 38 of "v0.0.38"; nothing for those that are not known here.
std::optional<int> rest_version_from(std::string_view text);
// Whether a signal to the script can be asked for, which tells it of its time limit and of a preemption: by
// v0.0.38 and before, slurmrestd refuses that.
constexpr bool rest_signals(int version) {
  return version >= 39;
}
// Whether single elements of an array can be cancelled, so that arrays are of use.
constexpr bool rest_takes_elements(int version) {
  return version >= 38;
}

// What is posted to job/submit.
json::object submit_body(const SubmitRequest& request, int version);
// What is sent to jobs/ by DELETE (v0.0.40 and later), for many ids at once.
json::object cancel_body(const std::vector<std::string>& ids);
// The number of the job that was submitted; nothing: the answer names none.
std::optional<long long> submitted_job(const json::value& answer);
// Of the answers to jobs, partitions and nodes, of whatever version. corrupt: they have another form.
Result<std::vector<Job>> jobs_from_rest(const json::value& answer);
Result<std::vector<Partition>> partitions_from_rest(const json::value& partitions, const json::value& nodes);
// A job's owner, as far as it is told.
std::string owner_name(const json::value& job);
std::optional<long long> owner_id(const json::value& job);
// The list of jobs in an answer. corrupt: there is none.
Result<const json::array*> listed_jobs(const json::value& answer);
// What the errors of an answer say, a line each; empty: none.
std::string words_of_errors(const json::value& answer);

}  // namespace tradewind::slurm
