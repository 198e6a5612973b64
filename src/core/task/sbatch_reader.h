// The options of a batch job from all their sources, the strongest of each. Private to sbatch_*.cc.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "core/task/sbatch_script.h"

namespace tradewind::task {

struct SbatchFacts;
struct SbatchJob;

class SbatchReader {
 public:
  SbatchReader(const BatchScript& script, const std::map<std::string, std::string>& environment,
               const std::vector<SbatchGiven>& command_line);

  // The one that counts; nullptr: it was not given.
  const SbatchGiven* last(std::string_view name) const;
  // All of those from the strongest source that has any.
  std::vector<const SbatchGiven*> all(std::string_view name) const;
  // Of these, which say the same in different ways, the one that counts; the earlier in the list where one
  // source has several.
  const SbatchGiven* strongest(const std::vector<std::string_view>& names) const;

  // The value as `parse` reads it. An error is noted where it cannot.
  template <class Parse>
  auto value(std::string_view name, Parse parse)
      -> std::optional<typename std::remove_cvref_t<decltype(*parse(std::string_view()))>> {
    const SbatchGiven* given = last(name);
    if (given == nullptr) return std::nullopt;
    auto result = parse(given->value);
    if (result.ok()) return *std::move(result);
    error(*given, spoken(*given) + ": " + result.error().message, result.error().hint);
    return std::nullopt;
  }

  void error(const SbatchGiven& given, const std::string& message, std::string hint);
  // Nothing is done about the option, where it was given.
  void not_done(std::string_view name, std::string_view why);
  // The same of something that is no option.
  void note(const std::string& what);
  // With all options of which nothing is ever done.
  std::vector<std::string> all_not_done() const { return not_done_; }
  std::vector<TaskError> take_errors() { return std::move(errors_); }

 private:
  void judge(const SbatchGiven& given);
  std::map<std::string_view, SbatchGiven> strongest_;
  std::vector<SbatchGiven> given_;
  std::vector<std::string> not_done_;
  std::vector<TaskError> errors_;
};

// Cores, memory, GPUs, nodes and disk.
void read_sbatch_resources(SbatchReader& reader, const SbatchFacts& facts, SbatchJob& job);

// True where a shell would put the variable's value into this text: "$NAME", "${NAME".
bool reads_variable(std::string_view script, std::string_view name);

}  // namespace tradewind::task
