// Planted defects: each breaks one of the rules that the engine's safety rests on, from outside of the
// engine, so that the simulation can show that it would notice.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "edge/objectstore/object_store.h"

namespace tradewind::storesim {

enum class Mutant {
  none,
  // of the ledger
  put_if_absent_overwrites,
  put_if_absent_in_two_steps,
  nonces_alike,
  fenced_writer_writes,
  record_before_manifest,
  // of saving
  manifest_before_chunks,
  old_chunks_look_young,
  parent_is_not_the_newest,
  long_save_tells_nothing,
  // of pruning
  prune_without_grace,
  prune_without_second_look,
  prune_looks_and_removes_in_two_steps,
  prune_forgets_uncommitted,
  prune_forgets_newest_record,
  prune_forgets_begun_from,
  prune_forgets_under_way,
  prune_passes_over_unreadable,
  prune_removes_chunks_first,
  prune_leaves_no_word,
  // of copying and repairing
  copy_manifest_first,
  copy_trusts_old_chunks,
  long_copy_tells_nothing,
  repair_without_proof,
  // of restoring
  restore_without_proof,
  restore_in_place,
};

struct MutantFacts {
  Mutant mutant;
  std::string_view name;
  std::string_view rule;  // what it breaks
};
const std::vector<MutantFacts>& all_mutants();
std::optional<Mutant> mutant_of(std::string_view name);

enum class Role { saver, pruner, copier };

// `store` as an actor of that role sees it under that mutant; null: as it is. REQUIRES: `store` and `clock`
// outlive it.
std::unique_ptr<objectstore::ObjectStore> distorted(Mutant mutant, Role role, objectstore::ObjectStore& store,
                                                    const Clock& clock);

}  // namespace tradewind::storesim
