#include "edge/drivers/slurm/batch_script.h"

#include <algorithm>
#include <chrono>

#include "edge/io/host.h"

namespace tradewind::slurm {
namespace {

// clang-format off
// Who of the array is this? An instance that ended while it waited may be gone.
constexpr const char* finding = R"sh(
token=$(sed -n "$((SLURM_ARRAY_TASK_ID + 1))p" "$array/tokens")
folder=$instances/$token
[ -n "$token" ] && [ -e "$folder/agent" ] || exit 0
exec >>"$folder/job.log" 2>&1
. "$folder/agent"
)sh";

// Claim, then begin.
constexpr const char* opening = R"sh(
[ -n "$HOME" ] || HOME=$(getent passwd "$(id -u)" | cut -d: -f6)
export HOME USER=${USER:-$(id -un)} LOGNAME=${LOGNAME:-$(id -un)}
cd "$folder" || exit 1
job=$SLURM_JOB_ID
if [ -n "$SLURM_ARRAY_JOB_ID" ]; then job=${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID; fi
agent=
scratch=
made=
ends_at=
told=
told_reason=
code=
say() { printf '%s %s\n' "$(date -u +%FT%TZ)" "$*"; }
note_end() { # KIND REASON: the first word holds
  printf '%s %s %s\n' "$(date +%s)" "$1" "$2" >"end.$job" && ln "end.$job" end 2>/dev/null
  rm -f "end.$job"
}
if [ "${SLURM_RESTART_COUNT:-0}" -gt 0 ]; then
  say "requeued by the cluster: one token is one run, so nothing is run again"
  rm -f secrets
  note_end requeued "the cluster put job $job back into its queue; what it ran was cut off"
  exit 0
fi
[ ! -e end ] || exit 0
printf '%s\n' "$job" >"claim.$job" && ln "claim.$job" job 2>/dev/null
rm -f "claim.$job"
if [ "$(cat job)" != "$job" ]; then
  say "job $(cat job) has this token: job $job ends without doing anything"
  exit 0
fi
if [ -e terminate ]; then
  rm -f secrets
  note_end terminated "terminated on request"
  exit 0
fi
touch beat
)sh";

// Where the agent works. /tmp may be mounted noexec, and jobs that were killed leave their folders there.
constexpr const char* making_scratch = R"sh(parents=("${TMPDIR:-/tmp}" "$folder")
[ "$nodes" = 1 ] || parents=("$folder")  # what all nodes see
for parent in "${parents[@]}"; do
  for old in "$parent"/tradewind-slurm-[0-9]*; do
    [ -O "$old" ] || continue
    if [ -e "$old/.alive" ]; then
      flock -n "$old/.alive" rm -rf "$old" 2>/dev/null
    elif [ -n "$(find "$old" -maxdepth 0 -mmin +60 2>/dev/null)" ]; then
      rm -rf "$old"
    fi
  done
  made=$(mktemp -d "$parent/tradewind-slurm-$job-XXXXXX" 2>/dev/null) || continue
  printf '#!/bin/sh\n' >"$made/probe" && chmod 700 "$made/probe"
  if "$made/probe" 2>/dev/null; then
    rm -f "$made/probe"
    scratch=$made
    break
  fi
  rm -rf "$made"
done
if [ -z "$scratch" ]; then
  rm -f secrets
  note_end failed "no folder for its work: none of ${parents[*]} lets programs run"
  exit 1
fi
# Under its name it is locked from the first moment: others take what is not for left behind.
exec 9>"$scratch/.alive.new" && flock -n 9 && mv "$scratch/.alive.new" "$scratch/.alive"
mkdir "$scratch/tmp" "$scratch/work"
)sh";

