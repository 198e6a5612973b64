#include "edge/drivers/boot/boot_document.h"

#include <algorithm>
#include <string_view>

#include "base/text.h"
#include "core/model/stored_names.h"
#include "edge/provider/agent_arguments.h"

namespace tradewind::boot {
namespace {

std::string as_word(std::string_view text) {
  std::string made = "'";
  for (const char each : text) made += each == '\'' ? std::string("'\\''") : std::string(1, each);
  return made + "'";
}

bool is_variable(std::string_view name) {
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";
  return !name.empty() && name.find_first_not_of(letters) == std::string_view::npos &&
         (name.front() < '0' || name.front() > '9');
}

// Everything is in memory and root's alone: what is secret lies on no disk that outlives the machine.
constexpr std::string_view begin = R"sh(umask 077
say() {
  echo "tradewind: $*" >&2
  { echo "tradewind: $*" >/dev/console; } 2>/dev/null
}
turn_off() { sync; poweroff || shutdown -h now || halt -p; }
fail() {
  say "boot failed: $*"
  sleep "$patience"
  turn_off
  exit 1
}
if [ -e "$dir/started" ]; then exit 0; fi
mkdir -p "$dir" || fail "cannot make $dir"
case $(stat -f -c %T "$dir" 2>/dev/null) in
  tmpfs | ramfs) ;;
  *) [ "$dir" != /run/tradewind ] || mount -t tmpfs -o mode=0700,size=64m tradewind "$dir" || say "$dir is no memory" ;;
esac
chmod 700 "$dir"
: >"$dir/started"
mkdir -p "$scratch"
)sh";

// It needs nobody: whatever becomes of the boot or of the agent, the machine goes off at its limit, or at the
// later time that the agent wrote down.
constexpr std::string_view watch = R"sh(cat >"$dir/watch" <<'END'
#!/bin/sh
dir=$1 limit=$2
while sleep 10; do
  if [ -s "$dir/limit" ]; then
    read -r later <"$dir/limit" || :
    later=${later%Z} later=${later%.*}
    [ "$later" \> "$limit" ] && limit=$later
  fi
  if [ "$(date -u +%Y-%m-%dT%H:%M:%S)" \> "$limit" ]; then
    echo 'tradewind: its time was up (hard limit)' >/dev/console
    [ -s "$dir/agent.pid" ] && kill -TERM "$(cat "$dir/agent.pid")" && sleep 15
    sync
    poweroff || shutdown -h now || halt -p
  fi
done
END
)sh";

constexpr std::string_view fetch = R"sh(fetch() {
  if command -v curl >/dev/null; then curl -fsSL --connect-timeout 20 --max-time 300 -o "$2" "$1" && return; fi
  if command -v wget >/dev/null; then wget -q -T 60 -O "$2" "$1" && return; fi
  command -v python3 >/dev/null &&
    python3 -c 'import shutil,sys,urllib.request as u
with u.urlopen(sys.argv[1], timeout=60) as r, open(sys.argv[2], "wb") as f: shutil.copyfileobj(r, f)' "$1" "$2"
}
digest() {
  if command -v sha256sum >/dev/null; then sha256sum "$1" | cut -c1-64; return; fi
  python3 -c 'import hashlib,sys; print(hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest())' "$1"
}
tries=0
until fetch "$url" "$dir/agent.part" 2>"$dir/fetch.log"; do
  tries=$((tries + 1))
  [ "$tries" -lt "$tries_max" ] || fail "the agent cannot be fetched: $(tail -n 1 "$dir/fetch.log" | sed 's/?[^ ]*/?…/g')"
  sleep $((tries * 2))
done
[ "$(digest "$dir/agent.part")" = "$sum" ] || fail 'the agent that was fetched is another than was promised'
chmod 700 "$dir/agent.part"
mv "$dir/agent.part" "$dir/agent"
)sh";

