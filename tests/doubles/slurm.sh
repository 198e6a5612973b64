#!/bin/bash
# A real Slurm for tests: one controller, four nodes of 4 CPUs and 2 GPUs, and its REST service, on loopback.
#   tests/doubles/slurm.sh COMMAND…
# Starts it in a temporary folder and runs COMMAND with SLURM_CONF, TRADEWIND_TEST_SLURM (the folder: store/ is the shared file
# system, run/restd.sock the REST socket, log/, bin/slurmctld starts the controller again) and TRADEWIND_TEST_SLURM_REST
# (http://127.0.0.1:PORT, by tokens) in its environment; then stops all of it and removes the folder. Partitions: `batch` (default), `spot`
# (preempted by `prod`, with notice), `prod`, and `closed` (down). Exit code: the command's; 77 where Slurm is not
# installed (make test-deps); 1 where it does not come up, with its logs. Everything runs as the calling user, or as `games` where
# that is root, whom slurmrestd refuses (Slurm takes no credentials of `nobody`). Nothing else on the machine is touched.
set -eu

for program in munged slurmctld slurmd slurmrestd sbatch squeue sinfo scontrol setpriv; do
  command -v "$program" >/dev/null || [ -x "/usr/sbin/$program" ] && continue
  echo "slurm: $program is not installed, so no real Slurm is tested; make test-deps installs it" >&2
  exit 77
done
export PATH=$PATH:/usr/sbin

if [ "$(id -u)" = 0 ]; then
  exec setpriv --reuid=games --regid=games --clear-groups env HOME=/nonexistent USER=games LOGNAME=games \
    bash "$0" "$@"
fi

folder=$(mktemp -d /tmp/tradewind-slurm-XXXXXX)
user=$(id -un)
host=$(hostname -s)
unset "${!SLURM_@}" "${!SBATCH_@}" "${!SQUEUE_@}" 2>/dev/null || true
export SLURM_CONF=$folder/etc/slurm.conf

stop_pid() { # PID: ends it and waits for that
  kill "$1" 2>/dev/null || return 0
  for _ in $(seq 50); do
    # Where nobody collects it an ended one stays a zombie.
    case $(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null) in '' | Z*) return 0 ;; esac
    sleep 0.1
  done
  kill -9 "$1" 2>/dev/null || true
}

stop_all() {
  [ -s "$folder/run/slurmctld.pid" ] && timeout 10 scancel --user="$user" 2>/dev/null
  sleep 0.2
  for name in restd restd-jwt slurmd.n1 slurmd.n2 slurmd.n3 slurmd.n4 slurmctld munged; do
    [ -s "$folder/run/$name.pid" ] && stop_pid "$(cat "$folder/run/$name.pid")"
  done
  # Jobs outlive a controller that a test has killed. Ours are those that know of our configuration.
  for entry in /proc/[0-9]*; do
    [ "${entry#/proc/}" = $$ ] || [ "${entry#/proc/}" = "$BASHPID" ] || [ ! -O "$entry" ] && continue
    { tr '\0' '\n' <"$entry/environ"; } 2>/dev/null | grep -qxF "SLURM_CONF=$SLURM_CONF" && kill -9 "${entry#/proc/}" 2>/dev/null
  done
  rm -rf "$folder"
}
trap stop_all EXIT
trap 'exit 1' INT TERM

