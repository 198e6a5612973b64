// What a long save or copy relies on, told to whoever prunes: its chunks may become older than pruning's
// grace before their manifest is there. Format: docs/formats/manifest.md.
//   <job prefix>underway/<name>   one zstd frame: a digest a line
#pragma once

#include <functional>
#include <mutex>
#include <set>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "edge/objectstore/object_store.h"

namespace tradewind::checkpoint {

// How often it is told, and how long it may have been silent when a manifest comes: the rest of an hour is
// for the manifest's own way.
inline constexpr Duration under_way_every = std::chrono::minutes(10);
inline constexpr Duration under_way_silence_max = std::chrono::minutes(30);

// Safe from several threads at once.
class UnderWay {
 public:
  // `facts` name the save or copy among others. `clock`: null is the system's. Both references outlive this.
  UnderWay(objectstore::ObjectStore& store, const std::string& job_prefix, const std::string& facts,
           const Clock* clock);

  Duration elapsed() const;
  // Tells anew, if that is due. `digests` are all that is relied on. unavailable: nothing could be told for
  // so long that it may be gone.
  Status keep_up(const std::function<std::set<std::string>()>& digests);
  // Before a manifest is put. unavailable: as above; another try begins anew.
  Status check() const;
  // Nothing is relied on any more: the manifest is there. One that is never called leaves an object that
  // pruning removes once it is old.
  void end();

 private:
  Duration monotonic() const;

  objectstore::ObjectStore& store_;
  std::string key_;
  const Clock* clock_;
  const Duration began_;
  mutable std::mutex mutex_;
  Duration told_;  // guarded by mutex_
  bool is_there_ = false;
  bool telling_ = false;
};

// "<job prefix>underway/"
std::string under_way_folder(const std::string& job_prefix);
// The digests that such an object holds. corrupt: it is none.
Result<std::set<std::string>> read_under_way(objectstore::ObjectStore& store, const std::string& key);

}  // namespace tradewind::checkpoint
