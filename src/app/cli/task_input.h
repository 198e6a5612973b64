// From a task file, or a bare command, to what is submitted.
#pragma once

#include "app/cli/context.h"
#include "core/model/job.h"

namespace tradewind::cli {

// `file` may be "-": stdin. Prints the file's warnings. not_found, unauthorized; invalid_argument with all
// that is wrong in the file, each with its place (for people also with its line and a mark under it).
Result<JobSpec> read_task(const std::string& file, const TaskChanges& changes, bool run_required,
                          Context& context);

// A job that runs these words in the working folder.
Result<JobSpec> task_of_command(const std::vector<std::string>& command, const TaskChanges& changes,
                                Context& context);

// Restricts the job to these places.
Status restrict_to(const std::vector<std::string>& infra, JobSpec& spec);

// The words as one line for a POSIX shell.
std::string shell_line(const std::vector<std::string>& words);

}  // namespace tradewind::cli