constexpr const char* ending = R"sh(announce() { # KIND SECONDS REASON: tells the agent, once
  [ -z "$told" ] || return 0
  told=$1
  told_reason=$3
  say "$3"
  printf '{"action":"terminate","deadline":"%s","reason":"%s"}\n' "$(date -u -d "@$2" +%FT%TZ)" "$3" >notice.new
  mv notice.new notice
}
on_signal() { # SIGNAL
  local now
  now=$(date +%s)
  if [ -z "$agent" ]; then
    told=stopped
    told_reason="Slurm job $job is ended by Slurm before its agent began"
    exit 1
  fi
  if [ -e terminate ]; then
    kill -KILL -- "-$agent" 2>/dev/null
  elif [ -n "$ends_at" ] && [ "$((ends_at - now))" -le "$((lead + 90))" ]; then
    announce limit "$ends_at" "the time limit of Slurm job $job is near"
  elif [ "$1" = USR1 ]; then
    announce preempted "$((now + grace))" "Slurm job $job is preempted by a job of higher priority"
  else
    announce stopped "$((now + 20))" "Slurm job $job is ended by Slurm"
  fi
}
# What the agent started on other nodes does not end with it, and must before anybody hears that this job has.
end_steps() {
  local left
  rm -rf "$scratch"/work/gang-*
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    left=$(timeout 10 squeue --noheader --steps --jobs="$job" -o %i) || return 0
    left=$(printf '%s\n' "$left" | grep '\.[0-9][0-9]*$') || return 0
    timeout 10 scancel $left
    sleep 0.5
  done
}
leave() {
  # A child that is killed before it has become its program would do this as well.
  [ "$BASHPID" = "$$" ] || return 0
  trap '' USR1 TERM INT HUP
  [ -z "$agent" ] || kill -KILL -- "-$agent" 2>/dev/null
  [ "$nodes" = 1 ] || end_steps 2>/dev/null
  rm -rf "$made" "$scratch" notice secrets launcher
  [ -n "$code" ] || code="not known"
  if [ -e terminate ]; then
    note_end terminated "terminated on request"
  elif [ -n "$told" ] && [ "$code" = "not known" ]; then
    note_end "$told" "$told_reason"
  elif [ -n "$told" ]; then
    note_end "$told" "$told_reason; the agent ended: exit code $code"
  else
    note_end done "the agent ended: exit code $code"
  fi
}
trap leave EXIT
trap 'on_signal USR1' USR1
trap 'on_signal TERM' TERM INT HUP
)sh";

// How the agent starts what the user wants on all nodes: srun, from within the allocation. sbatch was told to
// export nothing, which srun would take for itself. --overlap: the user's own steps have room beside it.
constexpr const char* gathering = R"sh(if [ "$nodes" -gt 1 ]; then
  cat >launcher <<'END'
#!/bin/bash
exec srun --nodes="$SLURM_JOB_NUM_NODES" --ntasks="$SLURM_JOB_NUM_NODES" --ntasks-per-node=1 \
  --cpus-per-task="${SLURM_CPUS_PER_TASK:-1}" --export=ALL --input=none --kill-on-bad-exit=1 --overlap --quiet \
  /bin/bash -c 'export TRADEWIND_NODE_RANK=$SLURM_PROCID; exec "$@"' rank "$@"
END
  chmod 700 launcher
  address_of() { getent ahostsv4 "$1" | sed -n '1s/ .*//p'; }
  ips=
  for host in $(scontrol show hostnames "$SLURM_JOB_NODELIST"); do
    ip=$(address_of "$host")
    # A node's own name may mean itself to it alone, and addresses may be the controller's secret.
    case $ip in '' | 127.*)
      at=$(scontrol --oneliner show node "$host" | sed -n 's/.* NodeAddr=\([^ ]*\).*/\1/p')
      ip=$host
      [ -z "$at" ] || [ "$at" = "$host" ] || ip=$(address_of "$at")
      ;;
    esac
    ips=$ips${ips:+,}${ip:-$host}
  done
  program+=("--launcher=$folder/launcher" "--node-ips=$ips")
fi
)sh";

constexpr const char* running = R"sh(now=$(date +%s)
ends_at=$SLURM_JOB_END_TIME
# The elements of an array have one time limit: the first asks for all, lest thousands ask the controller.
if [ -z "$ends_at" ] && [ -n "$array" ] && [ -s "$array/limit" ]; then
  read -r ends_at <"$array/limit"
  case $ends_at in *[!0-9]*) ;; *) ends_at=$((now + ends_at)) ;; esac
