#include "core/task/sbatch_run.h"

#include <algorithm>

#include "base/text.h"

namespace tradewind::task {
namespace {

// @NAME@ stands for what is filled in.
constexpr std::string_view opening = R"sh(# Starts @NAME@ as Slurm would; made by tradewind sbatch.
spool=${TRADEWIND_OUTPUT_DIR%/*}
export PATH # a shell has one, also where the environment has none
@FOLDER@export SLURM_JOB_NODELIST="${SLURM_JOB_NODELIST:-$(uname -n)}" SLURM_CPUS_ON_NODE="${SLURM_CPUS_ON_NODE:-$(nproc)}"
export SLURM_GPUS_ON_NODE="${SLURM_GPUS_ON_NODE:-$TRADEWIND_NUM_GPUS_PER_NODE}"
case $TRADEWIND_LOCATION in
slurm/*) export SLURM_EXPORT_ENV=ALL ;; # an allocation has its own; srun takes along what the script exports
*)
  export SLURM_JOB_ID="$TRADEWIND_JOB_ID" SLURM_JOBID="$TRADEWIND_JOB_ID" SLURM_LOCALID=0 SLURM_TASK_PID=$$
  export SLURM_JOB_USER="$(id -un)" SLURM_JOB_UID="$(id -u)" SLURM_CLUSTER_NAME=tradewind
  export SLURM_JOB_NUM_NODES="$TRADEWIND_NUM_NODES" SLURM_NNODES="$TRADEWIND_NUM_NODES"
  export SLURM_NODEID="$TRADEWIND_NODE_RANK" SLURM_PROCID="$TRADEWIND_NODE_RANK" SLURM_NODELIST="$SLURM_JOB_NODELIST"
@SRUN@  ;;
esac
[ "$TRADEWIND_ATTEMPT" -le 1 ] || export SLURM_RESTART_COUNT=$((TRADEWIND_ATTEMPT - 1))
@ARRAY@)sh";

constexpr std::string_view folder_in_place =
    R"sh(if [ "${TRADEWIND_LOCATION%%/*}" = local ] && cd @FOLDER@; then
  export SLURM_SUBMIT_DIR=@SUBMIT@
else
  export SLURM_SUBMIT_DIR="$PWD"
fi
)sh";

constexpr std::string_view folder_copied = "export SLURM_SUBMIT_DIR=\"$PWD\"\n";

// Of one node, where there is no Slurm. Options that take a value may have it as the next word.
constexpr std::string_view srun = R"sh(  mkdir -p "$spool/bin"
  cat >"$spool/bin/srun" <<'END_OF_SRUN'
#!/bin/sh
# Starts a command once for each task, all on this node: what is left of srun without Slurm.
tasks=${SLURM_NTASKS:-1}
while [ $# -gt 0 ]; do
  case $1 in
  --) shift; break ;;
  --ntasks=*) tasks=${1#*=} ;;
  -n | --ntasks) tasks=$2; shift ;;
  -n*) tasks=${1#-n} ;;
  --*=*) ;;
  --pty | --exclusive | --exact | --overlap | --label | --unbuffered | --verbose | --quiet | --overcommit | \
    --kill-on-bad-exit | --no-kill | --oversubscribe | --contiguous | --multi-prog) ;;
  -[lOuvQsKk]) ;;
  -?) shift ;;
  --*) shift ;;
  -*) ;;
  *) break ;;
  esac
  shift
done
[ $# -gt 0 ] || { echo "srun: there is no command" >&2; exit 1; }
[ "$tasks" -gt 1 ] || exec "$@"
export SLURM_NTASKS="$tasks" SLURM_NPROCS="$tasks"
task=0 started= worst=0
while [ "$task" -lt "$tasks" ]; do
  SLURM_PROCID=$task SLURM_LOCALID=$task "$@" &
  started="$started $!" task=$((task + 1))
done
for each in $started; do
  wait "$each" || { code=$?; [ "$code" -le "$worst" ] || worst=$code; }
done
exit "$worst"
END_OF_SRUN
  chmod 755 "$spool/bin/srun"
  export PATH="$spool/bin:$PATH"
)sh";

// The watch leaves the family of processes that the script waits for, and ends with the job.
constexpr std::string_view limit = R"sh(limit_watch() {
@SIGNAL@  sleep @LEFT@ && {
    trap '' TERM
    echo "slurmstepd: error: *** JOB $SLURM_JOB_ID CANCELLED DUE TO TIME LIMIT ***" >&2
    kill -TERM -- "-$1" 2>/dev/null || kill -TERM "$1"
    sleep 30
    kill -KILL "$1"
  }
}
(limit_watch $$ &)
)sh";

constexpr std::string_view closing = R"sh(cat >"$spool/slurm_script" <<'@END@'
@SCRIPT@@END@
chmod 700 "$spool/slurm_script"
exec @INTERPRETER@ "$spool/slurm_script"@ARGUMENTS@
)sh";

std::string filled(std::string_view text,
                   const std::vector<std::pair<std::string_view, std::string>>& values) {
  std::string out;
  while (!text.empty()) {
    const std::size_t at = std::min(text.find('@'), text.size());
    out += text.substr(0, at);
    text.remove_prefix(at);
    if (text.empty()) break;
    const auto* const end = values.data() + values.size();
    const auto* const found = std::find_if(values.data(), end, [&](const auto& value) {
      return text.substr(1).starts_with(value.first) && text.substr(1 + value.first.size()).starts_with('@');
    });
    if (found == end) {
      out += '@';
      text.remove_prefix(1);
    } else {
      out += found->second;
      text.remove_prefix(found->first.size() + 2);
    }
  }
  return out;
}

bool has_word(std::string_view text, std::string_view word) {
  const auto is_part = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '/';
  };
  for (std::size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    if ((at == 0 || !is_part(text[at - 1])) && (end == text.size() || !is_part(text[end]))) return true;
  }
  return false;
}

// A line that does not occur in the script.
std::string end_mark(std::string_view script) {
  const std::string base = "END_OF_BATCH_SCRIPT";
  std::string mark = base;
  for (int i = 2; script.find(mark) != std::string_view::npos; ++i) mark = base + std::to_string(i);
  return mark;
}

std::string folder_part(const SbatchRun& run) {
  if (!run.in_place) return std::string(folder_copied);
  return filled(folder_in_place,
                {{"FOLDER", shell_word(run.folder)}, {"SUBMIT", shell_word(run.submit_dir)}});
}

std::string limit_part(const SbatchRun& run) {
  if (!run.limit) return "";
  const std::int64_t all_s = std::chrono::duration_cast<std::chrono::seconds>(*run.limit).count();
  std::int64_t left_s = all_s;
  std::string signal;
  if (run.signal) {
    left_s = std::min<std::int64_t>(run.signal->before_s, all_s);
    signal = "  sleep " + std::to_string(all_s - left_s) + " && kill -" + run.signal->name.substr(3) +
             " \"$1\" || return\n";
  }
  return filled(limit, {{"SIGNAL", signal}, {"LEFT", std::to_string(left_s)}});
}

}  // namespace

std::string shell_word(std::string_view text) {
  const bool plain = !text.empty() && text.find_first_not_of(
                                          "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                          "0123456789_-./=:,+@%") == std::string_view::npos;
  if (plain) return std::string(text);
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

std::string sbatch_run_text(const SbatchRun& run) {
  std::string name = run.name;
  std::replace(name.begin(), name.end(), '\n', ' ');
  std::string script = run.script;
  if (!script.ends_with('\n')) script += '\n';
  std::vector<std::string> interpreter;
  for (const std::string& word : run.interpreter) interpreter.push_back(shell_word(word));
  std::string arguments;
  for (const std::string& word : run.arguments) arguments += " " + shell_word(word);
  const std::string array = run.first_of_array ? "export SLURM_ARRAY_JOB_ID=\"$TRADEWIND_JOB_ID\"\n" : "";
  std::string text = filled(opening, {{"NAME", name},
                                      {"FOLDER", folder_part(run)},
                                      {"SRUN", has_word(script, "srun") ? std::string(srun) : ""},
                                      {"ARRAY", array}});
  text += limit_part(run);
  text += filled(closing, {{"END", end_mark(script)},
                           {"SCRIPT", script},
                           {"INTERPRETER", join(interpreter, " ")},
                           {"ARGUMENTS", arguments}});
  return text;
}

}  // namespace tradewind::task
