// One simulated run: its clock, its chance, who acts next, what goes wrong, and what was seen.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "edge/checkpoint/checkpoint.h"
#include "edge/objectstore/object_store.h"
#include "engine/storesim/mutants.h"
#include "engine/storesim/stage.h"
#include "engine/storesim/states.h"

namespace tradewind::storesim {

// How often things happened: a run proves little about what it never met.
using Coverage = std::map<std::string, std::uint64_t>;

// Thrown through an actor whose process ends there: a kill -9 at a call of a store, or the end of the run.
struct Ended {};

enum class Kind { home, standby, local };

// Checkpoints and where they lie: of a job, with a ledger, or of any folder, without.
struct Site {
  std::string name;
  std::string prefix = {};
  bool has_ledger = false;
  int keep = 1;
  int best = 0;  // kept by prunings but the last: what goes then lies between others
  std::unique_ptr<objectstore::ObjectStore> home = {};
  std::unique_ptr<objectstore::ObjectStore> standby = {};  // null: none
};

struct Actor {
  std::string name;
  std::size_t index;
  Random random;
  // Of what it does now.
  std::size_t op_step = 0;  // when that began
  Time op_now = {};
  bool puts_anew = false;  // what it puts makes a checkpoint that was pruned exist again
  // Until when the engine's rules want it done: the clock waits for it.
  std::optional<Time> deadline = {};
  std::optional<Duration> step_allowed = {};  // the deadline moves on with each of its calls
  std::optional<Time> rests_until = {};
  std::size_t stalls_until = 0;  // step
};

struct FaultRates {
  double lost = 0;   // of a request or a reply
  double late = 0;   // of a request that arrives later
  double crash = 0;  // of the actor's process
  double away = 0;   // of a store, for some calls
  double rot = 0;    // of an object, where another store has it whole
};

class Oracle;

class World {
 public:
  World(std::uint64_t seed, Mutant mutant, bool keep_trace, Stage& stage, const States& states);
  ~World();

  // ---- of actors
  // A call is about to be made: others go on first, and time passes.
  void step(Actor& actor);
  // Nothing is done for so long.
  void rest(Actor& actor, Duration span);
  void begin(Actor& actor, std::optional<Duration> allowed);
  // A save or a copy: however long it takes, as long as no call of it takes too long.
  void begin_transfer(Actor& actor);
  void end(Actor& actor);
  // It happens at some step within two minutes.
  void later(std::function<void()> happening);

  // ---- of what is seen
  void say(const Actor& actor, const std::string& text);
  void count(const std::string& what) { ++coverage[what]; }
  // A rule was broken: the run ends.
  void violate(const std::string& what);
  bool is_over() const { return violation.has_value(); }

  // ---- of the run
  std::size_t choose(const std::vector<std::size_t>& able);
  Stage& stage() { return stage_; }
  std::size_t now_step() const { return step_; }

  const std::uint64_t seed;
  const Mutant mutant;
  const States& states;
  ManualClock clock;
  Random chance;  // of faults
  FaultRates rates;
  std::size_t page_max = 1000;  // of a list
  bool transfers_are_slow = false;
  std::vector<std::unique_ptr<Site>> sites;
  std::vector<std::unique_ptr<Actor>> actors;
  std::unique_ptr<Oracle> oracle;
  Coverage coverage;
  std::optional<std::string> violation;
  std::vector<std::string> trace;
  std::map<const objectstore::ObjectStore*, std::size_t> away_until;  // step

 private:
  void pass_time(const Actor& actor);
  Time clock_limit() const;
  void let_late_things_happen();

  struct Late {
    Time by;
    std::function<void()> happen;
  };
  Stage& stage_;
  bool keep_trace_;
  Random order_;  // of who acts next
  double stickiness_ = 0;
  double stalls_ = 0;
  double jumps_ = 0;
  std::size_t step_ = 0;
  std::size_t last_ = 0;
  std::vector<Late> late_;
};

}  // namespace tradewind::storesim