fail() {
  echo "slurm: $1" >&2
  tail -n 20 "$folder"/log/*.log >&2
  exit 1
}

free_ports() { # six neighbours that are free now: controller, four nodes, REST
  for _ in $(seq 50); do
    port=$((20000 + RANDOM % 12000))
    taken=no
    for each in 0 1 2 3 4 5; do
      (exec 3<>"/dev/tcp/127.0.0.1/$((port + each))") 2>/dev/null && taken=yes
    done
    [ $taken = yes ] || return 0
  done
  fail "no free ports"
}

mkdir -p "$folder"/{etc,state,spool,log,run,store,bin}
chmod 755 "$folder" "$folder/run"
free_ports
(umask 077 && head -c 1024 /dev/urandom >"$folder/etc/munge.key" && head -c 32 /dev/urandom >"$folder/state/jwt.key")
cat >"$SLURM_CONF" <<END
ClusterName=tw
SlurmctldHost=$host(127.0.0.1)
SlurmUser=$user
SlurmdUser=$user
AuthType=auth/munge
AuthInfo=socket=$folder/run/munge.sock
AuthAltTypes=auth/jwt
AuthAltParameters=jwt_key=$folder/state/jwt.key
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SlurmctldPort=$port
SlurmctldPidFile=$folder/run/slurmctld.pid
SlurmdPidFile=$folder/run/slurmd.%n.pid
SlurmdSpoolDir=$folder/spool/%n
StateSaveLocation=$folder/state
SlurmctldLogFile=$folder/log/slurmctld.log
SlurmdLogFile=$folder/log/slurmd.%n.log
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=bf_interval=1,sched_interval=1,sched_min_interval=100000,batch_sched_delay=0
SlurmctldParameters=preempt_send_user_signal
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
ReturnToService=2
KillWait=3
MaxJobCount=25000
DefMemPerCPU=200
SlurmdParameters=config_overrides
GresTypes=gpu
NodeName=n[1-4] NodeHostname=$host NodeAddr=127.0.0.1 Port=[$((port + 1))-$((port + 4))] CPUs=4 RealMemory=4096 Gres=gpu:2 State=UNKNOWN
PartitionName=batch Nodes=n[1-4] Default=YES MaxTime=60 PriorityTier=5 PreemptMode=OFF State=UP
PartitionName=spot Nodes=n[1-4] MaxTime=60 PriorityTier=1 PreemptMode=REQUEUE GraceTime=5 State=UP
PartitionName=prod Nodes=n[1-4] MaxTime=60 PriorityTier=10 PreemptMode=OFF State=UP
PartitionName=closed Nodes=n[1-4] MaxTime=60 State=DOWN
END
echo 'NodeName=n[1-4] Name=gpu File=/dev/tty2[0-1]' >"$folder/etc/gres.conf"
echo 'CgroupPlugin=cgroup/v1' >"$folder/etc/cgroup.conf"
# The controller alone, for tests that kill it.
printf '#!/bin/sh\nexec env SLURM_CONF=%s slurmctld >/dev/null 2>&1 </dev/null\n' "$SLURM_CONF" >"$folder/bin/slurmctld"
chmod 755 "$folder/bin/slurmctld"

munged --key-file="$folder/etc/munge.key" --socket="$folder/run/munge.sock" --pid-file="$folder/run/munged.pid" \
  --log-file="$folder/log/munged.log" --seed-file="$folder/state/munge.seed" >/dev/null 2>"$folder/log/start.log" </dev/null ||
  fail "munged does not start"
slurmctld -i >/dev/null 2>>"$folder/log/start.log" </dev/null || fail "slurmctld does not start"
for node in n1 n2 n3 n4; do
  slurmd -N $node >/dev/null 2>>"$folder/log/start.log" </dev/null || fail "slurmd does not start"
done
plugins=openapi/v0.0.36,openapi/v0.0.37,openapi/v0.0.38
slurmrestd -a rest_auth/local -s "$plugins" "unix:$folder/run/restd.sock" >"$folder/log/restd.log" 2>&1 </dev/null &
echo $! >"$folder/run/restd.pid"
SLURM_JWT=daemon slurmrestd -a rest_auth/jwt -s "$plugins" "127.0.0.1:$((port + 5))" >"$folder/log/restd-jwt.log" 2>&1 </dev/null &
echo $! >"$folder/run/restd-jwt.pid"
for attempt in $(seq 200); do
  [ "$(timeout 5 sinfo -hN -t idle -o %N 2>/dev/null | sort -u | wc -l)" = 4 ] && [ -S "$folder/run/restd.sock" ] && break
  [ "$attempt" -lt 200 ] || fail "its nodes do not come up"
  sleep 0.1
done
export TRADEWIND_TEST_SLURM=$folder
export TRADEWIND_TEST_SLURM_REST=http://127.0.0.1:$((port + 5))
"$@"
