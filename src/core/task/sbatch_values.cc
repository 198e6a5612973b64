#include "core/task/sbatch_values.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include "base/text.h"

namespace tradewind::task {
namespace {

Error wrong(std::string_view text, const std::string& wanted) {
  return {Code::invalid_argument, "'" + std::string(text) + "' is not " + wanted};
}

// Digits alone, at most `most`.
std::optional<std::int64_t> digits(std::string_view text, std::int64_t most) {
  std::int64_t value = 0;
  if (text.empty() || text.size() > 15 || text.find_first_not_of("0123456789") != std::string_view::npos)
    return std::nullopt;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value <= most ? std::optional(value) : std::nullopt;
}

constexpr std::int64_t days_max = 36'500;

// The parts of a time, with how many seconds each unit has.
std::optional<std::int64_t> sum_of(const std::vector<std::string>& parts,
                                   std::span<const std::int64_t> seconds) {
  if (parts.size() > seconds.size()) return std::nullopt;
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto value = digits(parts[i], days_max * 86'400 / seconds[i]);
    if (!value) return std::nullopt;
    sum += *value * seconds[i];
  }
  return sum <= days_max * 86'400 ? std::optional(sum) : std::nullopt;
}

std::optional<std::int64_t> slurm_seconds(std::string_view text) {
  constexpr std::array<std::int64_t, 3> from_hours = {3600, 60, 1};
  const std::size_t dash = text.find('-');
  if (dash != std::string_view::npos) {
    const auto days = digits(text.substr(0, dash), days_max);
    const auto rest = sum_of(split(text.substr(dash + 1), ':'), from_hours);
    return days && rest ? std::optional(*days * 86'400 + *rest) : std::nullopt;
  }
  const std::vector<std::string> parts = split(text, ':');
  // One or two parts begin with minutes, three with hours.
  const auto units = std::span(from_hours);
  return sum_of(parts, parts.size() == 3 ? units : units.subspan(1));
}

// "3-9:2", "7". False: it is none.
bool add_range(std::string_view text, std::set<std::uint32_t>& indexes, std::uint32_t& step) {
  const std::size_t colon = text.find(':');
  const std::string_view range = text.substr(0, colon);
  const std::size_t dash = range.find('-');
  const auto first = digits(range.substr(0, dash), slurm_index_max);
  const auto last = dash == std::string_view::npos ? first : digits(range.substr(dash + 1), slurm_index_max);
  const auto wide = colon == std::string_view::npos ? std::optional<std::int64_t>(1)
                                                    : digits(text.substr(colon + 1), slurm_index_max);
  if (!first || !last || !wide || *wide < 1 || *last < *first) return false;
  if (dash == std::string_view::npos && colon != std::string_view::npos) return false;
  for (std::int64_t i = *first; i <= *last && indexes.size() <= slurm_elements_max; i += *wide)
    indexes.insert(static_cast<std::uint32_t>(i));
  step = static_cast<std::uint32_t>(*wide);
  return true;
}

// Of the name behind "gpu" in a GRES, or all of --gpus.
std::optional<SlurmGpus> gpus_of(const std::vector<std::string>& parts) {
  constexpr int count_max = 100'000;
  if (parts.empty()) return SlurmGpus{"", 1};
  const auto last = digits(parts.back(), count_max);
  if (parts.size() == 1 && last) return SlurmGpus{"", static_cast<int>(*last)};
  if (parts.size() == 1 && !parts[0].empty()) return SlurmGpus{parts[0], 1};
  if (parts.size() == 2 && !parts[0].empty() && last) return SlurmGpus{parts[0], static_cast<int>(*last)};
  return std::nullopt;
}

struct PatternPart {
  std::string_view whole;  // "%05a", or text
  char kind = '\0';        // 'a'; '\0': text
  std::size_t width = 0;
};

std::vector<PatternPart> pattern_parts(std::string_view pattern) {
  std::vector<PatternPart> parts;
  for (std::size_t at = 0; at < pattern.size();) {
    if (pattern[at] != '%') {
      const std::size_t end = std::min(pattern.find('%', at), pattern.size());
      parts.push_back({pattern.substr(at, end - at)});
      at = end;
      continue;
    }
    std::size_t end = at + 1;
    while (end < pattern.size() && pattern[end] >= '0' && pattern[end] <= '9') ++end;
    const auto width = digits(pattern.substr(at + 1, end - at - 1), 10);
    if (end == pattern.size()) {
      parts.push_back({pattern.substr(at)});
    } else {
      parts.push_back(
          {pattern.substr(at, end + 1 - at), pattern[end], static_cast<std::size_t>(width.value_or(0))});
    }
    at = std::min(end + 1, pattern.size());
  }
  return parts;
}

std::optional<std::string> meaning(const PatternPart& part, const SlurmFileFacts& facts) {
  switch (part.kind) {
    case '%':
      return "%";
    case 'j':
    case 'J':
      return facts.job;
    case 'A':
      return facts.array_job;
    case 'x':
      return facts.name;
    case 'u':
      return facts.user;
    case 'a': {
      // What Slurm writes of a job that is no array's.
      std::string number = std::to_string(facts.index.value_or(4'294'967'294));
      if (number.size() < part.width) number.insert(0, part.width - number.size(), '0');
      return number;
    }
    // One node and one task, always.
    case 'n':
    case 't':
      return std::string(std::max<std::size_t>(part.width, 1), '0');
    case 's':
      return "batch";
    default:
      return std::nullopt;
  }
}

}  // namespace

Result<std::optional<Duration>> parse_slurm_time(std::string_view text) {
  const std::string word = lower(text);
  if (word == "unlimited" || word == "infinite" || word == "-1") return std::optional<Duration>();
  const std::optional<std::int64_t> seconds = slurm_seconds(text);
  if (!seconds) {
    return wrong(text,
                 "a time: minutes, minutes:seconds, hours:minutes:seconds, days-hours, "
                 "days-hours:minutes, days-hours:minutes:seconds or UNLIMITED");
  }
  if (*seconds == 0) return std::optional<Duration>();
  return std::optional<Duration>(std::chrono::seconds(*seconds));
}

Result<double> parse_slurm_memory(std::string_view text) {
  constexpr std::pair<std::string_view, double> units[] = {
      {"k", 1.0 / (1 << 20)}, {"m", 1.0 / 1024}, {"g", 1}, {"t", 1024}};
  const std::size_t end = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto amount = digits(text.substr(0, end), 1'000'000'000'000);
  std::string unit = lower(text.substr(end));
  if (unit.size() == 2 && unit.back() == 'b') unit.pop_back();
  if (unit.empty()) unit = "m";
  for (const auto& [name, gib] : units) {
    if (amount && unit == name) return static_cast<double>(*amount) * gib;
  }
  return wrong(text, "a size: a whole number with K, M, G or T, in MB without");
}

Result<int> parse_slurm_count(std::string_view text, int most) {
  const std::size_t dash = text.find('-');
  const auto least = digits(text.substr(0, dash), most);
  const auto last = dash == std::string_view::npos ? least : digits(text.substr(dash + 1), most);
  if (!least || !last || *least < 1 || *last < *least)
    return wrong(text, "a number from 1 to " + std::to_string(most));
  return static_cast<int>(*least);
}

Result<SlurmArray> parse_slurm_array(std::string_view text) {
  SlurmArray array;
  std::string_view list = text;
  const std::size_t percent = list.find('%');
  if (percent != std::string_view::npos) {
    const auto at_once = digits(list.substr(percent + 1), slurm_index_max);
    if (!at_once || *at_once < 1) return wrong(text, "an array: behind '%' stands how many may run at once");
    array.at_once = static_cast<std::uint32_t>(*at_once);
    list = list.substr(0, percent);
  }
  if (list.size() > 2 && list.front() == '[' && list.back() == ']') list = list.substr(1, list.size() - 2);
  std::set<std::uint32_t> indexes;
  const std::vector<std::string> ranges = split(list, ',');
  for (const std::string& range : ranges) {
    if (!add_range(range, indexes, array.step))
      return wrong(text, "an array such as 0-15, 1,3,5 or 0-15:4%2");
  }
  if (ranges.size() > 1) array.step = 1;
  if (indexes.size() > slurm_elements_max) {
    return Error{Code::invalid_argument, "'" + std::string(text) + "' has more than " +
                                             std::to_string(slurm_elements_max) + " elements"};
  }
  array.indexes.assign(indexes.begin(), indexes.end());
  return array;
}

Result<SlurmGpus> parse_slurm_gpus(std::string_view text) {
  const std::optional<SlurmGpus> gpus = gpus_of(split(text, ':'));
  if (gpus && text.find(',') == std::string_view::npos) return *gpus;
  return wrong(text, "a number of GPUs, or one type and a number, such as a100:2");
}

Result<SlurmGres> parse_slurm_gres(std::string_view text) {
  SlurmGres gres;
  if (lower(text) == "none") return gres;
  for (const std::string& each : split(text, ',')) {
    // "(S:0-1)" names sockets.
    std::string_view item = std::string_view(each).substr(0, each.find('('));
    for (const std::string_view prefix : {"gres:", "gres/"}) {
      if (item.starts_with(prefix)) item.remove_prefix(prefix.size());
    }
    std::vector<std::string> parts = split(item, ':');
    if (parts.front() != "gpu") {
      if (item.empty()) return wrong(text, "a list of generic resources, such as gpu:a100:2");
      gres.others.emplace_back(item);
      continue;
    }
    parts.erase(parts.begin());
    const std::optional<SlurmGpus> gpus = gpus_of(parts);
    if (!gpus || gres.gpus.count > 0)
      return wrong(text, "one kind of GPUs: gpu, gpu:2, gpu:a100 or gpu:a100:2");
    gres.gpus = *gpus;
  }
  return gres;
}

Result<SlurmSignal> parse_slurm_signal(std::string_view text) {
  constexpr std::pair<std::string_view, std::string_view> signals[] = {
      {"SIGHUP", "1"}, {"SIGINT", "2"}, {"SIGUSR1", "10"}, {"SIGUSR2", "12"}, {"SIGTERM", "15"}};
  SlurmSignal signal;
  std::string_view rest = text;
  const std::size_t colon = rest.find(':');
  if (colon != std::string_view::npos) {
    const std::string marks = lower(rest.substr(0, colon));
    if (marks.empty() || marks.find_first_not_of("rb") != std::string::npos)
      return wrong(text, "a signal: before ':' stand B, R or both");
    signal.to_shell = marks.find('b') != std::string::npos;
    rest = rest.substr(colon + 1);
  }
  const std::size_t mark = rest.find('@');
  if (mark != std::string_view::npos) {
    const auto before = digits(rest.substr(mark + 1), 65'535);
    if (!before) return wrong(text, "a signal: behind '@' stand seconds, up to 65535");
    signal.before_s = static_cast<int>(*before);
    rest = rest.substr(0, mark);
  }
  for (const auto& [name, number] : signals) {
    const std::string word = lower(rest);
    if (rest == number || word == lower(name) || word == lower(name.substr(3))) signal.name = name;
  }
  if (!signal.name.empty()) return signal;
  return wrong(text, "a signal that a program saves at: USR1, USR2, HUP, INT or TERM");
}

std::optional<Duration> parse_slurm_offset(std::string_view text) {
  constexpr std::pair<std::string_view, std::int64_t> units[] = {
      {"", 1}, {"second", 1}, {"minute", 60}, {"hour", 3600}, {"day", 86'400}, {"week", 604'800}};
  const std::string word = lower(text);
  if (!word.starts_with("now+")) return std::nullopt;
  const std::string_view rest = std::string_view(word).substr(4);
  const std::size_t end = std::min(rest.find_first_not_of("0123456789"), rest.size());
  std::string_view unit = rest.substr(end);
  if (unit.ends_with('s')) unit.remove_suffix(1);
  for (const auto& [name, seconds] : units) {
    const auto count = digits(rest.substr(0, end), days_max * 86'400 / seconds);
    if (unit == name && count && *count > 0) return std::chrono::seconds(*count * seconds);
  }
  return std::nullopt;
}

std::string slurm_file_name(std::string_view pattern, const SlurmFileFacts& facts) {
  if (pattern.find('\\') != std::string_view::npos) {
    std::string plain(pattern);
    std::erase(plain, '\\');
    return plain;
  }
  std::string name;
  for (const PatternPart& part : pattern_parts(pattern)) {
    name += meaning(part, facts).value_or(std::string(part.whole));
  }
  return name;
}

std::vector<std::string> unknown_patterns(std::string_view pattern) {
  std::vector<std::string> unknown;
  if (pattern.find('\\') != std::string_view::npos) return unknown;
  for (const PatternPart& part : pattern_parts(pattern)) {
    if (part.kind != '\0' && !meaning(part, {})) unknown.emplace_back(part.whole);
  }
  return unknown;
}

}  // namespace tradewind::task
