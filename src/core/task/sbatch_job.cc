#include "core/task/sbatch_job.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/text.h"
#include "core/task/sbatch_reader.h"
#include "core/task/sbatch_script.h"

namespace tradewind::task {
namespace {

constexpr std::size_t name_length_max = 63;  // as of task files

// A job's name as all suppliers take it.
std::string plain_name(std::string_view text) {
  std::string name;
  for (const char c : text) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (is_plain || (!name.empty() && (c == '-' || c == '_' || c == '.'))) {
      name += c;
    } else if (!name.empty() && name.back() != '-') {
      name += '-';
    }
  }
  name.resize(std::min(name.size(), name_length_max));
  while (!name.empty() && name.back() == '-') name.pop_back();
  return name.empty() ? "job" : name;
}

std::string absolute(const std::string& path, const std::string& folder) {
  if (path.starts_with('/')) return path;
  return folder == "/" ? "/" + path : folder + "/" + path;
}

// "train.sh" of "runs/train.sh".
std::string last_part(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

void read_name(SbatchReader& reader, const SbatchInput& input, SbatchJob& job) {
  const SbatchGiven* name = reader.last("job-name");
  job.slurm_name = name != nullptr && !name->value.empty() ? name->value
                   : reader.last("wrap") != nullptr        ? "wrap"
                   : input.file_name.empty()               ? "sbatch"
                                                           : last_part(input.file_name);
  job.spec.name = plain_name(job.slurm_name);
  job.spec.envs["SLURM_JOB_NAME"] = job.slurm_name;
}

void read_time(SbatchReader& reader, SbatchJob& job) {
  const auto limit = reader.value("time", parse_slurm_time);
  if (!limit || !*limit) return;
  job.run.limit = **limit;
  job.spec.duration = **limit;
}

// The script is told by the limit's watch, the program of a job with checkpoints by the agent as well.
void read_signal(SbatchReader& reader, SbatchJob& job) {
  const auto signal = reader.value("signal", parse_slurm_signal);
  if (!signal) return;
  const bool saves = !job.spec.checkpoint.path.empty();
  if (saves) job.spec.checkpoint.signal = signal->name;
  if (signal->to_shell && job.run.limit) {
    job.run.signal = *signal;
  } else if (!saves) {
    reader.not_done("signal", signal->to_shell
                                  ? "it comes before the end of --time, and there is none"
                                  : "there are no steps of srun's: with --checkpoint DIR it makes "
                                    "the program save, with B: and --time it tells the script");
  }
}

void read_deadline(SbatchReader& reader, const SbatchFacts& facts, SbatchJob& job) {
  const SbatchGiven* given = reader.last("deadline");
  if (given == nullptr) return;
  if (const auto offset = parse_slurm_offset(given->value)) {
    job.spec.deadline_after = *offset;
    return;
  }
  const auto moment = facts.local_time ? facts.local_time(given->value) : std::nullopt;
  if (!moment) {
    return reader.error(*given, "'" + given->value + "' is no deadline that is understood",
                        "write now+2hours, 2026-11-24 or 2026-11-24T18:30");
  }
  job.spec.deadline_at = *moment;
}

bool is_variable_name(std::string_view name) {
  const auto is_allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c >= '0' && c <= '9');
  };
  return !name.empty() && !(name[0] >= '0' && name[0] <= '9') &&
         std::all_of(name.begin(), name.end(), is_allowed) && !starts_with_ignoring_case(name, "TRADEWIND_");
}

