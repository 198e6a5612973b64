// What a cluster's partitions offer.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "core/model/offer.h"
#include "edge/drivers/slurm/cluster.h"
#include "edge/drivers/slurm/controller.h"

namespace tradewind::slurm {

// A shape that a partition's nodes have room for.
struct Place {
  Offer offer;
  std::string partition;
  int cpus = 1;
  long memory_mib = 0;
  std::string gres;       // "gpu:a100:2"; empty: none
  Duration grace{};       // of a preemption there
  Duration time_limit{};  // to ask for: the user's, but no more than is allowed there; 0: the partition's own
  bool open = true;
  std::string why_not = {};  // why nothing can be had there now
};

// Shapes of a user who names none: "cpu", and "gpu-1", "gpu-2", "gpu-4"… up to the GPUs of the largest node.
std::vector<Shape> default_shapes(const Partition& partition);

// One for each partition, shape and kind of GPU. Partitions whose jobs are preempted for those of others (a
// higher tier, or named so by the user) sell spot, others on demand. `now` dates the offers.
std::vector<Place> places_of(const Cluster& cluster, const std::vector<Partition>& partitions, Time now);

}  // namespace tradewind::slurm
