#include "engine/storesim/storesim.h"

#include "edge/checkpoint/chunk.h"
#include "edge/checkpoint/copies.h"
#include "edge/checkpoint/history.h"
#include "edge/checkpoint/parallel.h"
#include "edge/checkpoint/repair.h"
#include "edge/objectstore/memory_store.h"
#include "engine/storesim/actors.h"

namespace tradewind::storesim {
namespace {

constexpr std::size_t actors_max = 16;

// Who takes part, where, and what goes wrong, as the seed says.
class Cast {
 public:
  Cast(World& world, std::uint64_t seed) : world_(world), random_(seed * 4 + 3) {}

  std::vector<Stage::Script> assemble() {
    draw_rates();
    const bool has_ledger = random_.chance(0.5);
    Site& site = add_site("first", has_ledger, random_.chance(0.6));
    const std::size_t savers = 1 + random_.below(has_ledger ? 2 : 3);
    for (std::size_t i = 0; i < savers; ++i) {
      add("saver", has_ledger ? saver_with_ledger : saver_without_ledger, site);
    }
    add_some("reader", reader, site, 1 + random_.below(2));
    add_some("pruner", pruner, site, 1 + random_.below(2));
    if (site.standby != nullptr) add_some("repairer", repairer, site, random_.below(2));
    if (!has_ledger && random_.chance(0.5)) add_copy_of(site);
    return std::move(scripts_);
  }

 private:
  using Make = std::function<void()> (*)(World&, Actor&, Site&);

  void draw_rates() {
    FaultRates& rates = world_.rates;
    world_.transfers_are_slow = random_.chance(0.3);
    if (random_.chance(0.15)) return;  // all goes well
    rates.lost = random_.unit() * 0.05;
    rates.late = random_.chance(0.5) ? 0.02 : 0;
    rates.crash = random_.chance(0.7) ? random_.unit() * 0.02 : 0;
    rates.away = random_.chance(0.3) ? 0.003 : 0;
    rates.rot = random_.chance(0.5) ? 0.02 : 0;
    if (random_.chance(0.3)) world_.page_max = 3 + random_.below(4);
  }

  Site& add_site(const std::string& name, bool has_ledger, bool has_standby) {
    world_.sites.push_back(std::make_unique<Site>());
    Site& site = *world_.sites.back();
    site.name = name;
    site.has_ledger = has_ledger;
    site.prefix = has_ledger ? "tradewind/o/jobs/j-1/" : "";
    site.keep = 1 + static_cast<int>(random_.below(3));
    site.best = world_.seed % 3 == 0 ? 2 : 0;
    site.home = objectstore::make_memory_store(&world_.clock);
    if (has_standby) site.standby = objectstore::make_memory_store(&world_.clock);
    return site;
  }

  Actor& add_actor(const std::string& name) {
    const std::size_t index = world_.actors.size();
    world_.actors.push_back(std::make_unique<Actor>(
        Actor{name + "-" + std::to_string(index), index, Random(world_.seed * 64 + index)}));
    return *world_.actors.back();
  }

  void add(const std::string& name, Make make, Site& site) {
    scripts_.push_back(make(world_, add_actor(name), site));
  }
  void add_some(const std::string& name, Make make, Site& site, std::size_t how_many) {
    for (std::size_t i = 0; i < how_many; ++i) add(name, make, site);
  }
  void add_copy_of(Site& site) {
    Site& copy = add_site("second", false, false);
    scripts_.push_back(copier(world_, add_actor("copier"), site, copy));
    add_some("pruner", pruner, copy, 1 + random_.below(2));
    add_some("reader", reader, copy, random_.below(2));
    add_some("saver", saver_without_ledger, copy, random_.below(2));
  }

  World& world_;
  Random random_;
  std::vector<Stage::Script> scripts_;
};

// All actors have ended and all goes well: what is there at last is looked at by the engine and by the
// oracle.
class Finale {
 public:
  explicit Finale(World& world) : world_(world), actor_{"finale", 999, Random(world.seed)} {}

  void play() {
    const checkpoint::InOrder in_order;
    for (const auto& site : world_.sites) {
      if (!world_.is_over()) look_at(*site);
    }
  }

 private:
  void look_at(Site& site) {
    Views views(world_, actor_, site, nullptr, std::nullopt, ActorStore::Mood::calm);
    world_.oracle->check_ledger(site);
    if (world_.oracle->has_one_back(site)) prune(site, views.place);
    if (site.standby != nullptr) mend(views.place);
    expect_clean(views.place, "at the end");
    restore_newest(site, views.place);
    world_.clock.advance(std::chrono::hours(48));
    prune_all(site, views.place);
  }