// Variables that the script reads, that stand in the environment, and that no machine has by itself.
std::vector<std::string> left_behind(const SbatchFacts& facts, const SbatchJob& job,
                                     std::string_view script) {
  static constexpr std::string_view everywhere[] = {"HOME",   "PATH",   "USER",  "LOGNAME",  "SHELL",
                                                    "PWD",    "OLDPWD", "TERM",  "HOSTNAME", "LANG",
                                                    "TMPDIR", "UID",    "SHLVL", "_"};
  std::vector<std::string> names;
  for (const auto& [name, value] : facts.environment) {
    const bool is_own = std::find(std::begin(everywhere), std::end(everywhere), name) != std::end(everywhere);
    if (is_own || name.starts_with("SLURM") || name.starts_with("TRADEWIND_") || job.spec.envs.contains(name))
      continue;
    if (reads_variable(script, name)) names.push_back(name);
  }
  return names;
}

void read_export(SbatchReader& reader, const SbatchFacts& facts, std::string_view script, SbatchJob& job) {
  const SbatchGiven* given = reader.last("export");
  bool all = given == nullptr;
  for (const std::string& item : given == nullptr ? std::vector<std::string>() : split(given->value, ',')) {
    const std::size_t equals = item.find('=');
    const std::string name = item.substr(0, equals);
    if (item == "ALL" || item == "NONE" || item == "NIL") {
      all = all || item == "ALL";
    } else if (!is_variable_name(name)) {
      reader.error(*given, "'" + name + "' is no name for a variable", "write --export=NAME,NAME=VALUE");
    } else if (equals != std::string::npos) {
      job.spec.envs[name] = item.substr(equals + 1);
    } else if (const auto here = facts.environment.find(name); here != facts.environment.end()) {
      job.spec.envs[name] = here->second;
    } else {
      reader.note("--export=" + name + " (there is no such variable here)");
    }
  }
  if (!all) return;
  const std::vector<std::string> missing = left_behind(facts, job, script);
  if (missing.empty()) return;
  reader.note("the environment of this shell, of which the script reads " + join(missing, ", ") +
              " (--export=" + join(missing, ",") + " takes that along)");
}

void read_output(SbatchReader& reader, const std::string& folder, SbatchJob& job) {
  const SbatchGiven* output = reader.last("output");
  const SbatchGiven* error = reader.last("error");
  const std::string pattern = output != nullptr ? output->value
                              : job.array       ? "slurm-%A_%a.out"
                                                : "slurm-%j.out";
  job.output = lower(pattern) == "none" ? "/dev/null" : absolute(pattern, folder);
  for (const std::string& unknown : unknown_patterns(pattern)) {
    reader.note(unknown + " in --output (it cannot be known)");
  }
  if (error != nullptr && error->value != pattern)
    reader.not_done("error", "output and errors come as one, in their order");
  const SbatchGiven* mode = reader.last("open-mode");
  if (mode == nullptr) return;
  const std::string word = lower(mode->value);
  if (word != "append" && word != "truncate" && word != "a" && word != "t")
    return reader.error(*mode, "'" + mode->value + "' is no mode of a file", "write append or truncate");
  job.append = word[0] == 'a';
}

std::vector<Location> read_places(SbatchReader& reader, const SbatchGiven& given) {
  std::vector<Location> places;
  for (const std::string& each : split(given.value, ',')) {
    const Result<Location> place = parse_location(each);
    if (!place.ok()) {
      reader.error(given, place.error().message, place.error().hint);
    } else {
      places.push_back(*place);
    }
  }
  return places;
}

std::vector<std::string> list_of(const SbatchGiven* given) {
  return given == nullptr ? std::vector<std::string>{""} : split(given->value, ',');
}

