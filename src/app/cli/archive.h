// The checkpoints that lie in one store, of a folder or of a job, read straight from there.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/cli/bandwidth.h"
#include "app/cli/context.h"
#include "app/cli/options.h"
#include "edge/checkpoint/checkpoint.h"
#include "edge/objectstore/object_store.h"
#include "edge/sealing/access.h"

namespace tradewind::cli {

struct Archive {
  std::unique_ptr<objectstore::ByteRate> rate;                     // null: unlimited
  std::vector<std::unique_ptr<objectstore::ObjectStore>> beneath;  // what `store` stands on
  std::unique_ptr<objectstore::ObjectStore> store;                 // plain bytes and digests
  bool encrypted = false;
  checkpoint::ChunkPlace place;  // over `store`
  std::string list_command;      // that lists them, for hints
};

// A store that holds a folder's checkpoints, without jobs and ledgers.
checkpoint::ChunkPlace place_over(objectstore::ObjectStore& store);
struct OpenWish {
  bool make = false;  // a folder that is not there is made; else not_found
  sealing::SealWish seal = sealing::SealWish::as_found;
  std::string bandwidth = {};  // of what goes to and fro, as parse_bandwidth() reads it; empty: unlimited
};
// `store`: a URL or a path. The errors of sealing::data_key_of.
Result<Archive> open_archive(const std::string& store, const OpenWish& wish, const sealing::AskForKey& ask,
                             const Context& context);

struct Entry {
  ManifestId id;
  Manifest head;  // all but its files: those of 100,000 take tens of megabytes
  std::uint64_t bytes = 0;
  std::size_t files = 0;
};
// Oldest first. Those that cannot be read are told as a warning; those of a job that were pruned are left
// out.
Result<std::vector<Entry>> entries_of(const Archive& archive, Context& context);
// The same with the whole of each, one after the other, by when the store got them.
using OnManifest = std::function<void(const ManifestId& id, Manifest manifest)>;
Status for_each_manifest(const Archive& archive, Context& context, const OnManifest& on_manifest);

// Which one a person means: of the step, by the beginning of its id, or neither.
struct Wanted {
  std::optional<double> step;
  std::string manifest;
};
// The newest that is meant. not_found; conflict: several ids begin so.
Result<Entry> choose(const Wanted& wanted, const std::vector<Entry>& entries, const Archive& archive);
// A word that may be a step that there is, else the beginning of an id.
Wanted wanted_of(const std::string& text, const std::vector<Entry>& entries);

// The first digits of an id or a digest, enough to tell them apart.
std::string short_digest(const std::string& digest);

}  // namespace tradewind::cli
