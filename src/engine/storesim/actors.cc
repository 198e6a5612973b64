#include "engine/storesim/actors.h"

#include <algorithm>
#include <utility>

#include "edge/checkpoint/history.h"
#include "edge/checkpoint/parallel.h"
#include "edge/objectstore/memory_store.h"
#include "engine/storesim/careless.h"

namespace tradewind::storesim {

using std::chrono::hours;
using std::chrono::minutes;

Duration up_to(Random& random, Duration longest) {
  return Duration(static_cast<Duration::rep>(random.below(static_cast<std::uint64_t>(longest.count()) + 1)));
}

Views::Views(World& world, Actor& actor, Site& site, objectstore::ObjectStore* local_store,
             std::optional<Role> role, ActorStore::Mood mood)
    : home(world, actor, site, Kind::home, *site.home, mood),
      place{.home = &home, .job_prefix = site.prefix, .has_ledger = site.has_ledger} {
  if (role) distorted = storesim::distorted(world.mutant, *role, home, world.clock);
  if (distorted) place.home = distorted.get();
  if (site.standby != nullptr) {
    standby = std::make_unique<ActorStore>(world, actor, site, Kind::standby, *site.standby, mood);
    place.standby = {standby.get()};
  }
  if (local_store != nullptr) {
    local = std::make_unique<ActorStore>(world, actor, site, Kind::local, *local_store, mood);
    place.local = local.get();
  }
}

void live(World& world, Actor& actor, const std::function<void()>& life) {
  constexpr int lives_max = 6;
  const checkpoint::InOrder in_order;
  for (int i = 0; i < lives_max && !world.is_over(); ++i) {
    try {
      life();
      world.end(actor);
      return;
    } catch (const Ended&) {
      world.end(actor);
      actor.rests_until.reset();
    }
  }
}

// ---- restoring

namespace {

Result<Manifest> restore_as(Mutant mutant, const checkpoint::ChunkPlace& place,
                            const checkpoint::RestoreRequest& request) {
  if (mutant == Mutant::restore_without_proof || mutant == Mutant::restore_in_place) {
    const bool in_place = mutant == Mutant::restore_in_place;
    return restore_carelessly(place, request.id, request.folder, in_place, !in_place);
  }
  TW_ASSIGN_OR_RETURN(checkpoint::Restored restored, checkpoint::restore(place, request));
  return std::move(restored.manifest);
}

}  // namespace

Target::Target(World& world, const Actor& actor)
    : world_(world), folder_(world.states.scratch() / actor.name) {}

void Target::check_untouched(const Actor& actor) const {
  if (look_into(folder_) == content_) return;
  world_.violate(actor.name + "'s folder is neither what it was nor what was asked for");
}

void Target::check_failure(const Actor& actor, const Site& site, const ManifestId& id, const Error& error,
                           bool must_be_there) const {
  check_untouched(actor);
  if (error.code == Code::unavailable) return world_.count("restores put off");
  const bool is_missing = error.code == Code::corrupt || error.code == Code::not_found;
  if (is_missing && !must_be_there && world_.oracle->is_doomed(site, id)) {
    return world_.count("restores of what was pruned meanwhile");
  }
  world_.violate(actor.name + " cannot restore " + id.text().substr(0, 8) + ": " + describe(error));
}

bool Target::restore(Actor& actor, const Site& site, const checkpoint::ChunkPlace& place,
                     const ManifestId& id, bool must_be_there) {
  bool kept = false;
  checkpoint::RestoreRequest request{.id = id, .folder = folder_};
  request.on_kept = [&kept](std::uint64_t) { kept = true; };
  world_.say(actor, "restore " + id.text().substr(0, 8));
  const Result<Manifest> restored = restore_as(world_.mutant, place, request);
  if (kept) world_.count("restores that went on with what came before");
  if (!restored.ok()) {
    world_.say(actor, "restore failed: " + describe(restored.error()));
    check_failure(actor, site, id, restored.error(), must_be_there);
    return false;
  }
  content_ = look_into(folder_);
  if (content_ != world_.states.content(world_.oracle->state_of(restored->step))) {
    world_.violate(actor.name + " read a torn checkpoint: " + id.text().substr(0, 8));
  }
  world_.count("restores");
  return true;
}

namespace {

struct Reader {
  World& world;
  Actor& actor;
  Site& site;
  std::unique_ptr<objectstore::ObjectStore> local;
  Target target;
  int left;

