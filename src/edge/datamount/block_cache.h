// Reading a source's objects by blocks that stay on this machine's disk, within a bound.
//   <folder>/<aa>/<name>.<number>   one block's bytes and, behind them, their SHA-256 (32 raw bytes)
// <name> is that of data::DataCache: an object that was written anew is another.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "edge/data/bring.h"
#include "edge/data/source.h"
#include "edge/io/unique_fd.h"

namespace tradewind::datamount {

struct BlockCount {
  std::uint64_t bytes_moved = 0;   // from the source
  std::uint64_t bytes_reused = 0;  // of blocks that were here, each once
};

struct BlockSettings {
  std::filesystem::path folder;
  std::uint64_t bytes_max = 0;                            // of blocks on the disk
  int tries_max = 5;                                      // of a request that may pass
  Duration first_pause = std::chrono::milliseconds(200);  // doubled after each
  unsigned readers_ahead = 4;                             // 0: nothing is read ahead
};

// Safe from several threads at once.
class BlockCache {
 public:
  // REQUIRES: `source` outlives this.
  BlockCache(const data::Source& source, BlockSettings settings);
  // Waits for what is being read ahead.
  ~BlockCache();
  BlockCache(const BlockCache&) = delete;
  BlockCache& operator=(const BlockCache&) = delete;

  // Up to `size` bytes from `offset`; fewer at the end. Each block is proved when it comes and when it is
  // first used again. conflict: the object is no longer what was listed; else the store's errors.
  Result<std::string> read(const data::SourceObject& object, std::uint64_t offset, std::uint64_t size);
  // Brings the blocks from `number` on, as far as there are any, before they are asked for.
  void read_ahead(const data::SourceObject& object, std::uint64_t number, std::uint64_t count);

  // What waits to try again gives up: for who is about to leave.
  void stop() { stopped_ = true; }

  BlockCount count() const;
  std::uint64_t bytes_held() const;

 private:
  using Key = std::pair<std::string, std::uint64_t>;  // object's name, number of the block
  struct Held {
    std::uint64_t size_bytes = 0;
    bool proved = false;  // by this process
    std::list<Key>::iterator use;
  };
  // A block's bytes: in an open file, or, where the disk has no room, in memory.
  struct Block {
    io::UniqueFd file;
    std::string bytes;
  };

  void find_held();
  std::filesystem::path file_of(const Key& key) const;
  Result<Block> block_of(const data::SourceObject& object, const Key& key);
  std::optional<Block> open_held(const Key& key, bool proved, std::uint64_t size);
  Result<Block> bring(const data::SourceObject& object, const Key& key);
  Result<std::string> fetch(const data::SourceObject& object, std::uint64_t number);
  bool store(const Key& key, const std::string& bytes);
  void hold(const Key& key, std::uint64_t size, bool proved);
  void forget(const Key& key);
  void make_room(std::uint64_t bytes);
  void work_ahead();

  const data::Source& source_;
  const BlockSettings settings_;
  std::atomic<bool> stopped_ = false;
  mutable std::mutex mutex_;  // guards all below
  std::condition_variable changed_;
  std::list<Key> by_use_;  // the least recently used first
  std::map<Key, Held> held_;
  std::uint64_t bytes_held_ = 0;
  std::set<Key> under_way_;
  struct Wish {
    const data::SourceObject* object;
    std::uint64_t number;
  };
  std::deque<Wish> wishes_;
  BlockCount count_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace tradewind::datamount
