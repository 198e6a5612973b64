// What a task says of the network, held to by saves while the program runs.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "edge/checkpoint/checkpoint.h"
#include "edge/objectstore/rate_store.h"

namespace tradewind::agent {

class SavingPace {
 public:
  // `bandwidth`: of CheckpointRequest; empty: no limit. A file that it names may come later.
  // invalid_argument. REQUIRES: `clock` and the stores of `place` outlive this.
  Status set(const std::string& bandwidth, const Clock& clock, const checkpoint::ChunkPlace& place);

  // The place with its home and standby stores behind the limit; the local store is no network.
  const checkpoint::ChunkPlace& place() const { return place_; }

  // Whether the limit holds, for saves under way too: what waits goes on when it does not. From any thread.
  void hold(bool holds) { holds_ = holds; }

 private:
  std::atomic<bool> holds_{false};
  std::unique_ptr<objectstore::ByteRate> rate_;
  std::vector<std::unique_ptr<objectstore::RateStore>> stores_;
  checkpoint::ChunkPlace place_;
};

}  // namespace tradewind::agent