// A partition is a place of the clusters that are configured; without any, the job runs anywhere.
void read_infra(SbatchReader& reader, const SbatchFacts& facts, SbatchJob& job) {
  const SbatchGiven* infra = reader.last("infra");
  const SbatchGiven* partition = reader.last("partition");
  const SbatchGiven* clusters = reader.last("clusters");
  if (partition != nullptr) job.spec.envs["SLURM_JOB_PARTITION"] = partition->value;
  if (infra != nullptr) {
    for (const char* name : {"partition", "clusters"}) reader.not_done(name, "--infra says where");
    job.spec.resources.infra = read_places(reader, *infra);
    return;
  }
  if ((partition == nullptr && clusters == nullptr) || !facts.slurm_places) return;
  for (const std::string& cluster : list_of(clusters)) {
    for (const std::string& each : list_of(partition)) {
      for (Location& place : facts.slurm_places(cluster, each))
        job.spec.resources.infra.push_back(std::move(place));
    }
  }
  if (!job.spec.resources.infra.empty()) return;
  reader.not_done("partition", "no cluster of slurm.yaml has it, so the job runs anywhere");
  reader.not_done("clusters", "there is none of that name in slurm.yaml, so the job runs anywhere");
}

// Where the job's folder is its home or all of the machine, nothing is copied.
void settle_folder(SbatchReader& reader, const SbatchFacts& facts, SbatchJob& job) {
  const SbatchGiven* chdir = reader.last("chdir");
  job.run.submit_dir = facts.submit_dir;
  job.run.folder = chdir == nullptr ? facts.submit_dir : absolute(chdir->value, facts.submit_dir);
  while (job.run.folder.size() > 1 && job.run.folder.ends_with('/')) job.run.folder.pop_back();
  const std::vector<Location>& infra = job.spec.resources.infra;
  const bool stays_here =
      !infra.empty() && std::all_of(infra.begin(), infra.end(),
                                    [](const Location& place) { return place.provider == "local"; });
  // A state that moves with the job must lie where the agent sees it: in the copy.
  job.run.in_place = job.spec.checkpoint.path.empty();
  if (stays_here && job.run.in_place) return;
  if (job.run.folder != "/" && job.run.folder != facts.home_dir) {
    job.spec.workdir = job.run.folder;
    return;
  }
  reader.note(
      "the files of " + job.run.folder +
      " (your home is not copied to other machines: submit from the job's folder, or name it by --chdir)");
}

void read_own(SbatchReader& reader, SbatchJob& job) {
  if (const SbatchGiven* path = reader.last("checkpoint")) {
    const std::vector<std::string> parts = split(path->value, '/');
    if (path->value.empty() || path->value[0] == '/' ||
        std::find(parts.begin(), parts.end(), "..") != parts.end()) {
      reader.error(*path, "'" + path->value + "' is no folder inside the job's",
                   "write a relative path: state");
    }
    job.spec.checkpoint.path = path->value;
  }
  if (const SbatchGiven* budget = reader.last("budget")) {
    std::string_view amount = budget->value;
    if (amount.starts_with('$')) amount.remove_prefix(1);
    const Result<Money> money = Money::parse(amount);
    if (!money.ok() || money->nanos() <= 0) {
      return reader.error(*budget, "'" + budget->value + "' is no amount of US dollars", "write 25 or $25");
    }
    job.spec.budget = *money;
  }
  for (const SbatchGiven* each : reader.all("outputs")) {
    for (const std::string& path : split(each->value, ',')) {
      if (!trim(path).empty()) job.spec.outputs.emplace_back(trim(path));
    }
  }
}

