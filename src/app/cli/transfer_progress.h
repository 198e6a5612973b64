// How far reading a job's chunks has come: a line on the terminal, and an end to it at Ctrl-C.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "app/cli/live_line.h"
#include "edge/checkpoint/checkpoint.h"
#include "edge/objectstore/wrappers.h"

namespace tradewind::cli {

// Stands before a store and watches what is read. Safe from several threads at once.
class TransferProgress {
 public:
  // `verb` begins the line: "restoring". REQUIRES: `store` and `context` outlive this.
  TransferProgress(objectstore::ObjectStore& store, std::string verb, Context& context);

  // The store to work with. Every call fails with `cancelled` once Ctrl-C was pressed.
  objectstore::ObjectStore& store() { return watched_; }
  // These chunks will be read. Before the work begins.
  void expect(const std::string& job_prefix, const Manifest& manifest);
  // Of a save: so many bytes in all, and so many of them done.
  void expect(std::uint64_t bytes);
  void advance(std::uint64_t bytes);

 private:
  Status on_call(const objectstore::FaultStore::Call& call);
  void show();
  Context& context_;
  const std::string verb_;
  const Duration began_;
  objectstore::FaultStore watched_;
  std::mutex mutex_;
  // Protected by mutex_:
  std::map<std::string, std::uint64_t, std::less<>> bytes_;  // of chunks still to be read, by key
  std::uint64_t total_ = 0;
  std::uint64_t done_ = 0;
  Duration shown_at_{};
  LiveLine line_;
};

}  // namespace tradewind::cli
