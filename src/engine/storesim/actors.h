// Those who use the stores: each runs the engine's own calls as a program of its own would.
#pragma once

#include <functional>

#include "engine/storesim/actor_store.h"
#include "engine/storesim/world.h"

namespace tradewind::storesim {

// What the engine asks of time, less what a call may come late (checkpoint.h): what is relied on is read, and
// a manifest's record written, while pruning spares them.
constexpr Duration cli_grace = std::chrono::hours(1);
constexpr Duration agent_grace = std::chrono::minutes(10);
constexpr Duration read_allowed = std::chrono::minutes(45);
constexpr Duration record_allowed = std::chrono::minutes(55);

// One actor's view of a site.
struct Views {
  Views(World& world, Actor& actor, Site& site, objectstore::ObjectStore* local = nullptr,
        std::optional<Role> role = std::nullopt, ActorStore::Mood mood = ActorStore::Mood::faulty);
  Views(const Views&) = delete;
  Views& operator=(const Views&) = delete;

  ActorStore home;
  std::unique_ptr<ActorStore> standby;
  std::unique_ptr<ActorStore> local;
  std::unique_ptr<objectstore::ObjectStore> distorted;
  checkpoint::ChunkPlace place;
};

// Each returns a script: what an actor does until it has done its part, through crashes.
std::function<void()> saver_with_ledger(World& world, Actor& actor, Site& site);
std::function<void()> saver_without_ledger(World& world, Actor& actor, Site& site);
std::function<void()> reader(World& world, Actor& actor, Site& site);
std::function<void()> pruner(World& world, Actor& actor, Site& site);
std::function<void()> repairer(World& world, Actor& actor, Site& site);
std::function<void()> copier(World& world, Actor& actor, Site& from, Site& to);

// Lives until `life` ends by itself, a few times at most.
void live(World& world, Actor& actor, const std::function<void()>& life);
Duration up_to(Random& random, Duration longest);

// A folder that an actor restores into, and what must lie there.
class Target {
 public:
  Target(World& world, const Actor& actor);
  // Restores and checks what came of it. False: it failed as it may.
  bool restore(Actor& actor, const Site& site, const checkpoint::ChunkPlace& place, const ManifestId& id,
               bool must_be_there);
  // After a crash: whatever lies there is what lay there before.
  void check_untouched(const Actor& actor) const;

 private:
  void check_failure(const Actor& actor, const Site& site, const ManifestId& id, const Error& error,
                     bool must_be_there) const;
  World& world_;
  std::filesystem::path folder_;
  FolderContent content_;
};

}  // namespace tradewind::storesim
