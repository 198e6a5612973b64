#include "engine/storesim/oracle.h"

#include <algorithm>

#include "edge/checkpoint/chunk.h"
#include "edge/checkpoint/copies.h"
#include "edge/checkpoint/ledger.h"

namespace tradewind::storesim {
namespace {

using objectstore::ObjectStore;

bool is_below(const Site& site, const char* folder, const std::string& key) {
  return key.starts_with(site.prefix + folder);
}

ManifestId id_of(const std::string& key) {
  return ManifestId(key.substr(key.rfind('/') + 1));
}

ObjectStore* store_of(const Site& site, Kind kind) {
  return kind == Kind::home ? site.home.get() : site.standby.get();
}

}  // namespace

double Oracle::note_save(std::size_t state) {
  saves_.push_back(state);
  return static_cast<double>(saves_.size() - 1);
}

std::string Oracle::name(const Site& site, const ManifestId& id) const {
  std::string text = "checkpoint " + id.text().substr(0, 8);
  const auto book = books_.find(&site);
  if (book != books_.end()) {
    const auto known = book->second.known.find(id);
    if (known != book->second.known.end()) {
      text += " (save " + std::to_string(static_cast<std::size_t>(known->second.manifest.step)) + ")";
    }
  }
  return text + " in " + site.name;
}

// ---- effects

void Oracle::before_put(const Actor& actor, const Site& site, Kind kind, const std::string& key,
                        bool is_of_now) {
  if (kind != Kind::home) return;
  if (is_below(site, "ledger/", key) && site.home->stat(key).ok()) {
    world_.violate("ledger record " + key + " was written over by " + actor.name);
  }
  if (is_of_now && is_below(site, "chunks/", key)) check_sent_once(actor, site, key);
}

// A chunk that was durable before the save began, and young enough to be relied on, is not sent again.
void Oracle::check_sent_once(const Actor& actor, const Site& site, const std::string& key) {
  if (!actor.name.starts_with("saver") || actor.op_now == Time()) return;
  Book& book = books_[&site];
  const Result<objectstore::ObjectInfo> there = site.home->stat(key);
  if (!there.ok() || book.rotted.contains({Kind::home, key})) return;
  const auto put_at = book.put_at.find(key);
  const bool was_there = put_at != book.put_at.end() && put_at->second < actor.op_step;
  if (was_there && world_.clock.now() - there->modified_at < checkpoint::reuse_age_max) {
    world_.violate(actor.name + " sent " + key + " again, which was durable and young");
  }
}

void Oracle::after_put(const Actor& actor, const Site& site, Kind kind, const std::string& key,
                       bool puts_anew) {
  books_[&site].rotted.erase({kind, key});
  if (kind != Kind::home) return;
  books_[&site].put_at[key] = world_.now_step();
  if (is_below(site, "manifests/", key)) note_manifest(actor, site, key, puts_anew);
  if (is_below(site, "ledger/", key)) note_record(site, key);
}

void Oracle::note_manifest(const Actor& actor, const Site& site, const std::string& key, bool puts_anew) {
  const ManifestId id = id_of(key);
  const auto read = checkpoint::read_coded_manifest(*site.home, site.prefix, id);
  if (!read.ok()) return world_.violate(actor.name + " put a manifest that cannot be read: " + key);
  Known& known = books_[&site].known[id];
  known.manifest = read->manifest;
  for (const ChunkRef& chunk : checkpoint::distinct_chunks(read->manifest)) {
    known.keys.insert(checkpoint::chunk_key(site.prefix, chunk.digest));
  }
  known.is_back = known.doomed && !puts_anew;
  if (site.has_ledger) return;
  // Without a ledger it exists from here on. One that was pruned is not brought back by mending it.
  if (known.doomed && !puts_anew) return;
  known.doomed = false;
  begin_to_exist(site, id);
}

void Oracle::note_record(const Site& site, const std::string& key) {
  const Result<json::value> value = parse_json(site.home->get(key).value_or(""));
  const Result<LedgerRecord> record =
      value.ok() ? ledger_record_from_json(*value, "record") : Result<LedgerRecord>(value.error());
  if (!record.ok()) return world_.violate("a ledger record that cannot be read: " + key);
  if (record->kind != LedgerKind::checkpoint) return;
  Book& book = books_[&site];
  book.chain.push_back(record->manifest);
  if (!book.known.contains(record->manifest)) {
    return world_.violate(key + " names a manifest that never reached the store");
  }
  if (book.known[record->manifest].doomed) {
    return world_.violate(name(site, record->manifest) + " was pruned before its record came");
  }
  begin_to_exist(site, record->manifest);
}

void Oracle::begin_to_exist(const Site& site, const ManifestId& id) {
  Known& known = books_[&site].known[id];
  known.exists = true;
  check_whole(site, id, known);
}

void Oracle::before_remove(const Site& site, Kind kind, const std::string& key) {
  if (kind == Kind::local) return;
  if (is_below(site, "ledger/", key)) return world_.violate("a ledger record is removed: " + key);
  Book& book = books_[&site];
  for (const auto& [id, known] : book.known) {
    if (!known.exists || known.doomed) continue;
    // A copy that was never whole may go, as long as what it is a copy of is whole.
    if (kind == Kind::standby && !known.copied && rot_of(site, Kind::home, key) == Rot::none) continue;
    if (known.keys.contains(key) || checkpoint::manifest_key(site.prefix, id) == key) {
      return world_.violate(key + " is removed, which " + name(site, id) + " needs");
    }
  }
  book.rotted.erase({kind, key});
  if (kind == Kind::home) book.put_at.erase(key);
}

void Oracle::note_rot(const Site& site, Kind kind, const std::string& key, Rot rot) {
  books_[&site].rotted[{kind, key}] = rot;
}

Oracle::Rot Oracle::rot_of(const Site& site, Kind kind, const std::string& key) const {
  const auto book = books_.find(&site);
  if (book == books_.end()) return Rot::none;
  const auto rot = book->second.rotted.find({kind, key});
  return rot == book->second.rotted.end() ? Rot::none : rot->second;
}

// ---- wholeness

// In the home store, or, where it rotted there, in the standby one.
bool Oracle::is_whole(const Site& site, const std::string& key, const std::function<bool(Kind)>& read) const {
  if (rot_of(site, Kind::home, key) == Rot::none) return read(Kind::home);
  return site.standby != nullptr && rot_of(site, Kind::standby, key) == Rot::none && read(Kind::standby);
}

void Oracle::check_whole(const Site& site, const ManifestId& id, const Known& known) {
  const std::string manifest = checkpoint::manifest_key(site.prefix, id);
  const auto read_manifest = [&](Kind kind) {
    return checkpoint::read_coded_manifest(*store_of(site, kind), site.prefix, id).ok();
  };
  if (!is_whole(site, manifest, read_manifest)) {
    return world_.violate(name(site, id) + " has no manifest");
  }
  for (const ChunkRef& chunk : checkpoint::distinct_chunks(known.manifest)) {
    const auto read_chunk = [&](Kind kind) {
      return checkpoint::read_chunk(*store_of(site, kind), site.prefix, chunk).ok();
    };
    const std::string key = checkpoint::chunk_key(site.prefix, chunk.digest);
    if (!is_whole(site, key, read_chunk)) return world_.violate(name(site, id) + " lacks " + key);
  }
}

// ---- what the actors were told

void Oracle::acknowledge_copy(const Site& site, const ManifestId& id) {
  books_[&site].known[id].copied = true;
}

void Oracle::acknowledge(const Site& site, const ManifestId& id) {
  Book& book = books_[&site];
  const auto known = book.known.find(id);
  if (known == book.known.end() || !known->second.exists) {
    return world_.violate(name(site, id) + " was acknowledged and does not exist");
  }
  if (!known->second.doomed) check_whole(site, id, known->second);
}

void Oracle::acknowledge(const Site& site, const LedgerRecord& record) {
  books_[&site].acknowledged.push_back(record);
  if (record.kind == LedgerKind::checkpoint) acknowledge(site, record.manifest);
}

void Oracle::acknowledge_claim(const Site& site, std::uint64_t epoch, const std::string& who) {
  const auto [holder, fresh] = books_[&site].holders.emplace(epoch, who);
  if (!fresh && holder->second != who) {
    world_.violate("epoch " + std::to_string(epoch) + " has two holders: " + holder->second + " and " + who);
  }
}

std::set<ManifestId> Oracle::newest(const Site& site) const {
  std::set<ManifestId> found;
  const auto book = books_.find(&site);
  if (book == books_.end()) return found;
  const auto keep = static_cast<std::size_t>(site.keep);
  if (site.has_ledger) {
    const std::vector<ManifestId>& chain = book->second.chain;
    for (std::size_t i = chain.size(); i-- > 0 && found.size() < keep;) found.insert(chain[i]);
    return found;
  }
  std::vector<Time> made;
  for (const auto& [id, known] : book->second.known) {
    if (known.exists && !known.doomed) made.push_back(known.manifest.created_at);
  }
  std::ranges::sort(made, std::greater<>());
  const Time oldest = made.size() < keep ? Time::min() : made[keep - 1];
  for (const auto& [id, known] : book->second.known) {
    // Of equal age, either may go.
    if (known.exists && !known.doomed && known.manifest.created_at > oldest) found.insert(id);
  }
  if (made.size() <= keep) {
    for (const auto& [id, known] : book->second.known) {
      if (known.exists && !known.doomed) found.insert(id);
    }
  }
  return found;
}

void Oracle::note_plan(const Site& site, const checkpoint::PrunePlan& plan) {
  Book& book = books_[&site];
  const std::set<ManifestId> kept = newest(site);
  for (const std::string& key : plan.remove_keys) {
    if (!is_below(site, "manifests/", key)) continue;
    const ManifestId id = id_of(key);
    if (kept.contains(id)) {
      return world_.violate(name(site, id) + " is to be pruned, though it is one of the newest " +
                            std::to_string(site.keep));
    }
    if (const auto known = book.known.find(id); known != book.known.end()) known->second.doomed = true;
  }
}

bool Oracle::is_doomed(const Site& site, const ManifestId& id) const {
  const auto book = books_.find(&site);
  if (book == books_.end()) return false;
  const auto known = book->second.known.find(id);
  return known != book->second.known.end() && known->second.doomed;
}

bool Oracle::has_one_back(const Site& site) const {
  const auto book = books_.find(&site);
  return book != books_.end() &&
         std::ranges::any_of(book->second.known, [](const auto& known) { return known.second.is_back; });
}

// ---- the end

std::vector<ManifestId> Oracle::existing(const Site& site) const {
  std::vector<std::pair<Time, ManifestId>> dated;
  const auto book = books_.find(&site);
  if (book == books_.end()) return {};
  for (const auto& [id, known] : book->second.known) {
    if (known.exists && !known.doomed) dated.emplace_back(known.manifest.created_at, id);
  }
  std::ranges::sort(dated);
  std::vector<ManifestId> ids;
  ids.reserve(dated.size());
  for (auto& [at, id] : dated) ids.push_back(std::move(id));
  return ids;
}

void Oracle::check_all(const Site& site) {
  for (const auto& [id, known] : books_[&site].known) {
    if (known.exists && !known.doomed) check_whole(site, id, known);
  }
}

void Oracle::check_ledger(const Site& site) {
  if (!site.has_ledger) return;
  const auto chain = checkpoint::read_ledger(*site.home, site.prefix, 0);
  if (!chain.ok()) return world_.violate("the ledger cannot be read: " + describe(chain.error()));
  checkpoint::LedgerView view;
  for (const LedgerRecord& record : *chain) {
    const Status folded = checkpoint::fold(view, record);
    if (!folded.ok()) return world_.violate("the chain is broken: " + describe(folded.error()));
  }
  for (const LedgerRecord& record : books_[&site].acknowledged) {
    const bool there = record.number <= chain->size() && (*chain)[record.number - 1] == record;
    if (!there) return world_.violate("acknowledged record " + std::to_string(record.number) + " is lost");
  }
}

}  // namespace tradewind::storesim
