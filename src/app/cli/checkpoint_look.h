// What is said of checkpoints, and done for them, alike in a job's store and in one without jobs.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "app/cli/archive.h"
#include "app/cli/exit_code.h"
#include "app/cli/table.h"

namespace tradewind::cli {

// `which`: a step or the beginning of an id; empty: the newest.
Result<ExitCode> show_checkpoint(const Archive& archive, const std::string& which, Context& context);
// From `before` to `after`. One empty: the newest; both: the newest two.
Result<ExitCode> diff_checkpoints(const Archive& archive, const std::string& before, const std::string& after,
                                  Context& context);
// Takes from the stores `from`, URLs or paths, what is damaged or missing in the archive.
Result<ExitCode> repair_checkpoints(const Archive& archive, const std::vector<std::string>& from,
                                    bool dry_run, const sealing::AskForKey& ask, Context& context);

// "loss=2.31 lr=0.1"
std::string metrics_text(const std::map<std::string, double>& metrics);
// One text for each row, as the last column; none where all are empty.
void add_metrics(Table& table, const std::vector<std::string>& texts);

// That a restore proved what it brought.
void print_proof(const std::string& root_digest, bool read_back, Context& context);

// {"object","problem"} of "chunks/ab/ab12… in file:///x is missing": keys hold no space.
json::value damage_json(const std::string& problem);

}  // namespace tradewind::cli
