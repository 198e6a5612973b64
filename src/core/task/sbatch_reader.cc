#include "core/task/sbatch_reader.h"

#include <algorithm>

namespace tradewind::task {
namespace {

std::vector<SbatchGiven> from_environment(const std::map<std::string, std::string>& environment) {
  std::vector<SbatchGiven> given;
  for (const SbatchOption& option : sbatch_options()) {
    if (option.variable.empty()) continue;
    const auto found = environment.find(std::string(option.variable));
    if (found == environment.end()) continue;
    const bool has_value = option.value != SbatchValue::none;
    given.push_back({&option, has_value ? found->second : "", SbatchSource::environment, {}});
  }
  return given;
}

// "--mem=16G", "--wait".
std::string as_written(const SbatchGiven& given) {
  const std::string name = spoken(given);
  return given.value.empty() ? name : name + "=" + given.value;
}

}  // namespace

SbatchReader::SbatchReader(const BatchScript& script, const std::map<std::string, std::string>& environment,
                           const std::vector<SbatchGiven>& command_line)
    : given_(script.given) {
  const std::vector<SbatchGiven> variables = from_environment(environment);
  given_.insert(given_.end(), variables.begin(), variables.end());
  given_.insert(given_.end(), command_line.begin(), command_line.end());
  for (const SbatchGiven& given : given_) strongest_[given.option->name] = given;
  for (const SbatchGiven& given : given_) judge(given);
}

// Once for each option, by the one that counts.
void SbatchReader::judge(const SbatchGiven& given) {
  const SbatchGiven& counts = strongest_.at(given.option->name);
  if (counts.source != given.source || counts.word.line != given.word.line || counts.value != given.value)
    return;
  const SbatchOption& option = *given.option;
  if (option.deed == SbatchDeed::told) not_done(option.name, option.word);
  const bool asks_nothing = option.name == "begin" && given.value == "now";
  if (option.deed == SbatchDeed::refused && !asks_nothing)
    error(given, spoken(given) + " is not there: " + std::string(option.word), "");
}

const SbatchGiven* SbatchReader::last(std::string_view name) const {
  const auto found = strongest_.find(name);
  return found == strongest_.end() ? nullptr : &found->second;
}

std::vector<const SbatchGiven*> SbatchReader::all(std::string_view name) const {
  std::vector<const SbatchGiven*> found;
  const SbatchGiven* counts = last(name);
  for (const SbatchGiven& given : given_) {
    if (given.option->name == name && given.source == counts->source) found.push_back(&given);
  }
  return found;
}

const SbatchGiven* SbatchReader::strongest(const std::vector<std::string_view>& names) const {
  const SbatchGiven* best = nullptr;
  for (const std::string_view name : names) {
    const SbatchGiven* given = last(name);
    if (given != nullptr && (best == nullptr || given->source > best->source)) best = given;
  }
  return best;
}

void SbatchReader::error(const SbatchGiven& given, const std::string& message, std::string hint) {
  TaskError found = error_at(given, message, std::move(hint));
  if (std::find(errors_.begin(), errors_.end(), found) == errors_.end()) errors_.push_back(std::move(found));
}

void SbatchReader::not_done(std::string_view name, std::string_view why) {
  const SbatchGiven* given = last(name);
  if (given != nullptr) note(as_written(*given) + " (" + std::string(why) + ")");
}

void SbatchReader::note(const std::string& what) {
  if (std::find(not_done_.begin(), not_done_.end(), what) == not_done_.end()) not_done_.push_back(what);
}

bool reads_variable(std::string_view script, std::string_view name) {
  const auto is_part = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  for (std::size_t at = script.find(name); at != std::string_view::npos; at = script.find(name, at + 1)) {
    const std::size_t end = at + name.size();
    const bool is_whole = end == script.size() || !is_part(script[end]);
    const std::string_view before = script.substr(0, at);
    if (is_whole && (before.ends_with('$') || before.ends_with("${"))) return true;
  }
  return false;
}

}  // namespace tradewind::task
