// A job with a state folder on disk and its stores in memory, for tests of saving and restoring.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/clock.h"
#include "edge/checkpoint/checkpoint.h"
#include "edge/checkpoint/ledger.h"
#include "edge/objectstore/testing/temporary_folder.h"

namespace tradewind::checkpoint {

class JobWorld {
 public:
  JobWorld();
  std::filesystem::path state() const { return folder_.path() / "state"; }
  std::filesystem::path beside(const std::string& name) const { return folder_.path() / name; }
  // Makes the folders on the way.
  void write(const std::string& path, std::string_view bytes) const;

  // A place with the home store alone; add to it what the test is about.
  ChunkPlace place() const;
  using Metrics = std::map<std::string, double>;
  Result<Saved> save_as(const ChunkPlace& place, double step, const Metrics& metrics = {});
  // Saves and appends the ledger's record; fails the test where that fails.
  Saved commit(const ChunkPlace& place, double step, const Metrics& metrics = {});

  // A byte in the middle of an object is changed, or the object is cut to a half.
  void flip(objectstore::ObjectStore& store, const std::string& key) const;
  void truncate(objectstore::ObjectStore& store, const std::string& key) const;

  ManualClock clock;
  std::unique_ptr<objectstore::ObjectStore> home;
  std::unique_ptr<objectstore::ObjectStore> local;
  std::unique_ptr<objectstore::ObjectStore> standby;

 private:
  objectstore::TemporaryFolder folder_;
  std::optional<LedgerWriter> writer_;
  std::optional<ManifestId> parent_;
};

// Bytes that do not compress, the same for the same seed.
std::string noise(std::size_t size, std::uint64_t seed);
// What lies in a folder, one line for each thing: to compare folders.
std::string listing(const std::filesystem::path& folder);
std::size_t objects_in(objectstore::ObjectStore& store, const std::string& prefix);
std::string first_key(objectstore::ObjectStore& store, const std::string& prefix);

}  // namespace tradewind::checkpoint