constexpr std::string_view start = R"sh(cat >"$dir/run" <<'END'
#!/bin/sh
dir=$1
shift
( . "$dir/environment"; rm -f "$dir/environment"; exec "$dir/agent" "$@" ) &
echo $! >"$dir/agent.pid"
wait $!
echo "tradewind: the agent ended with $?" | tee "$dir/ended" >/dev/console
sync
poweroff || shutdown -h now || halt -p
END
launch() {
  name=$1
  shift
  if [ -d /run/systemd/system ] && command -v systemd-run >/dev/null; then
    systemd-run --quiet --collect --unit="tradewind-$name" -p KillMode=mixed -p TasksMax=infinity \
      -p LimitNOFILE=1048576 -p LimitMEMLOCK=infinity /bin/sh "$@" && return
  fi
  setsid /bin/sh "$@" </dev/null >"$dir/$name.log" 2>&1 &
}
launch watch "$dir/watch" "$dir" "$limit"
)sh";

Result<std::string> environment_of(const std::map<std::string, std::string>& secrets) {
  std::string made = ": >\"$dir/environment\"\ncat >\"$dir/environment\" <<'END_OF_ENVIRONMENT'\n";
  for (const auto& [name, value] : secrets) {
    if (!is_variable(name) || value.find('\0') != std::string::npos ||
        value.find("END_OF_ENVIRONMENT") != std::string::npos)
      return Error{Code::invalid_argument, "'" + name + "' cannot be handed to a machine as a variable"};
    made += "export " + name + "=" + as_word(value) + "\n";
  }
  return made + "END_OF_ENVIRONMENT\n";
}

Result<std::string> choice_of(const AgentDownloads& agents) {
  if (agents.empty()) return Error{Code::invalid_argument, "no agent is named that the machine could fetch"};
  std::string made = "case $(uname -m) in\n";
  for (const auto& [machine, download] : agents) {
    if (!is_variable(machine) || !is_digest(download.sha256) || download.url.empty())
      return Error{Code::invalid_argument, "the agent for " + machine + " has no URL with a SHA-256"};
    made += "  " + machine +
            (machine == "x86_64"    ? " | amd64"
             : machine == "aarch64" ? " | arm64"
                                    : "") +
            ") url=" + as_word(download.url) + " sum=" + download.sha256 + " ;;\n";
  }
  return made + "  *) fail \"there is no agent for $(uname -m)\" ;;\nesac\n";
}

}  // namespace

Result<std::string> boot_document(const BootRequest& request, std::size_t bytes_max) {
  TW_ASSIGN_OR_RETURN(const std::string environment, environment_of(request.secrets));
  TW_ASSIGN_OR_RETURN(const std::string choice, choice_of(request.agents));
  const std::string limit = format_utc(request.hard_limit).substr(0, 19);
  std::string made = "#!/bin/sh\n";
  made += "dir=" + as_word(request.folder) + " limit=" + limit +
          " scratch=/var/tmp/tradewind tries_max=30 patience=" +
          std::to_string(std::chrono::ceil<std::chrono::seconds>(request.failed_patience).count()) + "\n";
  if (request.folder != BootRequest{}.folder) made += "scratch=\"$dir/scratch\" tries_max=2\n";
  made += begin;
  made += watch;
  made += environment;
  made += start;
  made += choice;
  made += fetch;
  made += "launch agent \"$dir/run\" \"$dir\"";
  for (const std::string& argument : request.agent_arguments) made += " " + as_word(argument);
  made += "\n";
  if (made.size() <= bytes_max) return made;
  return Error{Code::invalid_argument,
               "what the machine is told when it boots has " + std::to_string(made.size()) +
                   " bytes, and the supplier takes " + std::to_string(bytes_max),
               "the job's secrets and store URLs are part of it: make them shorter"};
}

std::vector<std::string> agent_arguments_of(const provider::LaunchRequest& request, const Warning& warning,
                                            const std::string& folder) {
  std::vector<std::string> arguments = request.agent_arguments;
  arguments.push_back("--scratch=" +
                      std::string(folder == "/run/tradewind" ? "/var/tmp/tradewind" : folder + "/scratch"));
  arguments.push_back("--limit-file=" + folder + "/limit");
  arguments.push_back("--purchase=" + std::string(to_text(request.offer.purchase)));
  if (request.offer.purchase == Purchase::spot) {
    if (!warning.metadata.empty()) arguments.push_back("--metadata=" + warning.metadata);
    arguments.push_back("--notice-lead=" + std::to_string(warning.lead.count()) + "ms");
  }
  if (const auto& accelerator = request.offer.accelerator)
    arguments.push_back(provider::accelerator_argument(*accelerator));
  return arguments;
}

}  // namespace tradewind::boot
