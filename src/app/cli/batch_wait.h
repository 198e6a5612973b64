// Waiting for jobs as `sbatch --wait` does: until all are over, with the output of each in a file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/cli/api_client.h"
#include "app/cli/context.h"

namespace tradewind::cli {

struct BatchElement {
  std::string job;                          // its id
  std::optional<std::uint32_t> index = {};  // of an array
  std::string file = {};                    // absolute; its output goes there
};

// The highest exit code of all, 1 for one that ended without; 130 at Ctrl-C: they go on. Each job is asked
// about once a second at most. A server that goes away is waited for, as in follow_job.
Result<int> wait_for_batch(ApiClient client, std::vector<BatchElement> elements, bool append,
                           Context& context);

}  // namespace tradewind::cli
