#!/bin/sh
# Two SSH hosts, each in network, process and mount namespaces of its own, while a command runs:
#   tests/doubles/ssh_namespaces.sh COMMAND ARGUMENT...
# The command finds a folder in TRADEWIND_TEST_SSH with h1/ and h2/: address, port, user_key, known_hosts; and the program
# `control`, which does to a host what befalls hosts: `control h1 cut`, `restore`, `kill` (all its processes at once) and
# `start`. Exits with the command's code; 77 where namespaces cannot be made here.
set -eu

[ $# -gt 0 ] || { echo "usage: ssh_namespaces.sh COMMAND ARGUMENT..." >&2; exit 2; }
skip() { echo "ssh_namespaces: $1" >&2; exit 77; }
[ "$(id -u)" = 0 ] || skip "only root can make hosts that others log in to"
for program in ip unshare ssh ssh-keygen; do command -v $program >/dev/null || skip "$program is not installed"; done
sshd=$(command -v sshd || echo /usr/sbin/sshd)
[ -x "$sshd" ] || skip "sshd is not installed"

D=$(mktemp -d)
chmod 755 "$D"  # a command may run as another user, and log in by the same keys
net=$(($$ % 200 + 20))
bridge=twb$net
user=$(id -un)

cleanup() {
  set +e
  for host in h1 h2; do
    [ -f "$D/$host/pid" ] && kill -9 "$(cat "$D/$host/pid")" 2>/dev/null
    ip netns del "tw$net$host" 2>/dev/null
  done
  ip link del "$bridge" 2>/dev/null
  sleep 0.2
  rm -rf "$D"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

{ ip link add "$bridge" type bridge && ip addr add "10.77.$net.1/24" dev "$bridge" && ip link set "$bridge" up; } 2>/dev/null ||
  skip "no bridge can be made here"
mkdir -p /run/sshd

cat >"$D/control" <<C
#!/bin/sh
set -eu
case \$2 in
cut) ip link set "tw$net\$1" down ;;
restore) ip link set "tw$net\$1" up ;;
kill) kill -9 "\$(cat "$D/\$1/pid")"; rm -f "$D/\$1/pid" ;;
start)
  ip netns exec "tw$net\$1" unshare --mount --uts --pid --fork --kill-child --mount-proc \\
    sh -c 'hostname '"\$1"'; exec $sshd -D -f $D/'"\$1"'/sshd_config -E $D/'"\$1"'/log' >/dev/null 2>&1 </dev/null &
  echo \$! >"$D/\$1/pid"
  i=0
  until ssh-keyscan -T 1 "\$(cat "$D/\$1/address")" 2>/dev/null | grep -q ed25519; do
    i=\$((i + 1)); [ \$i -lt 50 ] || { cat "$D/\$1/log" >&2; exit 1; }
    sleep 0.1
  done ;;
*) echo "control: cut, restore, kill or start" >&2; exit 2 ;;
esac
C
chmod +x "$D/control"

number=10
for host in h1 h2; do
  number=$((number + 1))
  address=10.77.$net.$number
  mkdir "$D/$host"
  echo "$address" >"$D/$host/address"
  ssh-keygen -q -t ed25519 -N '' -f "$D/$host/host_key"
  ssh-keygen -q -t ed25519 -N '' -f "$D/$host/user_key"
  chmod 644 "$D/$host/user_key"
  cp "$D/$host/user_key" "$D/$host/own_key"
  chmod 600 "$D/$host/own_key"
  printf '%s %s\n' "$address" "$(cut -d' ' -f1,2 "$D/$host/host_key.pub")" >"$D/$host/known_hosts"
  printf '%s\n' "ListenAddress $address" "HostKey $D/$host/host_key" 'PidFile none' "AuthorizedKeysFile $D/$host/user_key.pub" \
    'StrictModes no' 'UsePAM no' 'PasswordAuthentication no' 'KbdInteractiveAuthentication no' 'PermitRootLogin yes' 'SetEnv SHLVL=2' \
    'MaxStartups 200' "AllowUsers $user" >"$D/$host/sshd_config"
  ip netns add "tw$net$host" 2>/dev/null || skip "no network namespace can be made here"
  ip link add "tw$net$host" type veth peer name eth0 netns "tw$net$host"
  ip link set "tw$net$host" master "$bridge" up
  ip -n "tw$net$host" addr add "$address/24" dev eth0
  ip -n "tw$net$host" link set eth0 up
  ip -n "tw$net$host" link set lo up
  "$D/control" $host start || skip "sshd did not come up in its namespace"
done

TRADEWIND_TEST_SSH=$D "$@"
