// Reads a job's log or progress segments in order, over all its leases, from wherever the last reader
// stopped.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "app/api/pages.h"
#include "app/server/serving.h"

namespace tradewind::server {

enum class SegmentKind { log, progress };

struct LeaseSegment {
  LeaseId lease;
  int attempt = 0;
  std::uint64_t epoch = 0;
  mailbox::Segment segment;
};
struct SegmentPage {
  std::vector<LeaseSegment> segments;
  api::Cursor next;
  bool end = false;  // the job is over and nothing more will come
};

// At most about `bytes_max` bytes (one segment more, at most). `lease` not empty: of that lease alone. Skips
// the stores of leases whose last status says that nothing has been added; `thorough` asks them all the same.
Result<SegmentPage> read_segments(const Serving& serving, const JobId& job, const LeaseId& lease,
                                  SegmentKind kind, api::Cursor after, std::size_t bytes_max, bool thorough);

}  // namespace tradewind::server
