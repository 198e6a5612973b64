#include "edge/drivers/slurm/command_output.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.h"

namespace tradewind::slurm {
namespace {

template <class Number>
std::optional<Number> number_in(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end == text.data()) return std::nullopt;
  return value;
}

// Seconds since 1970; "N/A" and "0" are no time.
std::optional<Time> time_in(std::string_view text) {
  const std::optional<long long> seconds = number_in<long long>(text);
  constexpr long long year_10000 = 253'402'300'800;
  if (!seconds || *seconds <= 0 || *seconds > year_10000) return std::nullopt;
  return Time(std::chrono::seconds(*seconds));
}

// The value of "Name=value" in a line of scontrol -o; empty when it is not there.
std::string value_of(std::string_view line, std::string_view name) {
  for (std::size_t at = 0; at < line.size();) {
    const std::size_t end = std::min(line.find(' ', at), line.size());
    const std::string_view word = line.substr(at, end - at);
    if (word.size() > name.size() && word.starts_with(name) && word[name.size()] == '=') {
      return std::string(word.substr(name.size() + 1));
    }
    at = end + 1;
  }
  return {};
}

struct Meaning {
  std::string_view words;  // in lower case
  Code code;
  std::string_view cure;
};

// slurm_strerror() of 22.05 to 24.05. The first that is found holds.
constexpr std::array meanings = {
    Meaning{"invalid account", Code::unauthorized,
            "ask the administrator for an account there, or set `account` in slurm.yaml"},
    Meaning{"invalid qos", Code::unauthorized, "set a `qos` in slurm.yaml that your account may use"},
    Meaning{"user's group not permitted", Code::unauthorized, "the partition is for other groups"},
    Meaning{"access/permission denied", Code::unauthorized, "ask the cluster's administrator"},
    Meaning{"authentication", Code::unauthorized, "look at munge on that host, or at the token of `rest`"},
    Meaning{"invalid user id", Code::unauthorized, "the cluster does not know this user"},
    Meaning{"violates accounting/qos policy", Code::quota_exceeded,
            "a limit of your account or QOS is reached: ask the administrator, or wait for your jobs to end"},
    Meaning{"invalid job array", Code::quota_exceeded, "the cluster takes no job arrays as long as that"},
    Meaning{"limit", Code::quota_exceeded, "a limit of the cluster is reached: wait for your jobs to end"},
    Meaning{"invalid partition", Code::invalid_argument, "`sinfo` lists the partitions that there are"},
    Meaning{"partition(s) is in down", Code::insufficient_capacity, "the partition takes no jobs now"},
    Meaning{"required partition not available", Code::insufficient_capacity,
            "the partition takes no jobs now"},
    Meaning{"nodes are busy", Code::insufficient_capacity, "others have them"},
    Meaning{"reservation", Code::invalid_argument, "see `reservation` in slurm.yaml"},
    Meaning{"node configuration is not available", Code::invalid_argument,
            "no node of the partition has that many CPUs, GPUs and bytes of memory"},
    Meaning{"invalid feature", Code::invalid_argument, "see `constraint` in slurm.yaml"},
    Meaning{"invalid generic resource", Code::invalid_argument, "the cluster has no such GPUs"},
    Meaning{"unrecognized option", Code::invalid_argument, "see `options` in slurm.yaml"},
    Meaning{"invalid option", Code::invalid_argument, "see `options` in slurm.yaml"},
    Meaning{"command not found", Code::not_found, "install Slurm's client programs there"},
};

}  // namespace

