// Whether somebody uses this machine now: input on terminals, and desktops that logind knows. Sessions
// without a terminal, which our own SSH commands are, and terminals of jobs do not count.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace tradewind::lending {

struct Presence {
  Time last_input;
  std::string where;  // "input on pts/3", "the desktop of ana"
};

// What `loginctl show-session` says of one session.
struct DesktopSession {
  std::string user;
  bool graphical = false;
  bool active = false;  // in front on its seat
  bool locked = false;
  bool idle = false;
  std::optional<Time> idle_since = std::nullopt;
  bool operator==(const DesktopSession&) const = default;
};
// Blocks of "Name=value" lines, with an empty line between.
std::vector<DesktopSession> parse_sessions(std::string_view text);
// When a person last used one of them; nothing: nobody is seen.
std::optional<Presence> latest_of(const std::vector<DesktopSession>& sessions, Time now);

// Looks at the machine; asks logind no more often than every ten seconds, for at most two each.
class PresenceWatch {
 public:
  // `devices`: /dev, or a folder that stands for it, in which each file is a terminal. `environment`: where
  // loginctl is looked for.
  PresenceWatch(std::filesystem::path devices, bool asks_logind,
                std::map<std::string, std::string> environment)
      : devices_(std::move(devices)), asks_logind_(asks_logind), environment_(std::move(environment)) {}

  // The newest input that is known; older than `matters` it may be left out.
  std::optional<Presence> look(Time now, Duration matters);

 private:
  void ask_logind(Time now);

  std::filesystem::path devices_;
  bool asks_logind_;
  std::map<std::string, std::string> environment_;
  std::optional<Time> asked_at_;
  std::optional<Presence> desktop_;
};

}  // namespace tradewind::lending
