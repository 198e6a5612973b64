// Copying between archives, and mending one from its copy.
#include "edge/checkpoint/copy.h"
#include "edge/checkpoint/history.h"
#include "edge/checkpoint/repair.h"
#include "engine/storesim/actors.h"
#include "engine/storesim/careless.h"

namespace tradewind::storesim {
namespace {

using std::chrono::hours;

struct Copier {
  World& world;
  Actor& actor;
  Site& from;
  Site& to;
  int left;

  void life() {
    Views source(world, actor, from);
    Views target(world, actor, to, nullptr, Role::copier);
    source.place.standby.clear();
    while (left > 0) {
      world.rest(actor, up_to(actor.random, hours(4)));
      --left;
      for (int tries = 0; tries < 4; ++tries) {
        if (copy_once(source.place, target.place)) break;
      }
    }
  }

  bool copy_once(const checkpoint::ChunkPlace& source, const checkpoint::ChunkPlace& target) {
    world.begin_transfer(actor);
    actor.puts_anew = true;
    const bool copied = plan_and_copy(source, target);
    world.end(actor);
    return copied;
  }

  bool plan_and_copy(const checkpoint::ChunkPlace& source, const checkpoint::ChunkPlace& target) {
    const Result<std::vector<ManifestId>> ids = checkpoint::committed_checkpoints(source);
    if (!ids.ok()) return false;
    const Result<checkpoint::CopyPlan> plan = checkpoint::plan_copy(source, target, *ids);
    if (!plan.ok()) return failed(plan.error());
    world.say(actor, "copies " + std::to_string(plan->checkpoints.size()) + " checkpoints");
    const Result<checkpoint::CopyCount> copied =
        checkpoint::copy(source, target, *plan, actor.op_now, {}, &world.clock);
    if (!copied.ok()) return failed(copied.error());
    for (const ManifestId& id : plan->checkpoints) world.oracle->acknowledge(to, id);
    if (!plan->checkpoints.empty()) world.count("copies");
    if (world.clock.now() - actor.op_now > cli_grace) world.count("copies longer than pruning's grace");
    return true;
  }

  // A source may be pruned under a copy, or be damaged.
  bool failed(const Error& error) {
    world.say(actor, "no copy: " + describe(error));
    world.count("copies failed");
    const bool may_be =
        error.code == Code::unavailable || error.code == Code::not_found || error.code == Code::corrupt;
    if (!may_be) world.violate("a copy failed: " + describe(error));
    return false;
  }
};

struct Repairer {
  World& world;
  Actor& actor;
  Site& site;
  int left;

  void life() {
    Views views(world, actor, site);
    while (left > 0) {
      world.rest(actor, up_to(actor.random, hours(4)));
      --left;
      world.begin(actor, std::nullopt);
      if (world.mutant == Mutant::repair_without_proof) {
        static_cast<void>(repair_carelessly(views.place));
        continue;
      }
      const Result<checkpoint::RepairReport> report = checkpoint::repair(views.place, {});
      if (!report.ok()) {
        world.say(actor, "no repair: " + describe(report.error()));
        if (report.error().code != Code::unavailable) world.count("repairs refused");
        continue;
      }
      if (!report->repaired.empty()) world.count("repairs");
    }
  }
};

}  // namespace

std::function<void()> copier(World& world, Actor& actor, Site& from, Site& to) {
  auto state = std::make_shared<Copier>(Copier{world, actor, from, to, 2});
  return [state] { live(state->world, state->actor, [state] { state->life(); }); };
}

std::function<void()> repairer(World& world, Actor& actor, Site& site) {
  auto state = std::make_shared<Repairer>(Repairer{world, actor, site, 3});
  return [state] { live(state->world, state->actor, [state] { state->life(); }); };
}

}  // namespace tradewind::storesim
