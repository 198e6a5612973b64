#include "edge/drivers/slurm/command_controller.h"

#include "base/text.h"
#include "edge/drivers/slurm/array_text.h"
#include "edge/drivers/slurm/command_output.h"

namespace tradewind::slurm {
namespace {

// Slurm counts whole minutes, and no less than one.
std::string minutes_of(Duration span) {
  const auto minutes = std::chrono::ceil<std::chrono::minutes>(span).count();
  return std::to_string(std::max<decltype(minutes)>(minutes, 1));
}

void add_if(std::vector<std::string>& arguments, std::string_view option, const std::string& value) {
  if (!value.empty()) arguments.push_back(std::string(option) + "=" + value);
}

// "sbatch: Job 2 to start at 2026-11-26T21:24:15 using …", which SLURM_TIME_FORMAT does not change
// everywhere.
std::optional<std::string> start_words(std::string_view text) {
  constexpr std::string_view before = " to start at ";
  const std::size_t at = text.find(before);
  if (at == std::string_view::npos) return std::nullopt;
  text.remove_prefix(at + before.size());
  return std::string(text.substr(0, text.find(' ')));
}

}  // namespace

std::vector<std::string> sbatch_arguments(const SubmitRequest& request) {
  std::vector<std::string> arguments = {"--parsable",
                                        "--no-requeue",
                                        "--export=NONE",
                                        "--open-mode=append",
                                        "--nodes=" + std::to_string(request.nodes),
                                        "--ntasks=" + std::to_string(request.nodes),
                                        "--job-name=" + request.name,
                                        "--comment=" + request.comment,
                                        "--partition=" + request.partition,
                                        "--chdir=" + request.folder,
                                        "--output=" + request.output,
                                        "--cpus-per-task=" + std::to_string(request.cpus)};
  add_if(arguments, "--array", request.array);
  if (request.memory_mib > 0) arguments.push_back("--mem=" + std::to_string(request.memory_mib) + "M");
  add_if(arguments, "--gres", request.gres);
  add_if(arguments, "--account", request.account);
  add_if(arguments, "--qos", request.qos);
  add_if(arguments, "--reservation", request.reservation);
  add_if(arguments, "--constraint", request.constraint);
  if (request.exclusive) arguments.emplace_back("--exclusive");
  if (request.time_limit > Duration(0)) arguments.push_back("--time=" + minutes_of(request.time_limit));
  const auto lead = std::chrono::ceil<std::chrono::seconds>(request.notice_lead).count();
  if (lead > 0) arguments.push_back("--signal=B:USR1@" + std::to_string(lead));
  arguments.insert(arguments.end(), request.more.begin(), request.more.end());
  return arguments;
}

Result<io::CommandOutput> CommandController::run(std::vector<std::string> argv, const std::string& input) {
  const std::string what = argv.front();
  // Times as seconds; names of options that the user's own environment sets are no concern of ours.
  std::vector<std::string> all = {"env", "LC_ALL=C", "SLURM_TIME_FORMAT=%s"};
  all.insert(all.end(), argv.begin(), argv.end());
  TW_ASSIGN_OR_RETURN(io::CommandOutput output,
                      host_.run({std::move(all), input, patience_, std::size_t{256} << 20}));
  if (output.status.success()) return output;
  if (output.status.shell_code() == 127)
    return Error{Code::not_found, what + " is not installed on " + host_.name(),
                 "install Slurm's client programs there"};
  return slurm_error(what + " on " + host_.name() + " failed", output.err);
}

Result<std::string> CommandController::submit(const SubmitRequest& request) {
  std::vector<std::string> argv = sbatch_arguments(request);
  argv.insert(argv.begin(), "sbatch");
  TW_ASSIGN_OR_RETURN(const io::CommandOutput output, run(std::move(argv), request.script));
  // "17" or "17;cluster".
  const std::string id(trim(std::string_view(output.out).substr(0, output.out.find(';'))));
  if (id.empty() || id.find_first_not_of("0123456789") != std::string::npos)
    return Error{Code::unavailable, "sbatch on " + host_.name() + " did not print a job's number but '" +
                                        std::string(trim(output.out)) + "'"};
  return id;
}

Result<int> CommandController::array_max() {
  TW_ASSIGN_OR_RETURN(const io::CommandOutput output, run({"scontrol", "show", "config"}));
  return parse_array_max(output.out);
}

Result<std::vector<Job>> CommandController::jobs() {
  TW_ASSIGN_OR_RETURN(const io::CommandOutput output,
                      run({"squeue", "--me", "--array", "--noheader", "--states=all", "-o", squeue_format}));
  return parse_squeue(output.out);
}

// Without a filter scancel asks for no list of jobs, and sends one request for each of its arguments.
Status CommandController::cancel(const std::vector<Cancellation>& which) {
  std::vector<std::string> argv = {"scancel", "--quiet"};
  for (const Cancellation& each : which) {
    const std::vector<std::string> folded = fold_ids(each.ids);
    argv.insert(argv.end(), folded.begin(), folded.end());
    if (!each.ids.empty()) continue;
    const Result<io::CommandOutput> output =
        run({"sh", "-c", "exec scancel --quiet --name=\"$1\" --user=\"$(id -un)\"", "scancel", each.name});
    if (!output) return output.error();
  }
  if (argv.size() == 2) return {};
  const Result<io::CommandOutput> output = run(std::move(argv));
  if (output || is_gone(output.error())) return {};
  return output.error();
}

Result<std::vector<Partition>> CommandController::partitions() {
  TW_ASSIGN_OR_RETURN(const io::CommandOutput shown, run({"scontrol", "--oneliner", "show", "partition"}));
  std::vector<Partition> partitions = parse_partitions(shown.out);
  TW_ASSIGN_OR_RETURN(const io::CommandOutput nodes, run({"sinfo", "--noheader", "-N", "-o", sinfo_format}));
  TW_RETURN_IF_ERROR(add_nodes(nodes.out, partitions));
  return partitions;
}

Result<std::optional<Time>> CommandController::expected_start(const SubmitRequest& request) {
  std::vector<std::string> argv = sbatch_arguments(request);
  argv.insert(argv.begin(), {"sbatch", "--test-only"});
  TW_ASSIGN_OR_RETURN(const io::CommandOutput output, run(std::move(argv), request.script));
  const std::optional<std::string> words = start_words(output.err);
  if (!words) return std::optional<Time>();
  // In the host's own zone: only `date` there knows which.
  TW_ASSIGN_OR_RETURN(
      const io::CommandOutput date,
      run({"sh", "-c", "case $1 in *[!0-9]*) exec date -d \"$1\" +%s ;; *) echo \"$1\" ;; esac", "date",
           *words}));
  const Result<Duration> since = parse_duration(std::string(trim(date.out)));
  if (!since) return std::optional<Time>();
  return std::optional<Time>(Time(*since));
}

}  // namespace tradewind::slurm