Result<std::vector<Job>> parse_squeue(std::string_view text) {
  constexpr std::size_t fields = 8;
  std::vector<Job> jobs;
  for (const std::string& line : split(text, '\n')) {
    if (line.empty()) continue;
    std::vector<std::string> parts = split(line, '|');
    if (parts.size() < fields)
      return Error{Code::corrupt, "squeue printed a line that is none of a job: '" + line + "'"};
    // A name or a comment of a job that is not ours may hold the separator.
    for (std::size_t i = fields; i < parts.size(); ++i) parts[fields - 1] += "|" + parts[i];
    Job job;
    job.id = parts[0];
    job.word = parts[1];
    job.state = job_state_from_word(parts[1]);
    job.started = time_in(parts[2]);
    job.ended = time_in(parts[3]);
    job.reason = parts[4] == "None" ? "" : parts[4];
    job.partition = parts[5];
    job.name = parts[6];
    job.comment = parts[7] == "(null)" ? "" : parts[7];
    jobs.push_back(std::move(job));
  }
  return jobs;
}

std::vector<Partition> parse_partitions(std::string_view text) {
  std::vector<Partition> partitions;
  for (const std::string& line : split(text, '\n')) {
    Partition partition;
    partition.name = value_of(line, "PartitionName");
    if (partition.name.empty()) continue;
    partition.state = value_of(line, "State");
    partition.max_time = parse_time_limit(value_of(line, "MaxTime"));
    partition.max_nodes = number_in<int>(value_of(line, "MaxNodes")).value_or(0);
    partition.tier = number_in<int>(value_of(line, "PriorityTier")).value_or(1);
    const std::string mode = value_of(line, "PreemptMode");
    partition.preempt = mode.find("REQUEUE") != std::string::npos || mode.find("CANCEL") != std::string::npos;
    partition.grace = std::chrono::seconds(number_in<int>(value_of(line, "GraceTime")).value_or(0));
    partitions.push_back(std::move(partition));
  }
  return partitions;
}

Status add_nodes(std::string_view text, std::vector<Partition>& partitions) {
  for (const std::string& line : split(text, '\n')) {
    if (line.empty()) continue;
    const std::vector<std::string> parts = split(line, '|');
    if (parts.size() != 6)
      return Error{Code::corrupt, "sinfo printed a line that is none of a node: '" + line + "'"};
    Node node;
    node.name = parts[1];
    node.cpus = number_in<int>(parts[2]).value_or(0);
    node.memory_mib = number_in<long>(parts[3]).value_or(0);
    node.gpus = parse_gpus(parts[4]);
    const std::string& state = parts[5];
    node.usable = !state.starts_with("down") && !state.starts_with("drain") && !state.starts_with("fail");
    for (Partition& partition : partitions) {
      if (partition.name == parts[0]) partition.nodes.push_back(node);
    }
  }
  return {};
}

std::vector<Gpus> parse_gpus(std::string_view gres) {
  std::string plain;
  int depth = 0;  // "(S:0-1)" says which sockets
  for (const char letter : gres) {
    if (letter == '(') ++depth;
    if (depth == 0) plain += letter;
    if (letter == ')') --depth;
  }
  std::vector<Gpus> gpus;
  for (const std::string& item : split(plain, ',')) {
    const std::vector<std::string> parts = split(item, ':');
    if (parts.size() < 2 || parts[0] != "gpu") continue;
    const int count = number_in<int>(parts.back()).value_or(0);
    if (count > 0) gpus.push_back({parts.size() > 2 ? parts[1] : "", count});
  }
  return gpus;
}

namespace {

constexpr std::size_t hosts_max = 1'000'000;

// "n[1-3]-ib[0-1]": the first bracket's numbers, each with all that the rest stands for.
void expand_name(const std::string& before, std::string_view text, std::vector<std::string>& names) {
  const std::size_t open = text.find('[');
  const std::size_t close = text.find(']');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) {
    if (names.size() < hosts_max) names.push_back(before + std::string(text));
    return;
  }
  const std::string head = before + std::string(text.substr(0, open));
  for (const std::string& range : split(text.substr(open + 1, close - open - 1), ',')) {
    const std::size_t dash = std::min(range.find('-'), range.size());
    const std::string first = range.substr(0, dash);
    const long from = number_in<long>(first).value_or(0);
    const long to = dash == range.size() ? from : number_in<long>(range.substr(dash + 1)).value_or(from);
    for (long number = from; number <= to && names.size() < hosts_max; ++number) {
      std::string digits = std::to_string(number);
      if (digits.size() < first.size()) digits.insert(0, first.size() - digits.size(), '0');
      digits.insert(0, head);
      expand_name(digits, text.substr(close + 1), names);
    }
  }
}

}  // namespace

