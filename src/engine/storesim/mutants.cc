#include "engine/storesim/mutants.h"

#include <algorithm>
#include <functional>
#include <string>
#include <utility>

#include "edge/checkpoint/chunk.h"

namespace tradewind::storesim {
namespace {

using objectstore::ByteRange;
using objectstore::ObjectInfo;
using objectstore::ObjectPage;
using objectstore::ObjectStore;
using objectstore::PutCondition;

bool is_of(std::string_view folder, std::string_view key) {
  return key.find(folder) != std::string_view::npos;
}

// Passes everything on; a mutant changes one thing.
class Passing : public ObjectStore {
 public:
  explicit Passing(ObjectStore& inner) : inner_(inner) {}
  std::string url() const override { return inner_.url(); }
  Status put(std::string_view key, std::string_view bytes, PutCondition condition) override {
    return inner_.put(key, bytes, condition);
  }
  Result<std::string> get(std::string_view key, ByteRange range) override { return inner_.get(key, range); }
  Result<ObjectInfo> stat(std::string_view key) override { return inner_.stat(key); }
  Result<ObjectPage> list(std::string_view prefix, std::string_view after, std::size_t limit) override {
    return inner_.list(prefix, after, limit);
  }
  Status remove(std::string_view key) override { return inner_.remove(key); }
  Status remove_if_older(std::string_view key, Time limit) override {
    return inner_.remove_if_older(key, limit);
  }

 protected:
  ObjectStore& inner_;
};

class Overwriting final : public Passing {
 public:
  using Passing::Passing;
  Status put(std::string_view key, std::string_view bytes, PutCondition) override {
    return inner_.put(key, bytes, PutCondition::always);
  }
};

class AskingFirst final : public Passing {
 public:
  using Passing::Passing;
  Status put(std::string_view key, std::string_view bytes, PutCondition condition) override {
    if (condition == PutCondition::if_absent) {
      const Result<ObjectInfo> there = inner_.stat(key);
      if (there.ok()) return Error{Code::conflict, "it exists"};
      if (there.error().code != Code::not_found) return there.error();
    }
    return inner_.put(key, bytes, PutCondition::always);
  }
};

// Says that some objects were put, and puts them after another one was.
class PuttingTooLate final : public Passing {
 public:
  PuttingTooLate(ObjectStore& inner, std::string_view held_back, std::string_view until)
      : Passing(inner), held_back_(held_back), until_(until) {}
  Status put(std::string_view key, std::string_view bytes, PutCondition condition) override {
    if (is_of(held_back_, key)) {
      waiting_.emplace_back(key, bytes);
      return {};
    }
    Status done = inner_.put(key, bytes, condition);
    if (!is_of(until_, key)) return done;
    for (const auto& [late_key, late_bytes] : std::exchange(waiting_, {})) {
      static_cast<void>(inner_.put(late_key, late_bytes, PutCondition::always));
    }
    return done;
  }

 private:
  std::string_view held_back_;
  std::string_view until_;
  std::vector<std::pair<std::string, std::string>> waiting_;
};

// Says that it put what tells of a transfer under way.
class TellingNothing final : public Passing {
 public:
  using Passing::Passing;
  Status put(std::string_view key, std::string_view bytes, PutCondition condition) override {
    return is_of("underway/", key) ? Status() : inner_.put(key, bytes, condition);
  }
};

// Answers that it changed before it gives them.
class Lying final : public Passing {
 public:
  struct Lies {
    std::function<void(ObjectPage&)> of_lists = {};
    std::function<void(ObjectInfo&)> of_objects = {};
    std::function<Result<std::string>(std::string_view, std::string)> of_bytes = {};
  };
  Lying(ObjectStore& inner, Lies lies) : Passing(inner), lies_(std::move(lies)) {}

  Result<std::string> get(std::string_view key, ByteRange range) override {
    Result<std::string> bytes = inner_.get(key, range);
    return bytes.ok() && lies_.of_bytes ? lies_.of_bytes(key, *std::move(bytes)) : bytes;
  }
  Result<ObjectInfo> stat(std::string_view key) override {
    Result<ObjectInfo> info = inner_.stat(key);
    if (info.ok() && lies_.of_objects) lies_.of_objects(*info);
    return info;
  }
  Result<ObjectPage> list(std::string_view prefix, std::string_view after, std::size_t limit) override {
    Result<ObjectPage> page = inner_.list(prefix, after, limit);
    if (!page.ok()) return page;
    if (lies_.of_objects) std::ranges::for_each(page->objects, lies_.of_objects);
    if (lies_.of_lists) lies_.of_lists(*page);
    return page;
  }

