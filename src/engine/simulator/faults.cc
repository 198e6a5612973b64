#include "engine/simulator/faults.h"

namespace tradewind::simulator {

std::string_view to_text(Fault fault) {
  switch (fault) {
    case Fault::none:
      return "none";
    case Fault::crash_before:
      return "crash before";
    case Fault::crash_after:
      return "crash after";
    case Fault::lost_request:
      return "lost request at";
    case Fault::lost_reply:
      return "lost reply of";
    case Fault::late_request:
      return "late arrival of";
  }
  return "unknown";
}

Fault Faults::draw_at_rare_commit() {
  if (rates_.crash == 0 || random_.chance(0.5)) return Fault::none;
  return random_.chance(0.5) ? Fault::crash_before : Fault::crash_after;
}

Fault Faults::draw_agent_call() {
  if (!random_.chance(rates_.agent_lost)) return Fault::none;
  constexpr Fault kinds[] = {Fault::lost_request, Fault::lost_reply, Fault::late_request};
  return kinds[random_.below(3)];
}

Fault Faults::draw(Boundary boundary) {
  // Commits are rarer than calls and every edge of the state machines crosses one: they get more of the
  // crashes.
  const double crash = boundary == Boundary::commit ? rates_.crash * 8 : rates_.crash;
  const double roll = random_.unit();
  if (roll < crash) return random_.chance(0.5) ? Fault::crash_before : Fault::crash_after;
  if (roll < crash + rates_.lost) return random_.chance(0.5) ? Fault::lost_request : Fault::lost_reply;
  return Fault::none;
}

}  // namespace tradewind::simulator