std::vector<std::string> expand_hostlist(std::string_view list) {
  std::vector<std::string> names;
  std::size_t begin = 0;
  int depth = 0;
  for (std::size_t i = 0; i <= list.size(); ++i) {
    const char letter = i < list.size() ? list[i] : ',';
    if (letter == '[') ++depth;
    if (letter == ']') --depth;
    if (letter != ',' || (depth > 0 && i < list.size())) continue;
    if (i > begin) expand_name("", list.substr(begin, i - begin), names);
    begin = i + 1;
  }
  return names;
}

std::optional<Duration> parse_time_limit(std::string_view text) {
  const std::size_t dash = text.find('-');
  const std::optional<long> days =
      dash == std::string_view::npos ? std::optional<long>(0) : number_in<long>(text.substr(0, dash));
  if (dash != std::string_view::npos) text.remove_prefix(dash + 1);
  constexpr long most = 10'000'000;
  std::vector<long> parts;
  for (const std::string& part : split(text, ':')) {
    const std::optional<long> number = number_in<long>(part);
    if (!number || !days || *number < 0 || *number > most || *days < 0 || *days > most) return std::nullopt;
    parts.push_back(*number);
  }
  if (parts.empty() || parts.size() > 3) return std::nullopt;
  long hours = 0;
  if (parts.size() == 3 || dash != std::string_view::npos) {
    hours = parts.front();
    parts.erase(parts.begin());
  }
  const long minutes = parts.empty() ? 0 : parts[0];
  const long seconds = parts.size() > 1 ? parts[1] : 0;
  return std::chrono::hours(*days * 24 + hours) + std::chrono::minutes(minutes) +
         std::chrono::seconds(seconds);
}

JobState job_state_from_word(std::string_view word) {
  constexpr std::array waiting = {"PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED"};
  constexpr std::array over = {"BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED",
                               "NODE_FAIL", "PREEMPTED", "REVOKED",   "TIMEOUT",  "OUT_OF_MEMORY"};
  const auto is_one_of = [&](const auto& words) { return std::ranges::find(words, word) != words.end(); };
  if (is_one_of(waiting)) return JobState::pending;
  if (is_one_of(over)) return JobState::ended;
  return word == "COMPLETING" ? JobState::completing : JobState::running;
}

Error slurm_error(const std::string& what, std::string_view words) {
  std::vector<std::string> lines;
  for (const std::string& line : split(words, '\n')) {
    if (!trim(line).empty()) lines.emplace_back(trim(line));
  }
  const std::string said = lines.empty() ? "nothing was said" : join(lines, "; ");
  const std::string small = lower(said);
  const std::string message = what + ": " + said;
  for (const Meaning& meaning : meanings) {
    if (small.find(meaning.words) != std::string::npos)
      return {meaning.code, message, std::string(meaning.cure)};
  }
  return {Code::unavailable, message, "is the cluster's controller up? `sinfo` there tells"};
}

bool is_definite(Code code) {
  return code != Code::unavailable && code != Code::internal && code != Code::corrupt;
}

bool is_gone(const Error& error) {
  const std::string said = lower(error.message);
  return said.find("already") != std::string::npos || said.find("invalid job id") != std::string::npos;
}

bool was_refused(const Job& job) {
  return job.word == "FAILED" && job.reason == "BadConstraints";
}

}  // namespace tradewind::slurm
