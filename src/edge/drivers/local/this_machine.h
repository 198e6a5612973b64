// What this machine is: the zone of a user who has written no zones file.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/model/offer.h"
#include "edge/drivers/local/zone.h"

namespace tradewind::local {

struct MachineFacts {
  int cpus = 1;           // that this process may use
  double memory_gib = 0;  // rounded to a tenth
  std::optional<Accelerator> accelerator = std::nullopt;
};

// `environment` says where nvidia-smi is looked for; it is asked at most five seconds, and what cannot be
// found out is left out.
MachineFacts look_at_this_machine(const std::map<std::string, std::string>& environment);

// "local/here": free of charge, on demand alone, one instance at a time, all of the machine.
Zone zone_of_this_machine(const MachineFacts& facts);

// Zones that do not say their cpus and memory have all of the machine.
void fill_from_machine(Zone& zone, const MachineFacts& facts);

// The GPUs of one line each, "NVIDIA A100-SXM4-40GB, 40960" (nvidia-smi --query-gpu=name,memory.total
// --format=csv,noheader,nounits): model "A100", how many, memory of one in GiB. Those unlike the first are
// not counted. Nothing when there are none.
std::optional<Accelerator> parse_gpus(std::string_view csv);

}  // namespace tradewind::local
