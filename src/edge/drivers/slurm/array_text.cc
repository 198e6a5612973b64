#include "edge/drivers/slurm/array_text.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "base/text.h"

namespace tradewind::slurm {
namespace {

std::optional<long> whole_number(std::string_view text) {
  long value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

// The digits behind `name`, which may have blanks and a '=' between.
std::optional<long> number_after(std::string_view line, std::string_view name) {
  const std::size_t at = line.find(name);
  if (at == std::string_view::npos) return std::nullopt;
  line.remove_prefix(at + name.size());
  line.remove_prefix(std::min(line.find_first_not_of(" ="), line.size()));
  return whole_number(line.substr(0, std::min(line.find_first_not_of("0123456789"), line.size())));
}

}  // namespace

std::string element_id(const std::string& job, long index) {
  return job + "_" + std::to_string(index);
}

std::optional<long> index_of(std::string_view id) {
  const std::size_t bar = id.find('_');
  if (bar == std::string_view::npos || bar == 0) return std::nullopt;
  return whole_number(id.substr(bar + 1));
}

std::string fold_numbers(const std::vector<long>& numbers) {
  std::string text;
  for (std::size_t first = 0; first < numbers.size();) {
    std::size_t last = first;
    while (last + 1 < numbers.size() && numbers[last + 1] == numbers[last] + 1) ++last;
    if (!text.empty()) text += ",";
    text += std::to_string(numbers[first]);
    if (last > first) text += "-" + std::to_string(numbers[last]);
    first = last + 1;
  }
  return text;
}

std::vector<long> expand_numbers(std::string_view text) {
  constexpr std::size_t most = 1'000'000;
  std::vector<long> numbers;
  for (const std::string& range : split(text.substr(0, text.find('%')), ',')) {
    const std::size_t dash = std::min(range.find('-'), range.size());
    const std::optional<long> from = whole_number(std::string_view(range).substr(0, dash));
    const std::optional<long> to =
        dash == range.size() ? from : whole_number(std::string_view(range).substr(dash + 1));
    if (!from || !to) continue;
    for (long number = *from; number <= *to && numbers.size() < most; ++number) numbers.push_back(number);
  }
  return numbers;
}

std::vector<std::string> fold_ids(const std::vector<std::string>& ids) {
  std::vector<std::string> folded;
  std::map<std::string, std::vector<long>> arrays;
  for (const std::string& id : ids) {
    if (const std::optional<long> index = index_of(id)) {
      arrays[id.substr(0, id.find('_'))].push_back(*index);
    } else {
      folded.push_back(id);
    }
  }
  for (auto& [job, indices] : arrays) {
    std::ranges::sort(indices);
    indices.erase(std::unique(indices.begin(), indices.end()), indices.end());
    folded.push_back(indices.size() == 1 ? element_id(job, indices.front())
                                         : job + "_[" + fold_numbers(indices) + "]");
  }
  return folded;
}

int parse_array_max(std::string_view text) {
  long most = 0;
  std::optional<long> tasks;
  for (const std::string& line : split(text, '\n')) {
    // "MaxArraySize = 1001": the largest index is one less.
    if (line.starts_with("MaxArraySize")) most = number_after(line, "MaxArraySize").value_or(0);
    if (line.starts_with("SchedulerParameters")) tasks = number_after(line, "max_array_tasks");
  }
  constexpr long sane = 1'000'000;
  return static_cast<int>(std::min({most, tasks.value_or(sane), sane}));
}

}  // namespace tradewind::slurm
