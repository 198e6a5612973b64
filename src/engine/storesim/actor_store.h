// A store as one actor sees it: others act before each of its calls, and requests, replies and processes are
// lost.
#pragma once

#include "engine/storesim/oracle.h"
#include "engine/storesim/world.h"

namespace tradewind::storesim {

// The effects of calls on what a store holds, told to the oracle. Outlives the actor that sent them.
struct Effects {
  Status put(const std::string& key, std::string_view bytes, objectstore::PutCondition condition) const;
  Status remove(const std::string& key) const;
  Status remove_if_older(const std::string& key, Time limit) const;

  World& world;
  Actor& actor;
  Site& site;
  Kind kind;
  objectstore::ObjectStore& inner;
  // Of what the actor did when it sent the call.
  std::size_t op_step;
  bool puts_anew;
};

class ActorStore final : public objectstore::ObjectStore {
 public:
  enum class Mood { faulty, calm };  // calm: nobody else acts, nothing is lost
  // REQUIRES: all outlive this; all but a local store outlive the run.
  ActorStore(World& world, Actor& actor, Site& site, Kind kind, ObjectStore& inner, Mood mood = Mood::faulty)
      : world_(world), actor_(actor), site_(site), kind_(kind), inner_(inner), mood_(mood), effects_{world,
                                                                                                     actor,
                                                                                                     site,
                                                                                                     kind,
                                                                                                     inner,
                                                                                                     0,
                                                                                                     false} {}

  std::string url() const override;
  Status put(std::string_view key, std::string_view bytes, objectstore::PutCondition condition) override;
  Result<std::string> get(std::string_view key, objectstore::ByteRange range) override;
  Result<objectstore::ObjectInfo> stat(std::string_view key) override;
  Result<objectstore::ObjectPage> list(std::string_view prefix, std::string_view after,
                                       std::size_t limit) override;
  Status remove(std::string_view key) override;
  Status remove_if_older(std::string_view key, Time limit) override;

 private:
  enum class Fate { done, crash_before, crash_after, request_lost, reply_lost, late };
  Fate draw(std::string_view call, std::string_view key, bool may_be_late);
  template <class Reply, class Act>
  Reply through(std::string_view call, std::string_view key, const Act& act);
  Status change(std::string_view call, const std::string& key, const std::function<Status()>& act);
  [[noreturn]] void crash();
  void show_rot(objectstore::ObjectInfo& info) const;
  void maybe_rot();

  World& world_;
  Actor& actor_;
  Site& site_;
  Kind kind_;
  ObjectStore& inner_;
  Mood mood_;
  Effects effects_;
};

}  // namespace tradewind::storesim
