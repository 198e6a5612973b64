#include "edge/drivers/kubernetes/pod_script.h"

#include <string_view>

namespace tradewind::kubernetes {
namespace {

std::string quoted(const std::string& text) {
  std::string made = "'";
  for (const char each : text) made += each == '\'' ? std::string("'\\''") : std::string(1, each);
  return made + "'";
}

std::string bring_agent(const AgentSource& agent) {
  if (!agent.path.empty()) return "";
  const std::string made = R"(mkdir -p "$work/bin"
)";
  if (!agent.image.empty())
    return made + "cp " + quoted(agent.image_path) + R"( "$work/bin/tradewind-agent"
chmod 755 "$work/bin/tradewind-agent"
)";
  return made + R"(part="$work/bin/tradewind-agent.part"
curl -fsSL --retry 5 --proto =https -o "$part" )" +
         quoted(agent.url) + "\necho " + quoted(agent.sha256 + "  ") + R"("$part" | sha256sum -c -
chmod 755 "$part"
mv "$part" "$work/bin/tradewind-agent"
)";
}

// Names that a shell takes as variables; others, such as a Secret's "ca.crt", are no environment.
constexpr std::string_view write_secrets = R"sh(for file in "$secrets"/*; do
  name=${file##*/}
  case $name in ''|[0-9]*|*[!A-Za-z0-9_]*) continue ;; esac
  [ -f "$file" ] || continue
  printf "export %s='%s'\n" "$name" "$(sed "s/'/'\\\\''/g" "$file")" >>"$hidden/environment"
done
)sh";

constexpr std::string_view script = R"sh(set -u
work=$1 hidden=$2 limit=${3%.*} grace=$4
shift 4
umask 022
if [ -e "$work/started" ]; then
  echo 'tradewind: this pod ran already' >&2
  exit 75
fi
: >"$work/started"
mkdir -p "$work/tmp"
export TMPDIR="$work/tmp"
meet=${gang:-$work} rank=${JOB_COMPLETION_INDEX:-0} told=
lead_gang() {
  # What heads left that were killed. One that lives touches its folder.
  for old in "${gang%/*}"/tw-*; do
    [ -n "$(find "$old" -maxdepth 0 -mmin +60 2>/dev/null)" ] && rm -rf "$old"
  done
  mkdir -p "$gang/scratch"
  printf "#!/bin/sh\nexec '%s' lead-ranks '%s' %s \"\$@\"\n" "$1" "$gang" "$nodes" >"$work/launcher"
  chmod 755 "$work/launcher"
}
dismiss_gang() {
  : >"$gang/over"
  looks=0
  while [ "$looks" -lt 3 ] && [ "$(ls "$gang" | grep -c '^left')" -lt "$(ls "$gang" | grep -c '^here')" ]; do
    looks=$((looks + 1))
    sleep 1
  done
  rm -rf "$gang"
}
if [ -n "$gang" ] && [ "$rank" = 0 ]; then
  lead_gang "$1"
elif [ -n "$gang" ]; then
  trap 'exit 143' TERM INT
  looks=0
  # Made by the first pod, and by nobody when that has ended already.
  until [ -d "$gang" ]; do
    looks=$((looks + 1))
    [ "$looks" -lt 600 ] || { echo 'tradewind: the first pod of the gang did not come' >&2; exit 1; }
    sleep 1
  done
  set -- "$1" wait-as-rank "$gang" "$rank"
fi
stamp() { date -u -d "@$1" +%Y-%m-%dT%H:%M:%S; }
notice() {
  told=1
  [ -e "$meet/notice" ] && return
  lead=$((grace > 2 ? grace - 2 : 1))
  printf '{"action":"terminate","deadline":"%sZ","reason":"the pod was told to end"}\n' \
    "$(stamp $(($(date +%s) + lead)))" >"$meet/notice.$rank" && mv "$meet/notice.$rank" "$meet/notice"
}
(
  if [ -f "$hidden/environment" ]; then
    . "$hidden/environment"
    rm -f "$hidden/environment"
  fi
  exec "$@"
) &
agent=$!
trap notice TERM INT
(
  trap - TERM INT
  while sleep 5; do
    [ -z "$gang" ] || [ "$rank" != 0 ] || touch -c "$gang"
    if [ -s "$meet/limit" ]; then
      read -r later <"$meet/limit" || :
      later=${later%Z}
      later=${later%.*}
      [ "$later" \> "$limit" ] && limit=$later
    fi
    [ "$(date -u +%Y-%m-%dT%H:%M:%S)" \> "$limit" ] || continue
    echo 'tradewind: its time was up (hard limit)' >&2
    kill -TERM "$agent"
    sleep 15
    kill -KILL "$agent"
    exit
  done
) &
watch=$!
code=0
while :; do
  wait "$agent"
  code=$?
  kill -0 "$agent" 2>/dev/null || break
done
kill "$watch" 2>/dev/null
[ "$code" = 0 ] && { [ -n "$told" ] || [ -e "$meet/notice" ]; } && code=143
[ -n "$gang" ] && [ "$rank" = 0 ] && dismiss_gang
exit "$code"
)sh";

}  // namespace

std::string prepare_script(const AgentSource& agent, const std::string& secrets, const std::string& work,
                           const std::string& hidden) {
  return "set -eu\numask 022\nsecrets=" + quoted(secrets) + " work=" + quoted(work) +
         " hidden=" + quoted(hidden) + "\n" + bring_agent(agent) + std::string(write_secrets);
}

std::string pod_script(const std::string& gang, int nodes) {
  return "gang=" + quoted(gang) + " nodes=" + std::to_string(nodes) + "\n" + std::string(script);
}

}  // namespace tradewind::kubernetes
