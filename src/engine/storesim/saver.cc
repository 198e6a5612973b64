// Saving as an agent does, behind a ledger, and as a command does, without.
#include <utility>

#include "edge/checkpoint/history.h"
#include "edge/checkpoint/ledger.h"
#include "edge/objectstore/memory_store.h"
#include "engine/storesim/actors.h"

namespace tradewind::storesim {
namespace {

using checkpoint::LedgerWriter;
using std::chrono::hours;
using std::chrono::minutes;

constexpr int tries_max = 6;

struct Saver {
  World& world;
  Actor& actor;
  Site& site;
  std::unique_ptr<objectstore::ObjectStore> local;
  Target target;
  std::vector<std::size_t> todo;  // states
  std::size_t done = 0;
  int life = 0;
  bool was_cut = false;  // the life before ended within a save

  // ---- both

  Result<checkpoint::Saved> save_once(const checkpoint::ChunkPlace& place, std::uint64_t epoch,
                                      const LeaseId& lease, const std::optional<ManifestId>& parent) {
    checkpoint::SaveRequest request;
    request.folder = world.states.folder(todo[done]);
    request.job = JobId("j-1");
    request.epoch = epoch;
    request.lease = lease;
    request.step = world.oracle->note_save(todo[done]);
    request.parent = parent;
    request.now = actor.op_now;
    request.metrics = {{"loss", static_cast<double>(todo[done])}};
    request.clock = &world.clock;
    request.shown = request.folder.filename().string();
    world.say(actor, "save " + std::to_string(static_cast<int>(request.step)) + " of state " +
                         std::to_string(todo[done]));
    const bool resumes = std::exchange(was_cut, true);
    Result<checkpoint::Saved> saved = checkpoint::save(request, place);
    was_cut = false;
    if (!saved.ok()) {
      world.count("saves failed");
      if (saved.error().code != Code::unavailable) {
        world.violate("a save failed: " + describe(saved.error()));
      }
      return saved;
    }
    if (world.clock.now() - actor.op_now > cli_grace) world.count("saves longer than pruning's grace");
    if (resumes && saved->count.bytes_reused > 0) world.count("saves that went on after a crash");
    if (saved->warnings.empty() && site.standby != nullptr) world.oracle->acknowledge_copy(site, saved->id);
    if (!saved->warnings.empty()) world.count("saves without a standby copy");
    world.say(actor, "saved " + saved->id.text().substr(0, 8));
    return saved;
  }

  // ---- without a ledger

  void live_without_ledger() {
    ++life;
    Views views(world, actor, site, local.get(), Role::saver);
    while (done < todo.size()) {
      world.rest(actor, up_to(actor.random, was_cut ? minutes(15) : hours(3)));
      for (int tries = 0; tries < tries_max; ++tries) {
        if (save_without_ledger(views.place)) break;
      }
      ++done;
    }
  }

  bool save_without_ledger(const checkpoint::ChunkPlace& place) {
    world.begin_transfer(actor);
    const Result<std::vector<ManifestId>> before = checkpoint::committed_checkpoints(place);
    if (!before.ok()) return false;
    std::optional<ManifestId> parent;
    if (!before->empty()) {
      parent = world.mutant == Mutant::parent_is_not_the_newest ? before->front() : before->back();
    }
    const Result<checkpoint::Saved> saved = save_once(place, 0, LeaseId(), parent);
    if (saved.ok()) {
      world.oracle->acknowledge(site, saved->id);
      world.count("checkpoints");
    }
    world.end(actor);
    return saved.ok();
  }

  // ---- with a ledger

  void live_with_ledger() {
    ++life;
    Views views(world, actor, site, local.get(), Role::saver);
    const LeaseId lease("l-" + actor.name + "-" + std::to_string(life));
    LedgerWriter writer(*views.place.home, site.prefix, lease);
    world.rest(actor, up_to(actor.random, was_cut ? minutes(15) : hours(2)));
    if (!claim(writer, lease)) return;
    if (writer.view().saved && actor.random.chance(0.5)) {
      target.check_untouched(actor);
      target.restore(actor, site, views.place, writer.view().saved->manifest, false);
    }
    while (done < todo.size()) {
      if (!save_with_ledger(views.place, writer, lease)) return;
      ++done;
      if (actor.random.chance(0.4) && !prune(views.place, writer)) return;
      world.rest(actor, up_to(actor.random, hours(3)));
    }
  }

  bool claim(LedgerWriter& writer, const LeaseId& lease) {
    const std::uint64_t seed =
        world.mutant == Mutant::nonces_alike ? 7 : actor.index * 100 + static_cast<std::uint64_t>(life) + 1;
    for (int tries = 0; tries < 2 * tries_max; ++tries) {
      const Status claimed = writer.claim(world.clock.now(), seed);
      if (claimed.ok()) {
        world.oracle->acknowledge_claim(site, writer.epoch(), lease.text());
        world.count("claims");
        return true;
      }
      world.say(actor, "no claim: " + describe(claimed.error()));
      if (claimed.error().code == Code::conflict) world.count("races for the ledger lost");
      if (claimed.error().code == Code::corrupt) world.violate(describe(claimed.error()));
    }
    return false;
  }

