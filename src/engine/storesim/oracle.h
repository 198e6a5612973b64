// What must hold of the stores, kept beside them from what really reached them.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/model/ledger_record.h"
#include "engine/storesim/world.h"

namespace tradewind::storesim {

class Oracle {
 public:
  explicit Oracle(World& world) : world_(world) {}

  // A program's state that some save is of: the save's step, by which its manifest tells it.
  double note_save(std::size_t state);
  std::size_t state_of(double step) const { return saves_.at(static_cast<std::size_t>(step)); }

  // ---- told around each effect on a store
  // `is_of_now`: the actor still does what it sent the call for.
  void before_put(const Actor& actor, const Site& site, Kind kind, const std::string& key, bool is_of_now);
  void after_put(const Actor& actor, const Site& site, Kind kind, const std::string& key, bool puts_anew);
  void before_remove(const Site& site, Kind kind, const std::string& key);
  // Rot is laid over what a store has until the object is put again: its date stays as it was.
  enum class Rot { none, flipped, cut };
  void note_rot(const Site& site, Kind kind, const std::string& key, Rot rot);
  Rot rot_of(const Site& site, Kind kind, const std::string& key) const;

  // ---- told by the actors
  // Somebody was told that this checkpoint has a copy in the standby store.
  void acknowledge_copy(const Site& site, const ManifestId& id);
  // Somebody was told that this checkpoint exists.
  void acknowledge(const Site& site, const ManifestId& id);
  void acknowledge(const Site& site, const LedgerRecord& record);
  // Somebody was told that it holds the job in this epoch.
  void acknowledge_claim(const Site& site, std::uint64_t epoch, const std::string& who);
  // Somebody is about to carry out this plan.
  void note_plan(const Site& site, const checkpoint::PrunePlan& plan);
  // Whether a plan to prune it was carried out, or begun.
  bool is_doomed(const Site& site, const ManifestId& id) const;

  // Whether a repair brought back the manifest of one that was pruned meanwhile: the next pruning removes it.
  bool has_one_back(const Site& site) const;

  // ---- at the end
  // Every checkpoint that exists and was not pruned, oldest first.
  std::vector<ManifestId> existing(const Site& site) const;
  void check_all(const Site& site);
  void check_ledger(const Site& site);

 private:
  struct Known {
    Manifest manifest;
    std::set<std::string> keys;  // of its chunks
    bool exists = false;
    bool doomed = false;
    bool copied = false;   // to the standby store, all of it
    bool is_back = false;  // a repair that had begun before put its manifest again
  };
  struct Book {
    std::map<ManifestId, Known> known;  // every manifest that reached the home store
    std::vector<ManifestId> chain;      // as the ledger names them
    std::vector<LedgerRecord> acknowledged;
    std::map<std::uint64_t, std::string> holders;  // by epoch
    std::map<std::pair<Kind, std::string>, Rot> rotted;
    std::map<std::string, std::size_t> put_at;  // step, of what lies in the home store
  };

  void note_manifest(const Actor& actor, const Site& site, const std::string& key, bool puts_anew);
  void note_record(const Site& site, const std::string& key);
  void check_sent_once(const Actor& actor, const Site& site, const std::string& key);
  void begin_to_exist(const Site& site, const ManifestId& id);
  void check_whole(const Site& site, const ManifestId& id, const Known& known);
  bool is_whole(const Site& site, const std::string& key, const std::function<bool(Kind)>& read) const;
  std::string name(const Site& site, const ManifestId& id) const;
  std::set<ManifestId> newest(const Site& site) const;

  World& world_;
  std::vector<std::size_t> saves_;  // states
  std::map<const Site*, Book> books_;
};

}  // namespace tradewind::storesim
