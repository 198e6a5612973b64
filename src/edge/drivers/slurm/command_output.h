// Reading what Slurm's commands print (22.05 and later), and what their errors mean.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "edge/drivers/slurm/controller.h"

namespace tradewind::slurm {

// What squeue is to print of each job (-o), under SLURM_TIME_FORMAT=%s.
inline constexpr const char* squeue_format = "%i|%T|%S|%e|%r|%P|%j|%k";
// One line each. corrupt: names a line that is not of that form.
Result<std::vector<Job>> parse_squeue(std::string_view text);

// Of `scontrol show partition -o`.
std::vector<Partition> parse_partitions(std::string_view text);

// What sinfo is to print of each node in each partition (-N -o), and the nodes put into their partitions.
inline constexpr const char* sinfo_format = "%R|%N|%c|%m|%G|%T";
Status add_nodes(std::string_view text, std::vector<Partition>& partitions);

// "gpu:2", "gpu:a100:4(S:0-1),shard:8", "(null)": the GPUs alone.
std::vector<Gpus> parse_gpus(std::string_view gres);

// "n[1-3,07],login": the names that a hostlist stands for; at most a million, and what is none is left as it
// is.
std::vector<std::string> expand_hostlist(std::string_view list);

// "1-02:03:04", "02:03:04", "30:00", "15" (minutes). Nothing for UNLIMITED and what is no time.
std::optional<Duration> parse_time_limit(std::string_view text);

// "RUNNING" and the like (squeue(1), JOB STATE CODES). Words that are not known are taken for running: an
// instance too many that is looked at does less harm than one that is forgotten.
JobState job_state_from_word(std::string_view word);

// What a refusal of sbatch, squeue, scancel or slurmrestd means: `words` is what it said.
Error slurm_error(const std::string& what, std::string_view words);

// Whether nothing was done: with other codes the outcome is unknown.
bool is_definite(Code code);
// What was to be cancelled has ended, or Slurm knows it no more.
bool is_gone(const Error& error);

// Whether the controller gave up on this job at once, so that it never was one.
bool was_refused(const Job& job);

}  // namespace tradewind::slurm