elif [ -z "$ends_at" ]; then
  ends_at=$(SLURM_TIME_FORMAT=%s timeout 30 squeue --noheader --jobs="$job" -o %e 2>/dev/null)
  if [ -n "$array" ] && [ -n "$ends_at" ]; then
    case $ends_at in *[!0-9]*) echo none ;; *) echo "$((ends_at - now))" ;; esac >"$array/limit.$job"
    mv "$array/limit.$job" "$array/limit" 2>/dev/null
  fi
fi
case $ends_at in '' | *[!0-9]*) ends_at= ;; esac
limit=$((now + span))
if [ -n "$ends_at" ] && [ "$limit" -gt "$ends_at" ]; then limit=$ends_at; fi
secrets=$(cat secrets 2>/dev/null)
rm -f secrets
(
  trap - USR1 TERM INT HUP EXIT
  eval "$secrets"
  # The array is ours: the program is one job, and no part of a sweep.
  unset secrets "${!SLURM_ARRAY_@}"
  export TRADEWIND_INSTANCE=$token TMPDIR=$scratch/tmp
  cd "$scratch/work" || exit 1
  exec setsid "${program[@]}" --scratch="$scratch/work" --notice="$folder/notice" --limit-file="$folder/limit" \
    --hard-limit="$(date -u -d "@$limit" +%FT%TZ)"
) >>agent.log 2>&1 </dev/null &
agent=$!
secrets=
while :; do
  touch beat
  now=$(date +%s)
  if [ -e limit ]; then
    moved=$(date -d "$(cat limit)" +%s 2>/dev/null)
    if [ -n "$moved" ] && [ "$moved" -gt "$limit" ]; then limit=$moved; fi
  fi
  if [ "$now" -gt "$((limit + 30))" ]; then kill -KILL -- "-$agent" 2>/dev/null; fi
  pause=$heartbeat
  if [ -n "$ends_at" ] && [ -z "$told" ]; then
    if [ "$((ends_at - now))" -le "$lead" ]; then
      announce limit "$ends_at" "the time limit of Slurm job $job is near"
    elif [ "$((ends_at - lead - now))" -lt "$pause" ]; then
      pause=$((ends_at - lead - now))
    fi
  fi
  sleep "$pause" 9>&- &
  sleeper=$!
  kill -0 "$agent" 2>/dev/null && wait -n
  kill "$sleeper" 2>/dev/null
  wait "$sleeper" 2>/dev/null
  kill -0 "$agent" 2>/dev/null || break
done
wait "$agent"
code=$?
agent=
exit 0
)sh";
// clang-format on

long long seconds_up(Duration span) {
  return std::chrono::ceil<std::chrono::seconds>(span).count();
}

}  // namespace

std::string agent_lines(const BatchAgent& agent) {
  std::string text = "program=(";
  for (const std::string& word : agent.words) text += " " + io::shell_quoted(word);
  text += " )\nspan=" + std::to_string(seconds_up(agent.span)) + "\n";
  return text;
}

std::string batch_script(const BatchJob& job) {
  std::string text = "#!/bin/bash\n# Tradewind's agent in a Slurm allocation.\numask 077\n";
  text += "lead=" + std::to_string(seconds_up(job.notice_lead)) + "\n";
  // Without a grace time Slurm still gives what lies between TERM and KILL (KillWait, 30 s unless set).
  text += "grace=" + std::to_string(job.grace > Duration(0) ? seconds_up(job.grace) : 30) + "\n";
  text += "heartbeat=" + std::to_string(std::max(seconds_up(job.heartbeat), 1LL)) + "\n";
  text += "nodes=" + std::to_string(job.nodes) + "\n";
  if (job.array) {
    text += "array=" + io::shell_quoted(job.array->folder) + "\n";
    text += "instances=" + io::shell_quoted(job.array->instances) + finding;
  } else {
    text +=
        "array=\nfolder=" + io::shell_quoted(job.folder) + "\ntoken=${folder##*/}\n" + agent_lines(job.agent);
  }
  return text + opening + ending + making_scratch + gathering + running;
}

}  // namespace tradewind::slurm