  // False: it is fenced, or gives up.
  bool save_with_ledger(const checkpoint::ChunkPlace& place, LedgerWriter& writer, const LeaseId& lease) {
    for (int tries = 0; tries < tries_max; ++tries) {
      world.begin_transfer(actor);
      std::optional<ManifestId> parent;
      if (writer.view().saved) parent = writer.view().saved->manifest;
      const Result<checkpoint::Saved> saved = save_once(place, writer.epoch(), lease, parent);
      if (!saved.ok()) continue;
      actor.step_allowed.reset();
      actor.deadline = world.clock.now() + record_allowed;
      if (actor.random.chance(0.2)) world.rest(actor, up_to(actor.random, minutes(50)));
      const bool written = append(writer, *saved);
      world.end(actor);
      return written;
    }
    world.end(actor);
    return false;
  }

  bool append(LedgerWriter& writer, const checkpoint::Saved& saved) {
    for (int tries = 0; tries < tries_max; ++tries) {
      const Result<LedgerRecord> record = writer.append_checkpoint(
          world.clock.now(), saved.id, saved.manifest.root_digest, saved.manifest.step);
      if (record.ok()) {
        world.oracle->acknowledge(site, *record);
        world.count("checkpoints");
        return true;
      }
      world.say(actor, "no record: " + describe(record.error()));
      if (record.error().code == Code::fenced) {
        world.count("writers fenced");
        if (world.mutant == Mutant::fenced_writer_writes) write_nevertheless(writer, saved);
        return false;
      }
      if (record.error().code == Code::conflict) world.count("races for the ledger lost");
      if (record.error().code == Code::corrupt) world.violate(describe(record.error()));
    }
    return false;
  }

  // A mutant.
  void write_nevertheless(const LedgerWriter& writer, const checkpoint::Saved& saved) {
    Views views(world, actor, site);
    LedgerRecord record;
    record.number = writer.view().number + 1;
    record.kind = LedgerKind::checkpoint;
    record.epoch = writer.epoch();
    record.lease = saved.manifest.lease;
    record.nonce = "fenced-" + record.lease.text();
    record.manifest = saved.id;
    record.step = saved.manifest.step;
    record.root_digest = saved.manifest.root_digest;
    const std::string number = std::to_string(record.number);
    static_cast<void>(views.home.put(site.prefix + "ledger/" + std::string(8 - number.size(), '0') + number,
                                     to_text(to_json(record)), objectstore::PutCondition::if_absent));
  }

  // As the agent does after a checkpoint. False: it is fenced.
  bool prune(const checkpoint::ChunkPlace& place, LedgerWriter& writer) {
    world.begin(actor, std::nullopt);
    const checkpoint::Retention retention{.last = site.keep, .best = site.best, .metric = "loss"};
    Result<checkpoint::PrunePlan> plan =
        checkpoint::plan_prune(place, retention, world.clock.now(), agent_grace);
    if (!plan.ok()) return true;
    if (!plan->leave_word.empty()) world.count("prunes between others");
    if (world.mutant == Mutant::prune_leaves_no_word) plan->leave_word.clear();
    const Status refreshed = writer.refresh();
    if (!refreshed.ok()) return refreshed.error().code != Code::fenced;
    world.say(actor, "prunes " + std::to_string(plan->remove_keys.size()) + " objects");
    world.oracle->note_plan(site, *plan);
    const Status pruned = checkpoint::execute(place, *plan);
    if (!plan->remove_keys.empty()) world.count(pruned.ok() ? "prunes" : "prunes cut");
    return true;
  }
};

std::shared_ptr<Saver> make_saver(World& world, Actor& actor, Site& site) {
  const bool has_local = site.has_ledger && actor.random.chance(0.5);
  std::vector<std::size_t> todo(2 + actor.random.below(4));
  // Few, so that one comes back now and then after others.
  for (std::size_t& state : todo) state = (world.seed + actor.random.below(5)) % States::count;
  return std::make_shared<Saver>(Saver{world, actor, site,
                                       has_local ? objectstore::make_memory_store(&world.clock) : nullptr,
                                       Target(world, actor), std::move(todo)});
}

}  // namespace

std::function<void()> saver_with_ledger(World& world, Actor& actor, Site& site) {
  return [saver = make_saver(world, actor, site)] {
    live(saver->world, saver->actor, [saver] { saver->live_with_ledger(); });
    // Fenced or worn out, another instance takes over.
    if (saver->done < saver->todo.size()) {
      live(saver->world, saver->actor, [saver] { saver->live_with_ledger(); });
    }
  };
}

std::function<void()> saver_without_ledger(World& world, Actor& actor, Site& site) {
  return [saver = make_saver(world, actor, site)] {
    live(saver->world, saver->actor, [saver] { saver->live_without_ledger(); });
  };
}

}  // namespace tradewind::storesim
