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
stamp() { date -u -d "@$1" +%Y-%m-%dT%H:%M:%S; }
notice() {
  [ -e "$work/notice" ] && return
  lead=$((grace > 2 ? grace - 2 : 1))
  printf '{"action":"terminate","deadline":"%sZ","reason":"the pod was told to end"}\n' \
    "$(stamp $(($(date +%s) + lead)))" >"$work/notice.part" && mv "$work/notice.part" "$work/notice"
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
    if [ -s "$work/limit" ]; then
      read -r later <"$work/limit" || :
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
[ "$code" = 0 ] && [ -e "$work/notice" ] && code=143
exit "$code"
)sh";

}  // namespace

std::string prepare_script(const AgentSource& agent, const std::string& secrets, const std::string& work,
                           const std::string& hidden) {
  return "set -eu\numask 022\nsecrets=" + quoted(secrets) + " work=" + quoted(work) +
         " hidden=" + quoted(hidden) + "\n" + bring_agent(agent) + std::string(write_secrets);
}

std::string pod_script() {
  return std::string(script);
}

}  // namespace tradewind::kubernetes
