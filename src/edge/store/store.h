// The control plane's state behind one seam: a snapshot, and commits that are checked against its version.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/id.h"
#include "base/result.h"
#include "core/model/records.h"

namespace tradewind::store {

struct HistoryQuery {
  std::string subject;  // a job's, lease's or move's id; empty: all
  std::uint64_t after_sequence = 0;
  std::size_t limit = 1000;
};
struct HistoryEntry {
  std::uint64_t sequence = 0;  // grows by one with each event
  std::uint64_t version = 0;   // the commit it was part of
  Time at;
  std::string kind;
  std::string subject;
  std::string detail;
};

// Calls come from one thread at a time.
class Store {
 public:
  virtual ~Store() = default;
  // The whole state at its newest version.
  virtual Result<ClusterState> snapshot() = 0;
  // All events or none, durable when it returns the new version. conflict: `version` is not the newest: take
  // a new snapshot. unavailable: nothing is known to be stored (a full disk, a locked file): take a new
  // snapshot before going on.
  virtual Result<std::uint64_t> commit(std::uint64_t version, const std::vector<Event>& events) = 0;
  virtual Result<std::vector<HistoryEntry>> history(const HistoryQuery& query) = 0;
};

// In memory, for the simulator and tests.
std::unique_ptr<Store> make_memory_store(OwnerId owner);
// A file in WAL mode, fully durable commits. Makes the file when it is missing, with `owner_if_new`; keeps
// the stored owner else. corrupt: the file is damaged (the message says where the untouched file lies and how
// to start anew). conflict: another server has it open. invalid_argument: a newer schema than this program's.
Result<std::unique_ptr<Store>> open_sqlite_store(const std::string& path, const OwnerId& owner_if_new);

}  // namespace tradewind::store
