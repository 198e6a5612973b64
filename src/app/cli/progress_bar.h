// How far a job is, on one line. Pure.
#pragma once

#include <string>

#include "app/api/job_summary.h"
#include "base/time.h"

namespace tradewind::cli {

struct BarStyle {
  int width = 0;  // columns; 0: no limit
  bool colour = false;
};

// "running  [=======>      ]  412/800  loss 3.214  11.9 step/s  ETA 33s  $0.0042  local/harbour". On a narrow
// line the bar gives way first, then what stands at the end.
std::string progress_text(const api::JobSummary& job, const BarStyle& style);

// "[====>    ]" in that many columns. REQUIRES: width >= 3. `share` is taken as 0 to 1.
std::string bar(double share, int width);

// "52s", "1m 01s": tenths would flicker.
std::string whole_seconds(Duration span);

// A figure as people write it: 412, 3.214, 0.00031.
std::string short_number(double value);

}  // namespace tradewind::cli
