// What is assumed of a supplier until its driver or our own records say better.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace tradewind::planner {

// What a driver or the records tell of one supplier. Nothing where they tell nothing.
struct SupplierFacts {
  std::string provider;
  std::optional<Duration> cold_start = std::nullopt;   // launch call to the program's first second
  std::optional<Duration> notice_lead = std::nullopt;  // warning before a spot preemption; zero: none
};

struct SupplierPrior {
  Duration cold_start;
  Duration notice_lead;
};
// Notice leads are the suppliers' published ones: AWS two minutes (EC2 user guide, "Spot Instance
// interruption notices"), Google Cloud 30 seconds (Compute Engine, "Preemption process of Spot VMs"), Azure
// 30 seconds (Scheduled Events, event type Preempt); none is assumed of anybody else. Cold starts are our
// assumption: three minutes for a machine with its drivers and packages, two seconds for a zone of one's own
// machine, ten for machines of one's own that are up, a minute for a pod and its image.
SupplierPrior supplier_prior(std::string_view provider);

}  // namespace tradewind::planner