void read_priority(SbatchReader& reader, SbatchJob& job) {
  const SbatchGiven* nice = reader.last("nice");
  if (nice == nullptr) return;
  constexpr int range = 1000;
  const std::string text = nice->value.empty() ? "100" : nice->value;
  const bool minus = text.starts_with('-');
  const Result<int> by = parse_slurm_count(minus ? text.substr(1) : text, 2'147'483'645);
  if (text == "0") return;
  if (!by.ok()) return reader.error(*nice, by.error().message, "");
  job.spec.priority = (minus ? 1 : -1) * std::min(*by, range);
}

void read_flags(const SbatchReader& reader, SbatchJob& job) {
  job.wait = reader.last("wait") != nullptr;
  job.test_only = reader.last("test-only") != nullptr;
  job.parsable = reader.last("parsable") != nullptr;
  job.quiet = reader.last("quiet") != nullptr;
  job.print = reader.last("print") != nullptr;
}

void read_array(SbatchReader& reader, SbatchJob& job) {
  job.array = reader.value("array", parse_slurm_array);
  if (!job.array) return;
  const SlurmArray& array = *job.array;
  std::map<std::string, std::string>& envs = job.spec.envs;
  envs["SLURM_ARRAY_TASK_COUNT"] = std::to_string(array.indexes.size());
  envs["SLURM_ARRAY_TASK_MIN"] = std::to_string(array.indexes.front());
  envs["SLURM_ARRAY_TASK_MAX"] = std::to_string(array.indexes.back());
  envs["SLURM_ARRAY_TASK_STEP"] = std::to_string(array.step);
  if (array.at_once > 0 && array.at_once < array.indexes.size())
    reader.not_done("array", "how many run at once is not limited");
}

void read_all(SbatchReader& reader, const SbatchInput& input, const SbatchFacts& facts, SbatchJob& job) {
  read_flags(reader, job);
  read_name(reader, input, job);
  read_own(reader, job);
  read_array(reader, job);
  read_time(reader, job);
  read_signal(reader, job);
  read_deadline(reader, facts, job);
  read_sbatch_resources(reader, facts, job);
  read_infra(reader, facts, job);
  settle_folder(reader, facts, job);
  read_output(reader, job.run.folder, job);
  read_priority(reader, job);
  read_export(reader, facts, job.run.script, job);
  job.spec.envs["SLURM_SUBMIT_HOST"] = facts.host;
}

std::string script_text(const SbatchInput& input, std::vector<TaskError>& errors) {
  for (const SbatchGiven& given : input.command_line) {
    if (given.option->name != "wrap") continue;
    if (input.file_name.empty() && input.script.empty()) return wrapped_script(given.value);
    errors.push_back(error_at(given, "Script arguments are not permitted with --wrap option", ""));
  }
  return input.script;
}

}  // namespace

SbatchOutcome make_sbatch_job(const SbatchInput& input, const SbatchFacts& facts) {
  SbatchOutcome outcome;
  SbatchJob& job = outcome.job;
  job.run.script = script_text(input, outcome.errors);
  const BatchScript script = read_batch_script(job.run.script);
  SbatchReader reader(script, facts.environment, input.command_line);
  job.run.name = input.file_name.empty() ? "a script" : last_part(input.file_name);
  job.run.arguments = input.arguments;
  job.run.interpreter = {script.interpreter};
  if (!script.argument.empty()) job.run.interpreter.push_back(script.argument);
  outcome.errors.insert(outcome.errors.end(), script.errors.begin(), script.errors.end());
  read_all(reader, input, facts, job);
  job.not_done = reader.all_not_done();
  std::vector<TaskError> found = reader.take_errors();
  outcome.errors.insert(outcome.errors.end(), found.begin(), found.end());
  std::stable_sort(outcome.errors.begin(), outcome.errors.end(), [](const TaskError& a, const TaskError& b) {
    return std::pair(a.line, a.column) < std::pair(b.line, b.column);
  });
  if (outcome.ok()) job.spec.run = sbatch_run_text(job.run);
  return outcome;
}

JobSpec element_of(const SbatchJob& job, std::uint32_t index, const std::string& array_job) {
  JobSpec spec = job.spec;
  const std::string number = "_" + std::to_string(index);
  spec.name = spec.name.substr(0, name_length_max - number.size()) + number;
  spec.envs["SLURM_ARRAY_TASK_ID"] = std::to_string(index);
  SbatchRun run = job.run;
  run.first_of_array = array_job.empty();
  if (!array_job.empty()) spec.envs["SLURM_ARRAY_JOB_ID"] = array_job;
  spec.run = sbatch_run_text(run);
  return spec;
}

}  // namespace tradewind::task