  void life() {
    target.check_untouched(actor);
    Views views(world, actor, site, local.get());
    while (left > 0) {
      world.rest(actor, up_to(actor.random, hours(3)));
      --left;
      read_one(views.place);
    }
  }

  // Without a ledger, pruning spares what was the newest within the hour: a reader may rely on it.
  void read_one(const checkpoint::ChunkPlace& place) {
    const bool takes_newest = actor.random.chance(0.6);
    const bool may_rely = takes_newest && !site.has_ledger;
    world.begin(actor, may_rely ? std::optional<Duration>(read_allowed) : std::nullopt);
    const Result<std::vector<ManifestId>> ids = checkpoint::committed_checkpoints(place);
    if (!ids.ok() && ids.error().code != Code::unavailable) {
      world.violate("what there is cannot be told: " + describe(ids.error()));
    }
    if (ids.ok() && !ids->empty()) {
      const std::size_t back = takes_newest ? 0 : actor.random.below(std::min<std::size_t>(ids->size(), 4));
      // A few tries: what came is kept, and the next one goes on with it.
      for (int tries = 0; tries < 3; ++tries) {
        if (target.restore(actor, site, place, ids->at(ids->size() - 1 - back), may_rely)) break;
      }
    }
    world.end(actor);
  }
};

// ---- pruning

struct Pruner {
  World& world;
  Actor& actor;
  Site& site;
  int left;

  void life() {
    Views views(world, actor, site, nullptr, Role::pruner);
    // A person who prunes names one store; an agent knows the copies too.
    if (actor.random.chance(0.5)) views.place.standby.clear();
    while (left > 0) {
      world.rest(actor, up_to(actor.random, world.transfers_are_slow ? hours(1) : hours(4)));
      --left;
      prune_once(views.place);
    }
  }

  void prune_once(const checkpoint::ChunkPlace& place) {
    world.begin(actor, std::nullopt);
    const Duration grace = world.mutant == Mutant::prune_without_grace ? Duration(0) : cli_grace;
    const checkpoint::Retention retention{.last = site.keep, .best = site.best, .metric = "loss"};
    Result<checkpoint::PrunePlan> plan = checkpoint::plan_prune(place, retention, world.clock.now(), grace);
    if (!plan.ok()) {
      world.say(actor, "no plan: " + describe(plan.error()));
      return world.count(plan.error().code == Code::unavailable ? "prunes put off" : "prunes refused");
    }
    // Somebody may look at the plan for hours.
    if (actor.random.chance(0.2)) world.rest(actor, up_to(actor.random, hours(3)));
    carry_out(world, actor, site, place, *plan);
  }

  static void carry_out(World& world, Actor& actor, Site& site, const checkpoint::ChunkPlace& place,
                        checkpoint::PrunePlan& plan) {
    if (!plan.leave_word.empty()) world.count("prunes between others");
    if (world.mutant == Mutant::prune_leaves_no_word) plan.leave_word.clear();
    if (world.mutant == Mutant::prune_removes_chunks_first) {
      std::stable_partition(plan.remove_keys.begin(), plan.remove_keys.end(), [](const std::string& key) {
        return key.find("manifests/") == std::string::npos;
      });
    }
    world.say(actor, "prunes " + std::to_string(plan.remove_keys.size()) + " objects");
    world.oracle->note_plan(site, plan);
    const Status done = checkpoint::execute(place, plan);
    if (!done.ok() && done.error().code != Code::unavailable) {
      world.violate("a plan cannot be carried out: " + describe(done.error()));
    }
    if (!plan.remove_keys.empty()) world.count(done.ok() ? "prunes" : "prunes cut");
  }
};

}  // namespace

std::function<void()> reader(World& world, Actor& actor, Site& site) {
  const bool has_local = actor.random.chance(0.5);
  auto state = std::make_shared<Reader>(
      Reader{world, actor, site, has_local ? objectstore::make_memory_store(&world.clock) : nullptr,
             Target(world, actor), 2 + static_cast<int>(actor.random.below(3))});
  return [state] { live(state->world, state->actor, [state] { state->life(); }); };
}

std::function<void()> pruner(World& world, Actor& actor, Site& site) {
  const int rounds = 2 + static_cast<int>(actor.random.below(3)) + (world.transfers_are_slow ? 5 : 0);
  auto state = std::make_shared<Pruner>(Pruner{world, actor, site, rounds});
  return [state] { live(state->world, state->actor, [state] { state->life(); }); };
}

}  // namespace tradewind::storesim