 private:
  Lies lies_;
};

// Removes chunks whatever their age, or after a look at it.
class Removing final : public Passing {
 public:
  Removing(ObjectStore& inner, bool looks) : Passing(inner), looks_(looks) {}
  Status remove_if_older(std::string_view key, Time limit) override {
    if (looks_) {
      const Result<ObjectInfo> info = inner_.stat(key);
      if (!info.ok()) return info.error().code == Code::not_found ? Status() : Status(info.error());
      if (info->modified_at >= limit) return is_younger(key);
    }
    return inner_.remove(key);
  }

 private:
  bool looks_;
};

Lying::Lies dating_chunks_now(const Clock& clock) {
  return {.of_objects = [&clock](ObjectInfo& info) {
    if (is_of("chunks/", info.key)) info.modified_at = clock.now();
  }};
}

Lying::Lies hiding_young_manifests(const Clock& clock) {
  return {.of_lists = [&clock](ObjectPage& page) {
    std::erase_if(page.objects, [&clock](const ObjectInfo& info) {
      return is_of("manifests/", info.key) && info.modified_at >= clock.now() - std::chrono::hours(2);
    });
  }};
}

Lying::Lies hiding_what_is_under_way() {
  return {.of_lists = [](ObjectPage& page) {
    std::erase_if(page.objects, [](const ObjectInfo& info) { return is_of("underway/", info.key); });
  }};
}

Lying::Lies hiding_the_newest_record() {
  return {.of_lists = [](ObjectPage& page) {
    const bool of_ledger = page.objects.size() > 1 && is_of("ledger/", page.objects[0].key);
    if (of_ledger && !page.more) page.objects.pop_back();
  }};
}

// Of checkpoints without a ledger, whose keys have no prefix.
Lying::Lies dating_manifests_early() {
  return {.of_objects = [](ObjectInfo& info) {
    if (info.key.starts_with("manifests/")) info.modified_at -= std::chrono::hours(2);
  }};
}

Lying::Lies taking_damaged_for_missing() {
  return {.of_bytes = [](std::string_view key, std::string bytes) -> Result<std::string> {
    const ManifestId id{std::string(key.substr(key.rfind('/') + 1))};
    if (!is_of("manifests/", key) || checkpoint::decode_manifest(bytes, id).ok()) return bytes;
    return Error{Code::not_found, "it cannot be read"};
  }};
}

std::unique_ptr<ObjectStore> distorted_for_saver(Mutant mutant, ObjectStore& store, const Clock& clock) {
  switch (mutant) {
    case Mutant::put_if_absent_overwrites:
      return std::make_unique<Overwriting>(store);
    case Mutant::put_if_absent_in_two_steps:
      return std::make_unique<AskingFirst>(store);
    case Mutant::record_before_manifest:
      return std::make_unique<PuttingTooLate>(store, "manifests/", "ledger/");
    case Mutant::manifest_before_chunks:
      return std::make_unique<PuttingTooLate>(store, "chunks/", "manifests/");
    case Mutant::long_save_tells_nothing:
      return std::make_unique<TellingNothing>(store);
    case Mutant::old_chunks_look_young:
      return std::make_unique<Lying>(store, dating_chunks_now(clock));
    default:
      return nullptr;
  }
}

std::unique_ptr<ObjectStore> distorted_for_pruner(Mutant mutant, ObjectStore& store, const Clock& clock) {
  switch (mutant) {
    case Mutant::prune_without_second_look:
      return std::make_unique<Removing>(store, false);
    case Mutant::prune_looks_and_removes_in_two_steps:
      return std::make_unique<Removing>(store, true);
    case Mutant::prune_forgets_uncommitted:
      return std::make_unique<Lying>(store, hiding_young_manifests(clock));
    case Mutant::prune_forgets_newest_record:
      return std::make_unique<Lying>(store, hiding_the_newest_record());
    case Mutant::prune_forgets_begun_from:
      return std::make_unique<Lying>(store, dating_manifests_early());
    case Mutant::prune_forgets_under_way:
      return std::make_unique<Lying>(store, hiding_what_is_under_way());
    case Mutant::prune_passes_over_unreadable:
      return std::make_unique<Lying>(store, taking_damaged_for_missing());
    default:
      return nullptr;
  }
}

std::unique_ptr<ObjectStore> distorted_for_copier(Mutant mutant, ObjectStore& store, const Clock& clock) {
  switch (mutant) {
    case Mutant::copy_manifest_first:
      return std::make_unique<PuttingTooLate>(store, "chunks/", "manifests/");
    case Mutant::long_copy_tells_nothing:
      return std::make_unique<TellingNothing>(store);
    case Mutant::copy_trusts_old_chunks:
      return std::make_unique<Lying>(store, dating_chunks_now(clock));
    default:
      return nullptr;
  }
}

}  // namespace

const std::vector<MutantFacts>& all_mutants() {
  static const std::vector<MutantFacts> facts = {
      {Mutant::put_if_absent_overwrites, "put-if-absent-overwrites", "a number of the ledger is free once"},
      {Mutant::put_if_absent_in_two_steps, "put-if-absent-in-two-steps", "asking and creating are one step"},
      {Mutant::nonces_alike, "nonces-alike", "a writer knows its own record by its nonce"},
      {Mutant::fenced_writer_writes, "fenced-writer-writes", "a fenced writer writes nothing more"},
      {Mutant::record_before_manifest, "record-before-manifest", "a record names a manifest that is there"},
      {Mutant::manifest_before_chunks, "manifest-before-chunks", "a manifest comes after its chunks"},
      {Mutant::old_chunks_look_young, "old-chunks-look-young",
       "a save writes anew what is old and not its parent's"},
      {Mutant::parent_is_not_the_newest, "parent-is-not-the-newest",
       "a save begins from the newest checkpoint"},
      {Mutant::long_save_tells_nothing, "long-save-tells-nothing", "a long save tells what it relies on"},
      {Mutant::prune_without_grace, "prune-without-grace", "pruning spares young chunks"},
      {Mutant::prune_without_second_look, "prune-without-second-look",
       "pruning spares what was put since the plan"},
      {Mutant::prune_looks_and_removes_in_two_steps, "prune-in-two-steps",
       "looking at a chunk's age and removing it are one step"},
      {Mutant::prune_forgets_uncommitted, "prune-forgets-uncommitted",
       "pruning spares what a young manifest without a record needs"},
      {Mutant::prune_forgets_newest_record, "prune-forgets-newest-record", "pruning knows the whole ledger"},
      {Mutant::prune_forgets_begun_from, "prune-forgets-begun-from",
       "without a ledger, pruning spares what a save may have begun from"},
      {Mutant::prune_forgets_under_way, "prune-forgets-under-way",
       "pruning spares what a long save tells of"},
      {Mutant::prune_passes_over_unreadable, "prune-passes-over-unreadable",
       "what cannot be read stops the pruning"},
      {Mutant::prune_removes_chunks_first, "prune-removes-chunks-first", "manifests go before their chunks"},
      {Mutant::prune_leaves_no_word, "prune-leaves-no-word",
       "word is left of a checkpoint that goes from between others"},
      {Mutant::copy_manifest_first, "copy-manifest-first", "a copied manifest comes after its chunks"},
      {Mutant::copy_trusts_old_chunks, "copy-trusts-old-chunks",
       "a copy relies on no old chunk but the newest checkpoint's"},
      {Mutant::long_copy_tells_nothing, "long-copy-tells-nothing", "a long copy tells what it relies on"},
      {Mutant::repair_without_proof, "repair-without-proof", "a repair puts only what was proved"},
      {Mutant::restore_without_proof, "restore-without-proof", "a restore proves every byte"},
      {Mutant::restore_in_place, "restore-in-place", "a restore takes the folder's place in one step"},
  };
  return facts;
}

std::optional<Mutant> mutant_of(std::string_view name) {
  for (const MutantFacts& each : all_mutants()) {
    if (each.name == name) return each.mutant;
  }
  return std::nullopt;
}

std::unique_ptr<ObjectStore> distorted(Mutant mutant, Role role, ObjectStore& store, const Clock& clock) {
  switch (role) {
    case Role::saver:
      return distorted_for_saver(mutant, store, clock);
    case Role::pruner:
      return distorted_for_pruner(mutant, store, clock);
    case Role::copier:
      return distorted_for_copier(mutant, store, clock);
  }
  return nullptr;
}

}  // namespace tradewind::storesim
