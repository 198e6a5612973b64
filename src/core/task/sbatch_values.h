// The values of sbatch's options, in Slurm's own notations. All errors are invalid_argument: "'x' is no …".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace tradewind::task {

// "90" (minutes), "90:30", "1:30:00", "2-12", "2-12:30", "2-12:30:15". Nothing: UNLIMITED, INFINITE, 0.
Result<std::optional<Duration>> parse_slurm_time(std::string_view text);

// "4000" (MiB), "500K", "16G", "1.5T" is none; in GiB.
Result<double> parse_slurm_memory(std::string_view text);

// "4", "2-4" (the least).
Result<int> parse_slurm_count(std::string_view text, int most);

struct SlurmArray {
  std::vector<std::uint32_t> indexes;  // ascending, each once, at least one
  std::uint32_t step = 1;              // of the one range that it is; else 1
  std::uint32_t at_once = 0;           // 0: as many as can be
  bool operator==(const SlurmArray&) const = default;
};
inline constexpr std::uint32_t slurm_index_max = 4'000'000;
inline constexpr std::size_t slurm_elements_max = 10'000;
// "0-15%4", "1,3-9:2".
Result<SlurmArray> parse_slurm_array(std::string_view text);

// What a GRES or a --gpus asks for.
struct SlurmGpus {
  std::string type;  // as the cluster calls it; empty: any
  int count = 0;
  bool operator==(const SlurmGpus&) const = default;
};
// "2", "a100:2", "a100".
Result<SlurmGpus> parse_slurm_gpus(std::string_view text);

struct SlurmGres {
  SlurmGpus gpus;                   // count 0: none
  std::vector<std::string> others;  // "tmp:100"
};
// "gpu:a100:2", "gpu,license:3".
Result<SlurmGres> parse_slurm_gres(std::string_view text);

struct SlurmSignal {
  std::string name;       // "SIGUSR1"
  bool to_shell = false;  // "B:": to the batch shell alone
  int before_s = 60;      // so long before the end
  bool operator==(const SlurmSignal&) const = default;
};
// "USR1", "B:USR1@120", "10@30". Only signals that a program may save at.
Result<SlurmSignal> parse_slurm_signal(std::string_view text);

// "now+2hours", "now+90" (seconds).
std::optional<Duration> parse_slurm_offset(std::string_view text);

// What the patterns of --output stand for.
struct SlurmFileFacts {
  std::string job;                          // %j, and %J
  std::string array_job;                    // %A
  std::optional<std::uint32_t> index = {};  // %a
  std::string name;                         // %x
  std::string user;                         // %u
};
// The file's name. A pattern that cannot be known stays as it is, as does all behind a backslash.
std::string slurm_file_name(std::string_view pattern, const SlurmFileFacts& facts);
// "%N", "%n": those that slurm_file_name leaves.
std::vector<std::string> unknown_patterns(std::string_view pattern);

}  // namespace tradewind::task