  void mend(const checkpoint::ChunkPlace& place) {
    const Result<checkpoint::RepairReport> report = checkpoint::repair(place, {});
    if (!report.ok()) return world_.violate("the last repair failed: " + describe(report.error()));
    if (!report->lost.empty()) world_.violate("the last repair lost something: " + report->lost[0]);
  }

  void expect_clean(const checkpoint::ChunkPlace& place, const std::string& when) {
    checkpoint::ChunkPlace home = place;
    home.standby.clear();
    const Result<checkpoint::VerifyReport> report = checkpoint::verify(home);
    if (!report.ok()) return world_.violate("what is there cannot be verified: " + describe(report.error()));
    if (!report->problems.empty()) world_.violate("verify " + when + ": " + report->problems[0]);
  }

  void restore_newest(const Site& site, const checkpoint::ChunkPlace& place) {
    world_.oracle->check_all(site);
    if (world_.is_over()) return;
    Target target(world_, actor_);
    const std::vector<ManifestId> ids = world_.oracle->existing(site);
    for (std::size_t i = ids.size(); i-- > 0 && i + 3 > ids.size();) {
      target.restore(actor_, site, place, ids[i], true);
    }
    static_cast<void>(io::remove_tree(world_.states.scratch() / actor_.name));
  }

  // Nothing stays for ever, and what is kept stays whole.
  void prune_all(Site& site, const checkpoint::ChunkPlace& place) {
    prune(site, place);
    if (world_.is_over()) return;
    world_.oracle->check_all(site);
    expect_clean(place, "after the last pruning");
    expect_no_leftovers(site);
  }

  void prune(Site& site, const checkpoint::ChunkPlace& place) {
    const Result<checkpoint::PrunePlan> plan =
        checkpoint::plan_prune(place, site.keep, world_.clock.now(), cli_grace);
    if (!plan.ok()) return world_.violate("the last pruning has no plan: " + describe(plan.error()));
    world_.oracle->note_plan(site, *plan);
    if (const Status done = checkpoint::execute(place, *plan); !done.ok()) {
      world_.violate("the last pruning failed: " + describe(done.error()));
    }
  }

  void expect_no_leftovers(const Site& site) {
    const std::string manifests = site.prefix + "manifests/";
    const auto left = checkpoint::list_all(*site.home, manifests).value_or({});
    // Without a ledger, what the store got last stays too: a mended one may be older than the newest ones.
    const std::size_t most = static_cast<std::size_t>(site.keep) + (site.has_ledger ? 0 : 1);
    if (left.size() > most) {
      return world_.violate(std::to_string(left.size()) + " checkpoints are left in " + site.name);
    }
    std::set<std::string> needed;
    for (const objectstore::ObjectInfo& object : left) {
      const ManifestId id(object.key.substr(manifests.size()));
      const auto read = checkpoint::read_coded_manifest(*site.home, site.prefix, id);
      if (!read.ok()) return world_.violate("a kept manifest cannot be read: " + id.text());
      for (const ChunkRef& chunk : checkpoint::distinct_chunks(read->manifest)) {
        needed.insert(checkpoint::chunk_key(site.prefix, chunk.digest));
      }
    }
    for (const auto& chunk : checkpoint::list_all(*site.home, site.prefix + "chunks/").value_or({})) {
      if (!needed.contains(chunk.key)) world_.violate("nobody ever removes " + chunk.key);
    }
  }

  World& world_;
  Actor actor_;
};

}  // namespace

Simulator::Simulator(States states) : states_(std::move(states)), stage_(actors_max) {}

Result<std::unique_ptr<Simulator>> Simulator::make() {
  TW_ASSIGN_OR_RETURN(States states, States::make());
  return std::unique_ptr<Simulator>(new Simulator(std::move(states)));
}

Outcome Simulator::run(std::uint64_t seed, Mutant mutant, bool keep_trace) {
  World world(seed, mutant, keep_trace, stage_, states_);
  world.oracle = std::make_unique<Oracle>(world);
  std::vector<Stage::Script> scripts = Cast(world, seed).assemble();
  stage_.play(std::move(scripts), [&world](const auto& able) { return world.choose(able); });
  if (!world.is_over()) Finale(world).play();
  for (const auto& actor : world.actors) {
    static_cast<void>(io::remove_tree(states_.scratch() / actor->name));
    static_cast<void>(io::remove_tree(states_.scratch() / ("." + actor->name + ".tradewind-new")));
  }
  return {seed, world.violation, std::move(world.trace), world.now_step(), std::move(world.coverage)};
}

}  // namespace tradewind::storesim
