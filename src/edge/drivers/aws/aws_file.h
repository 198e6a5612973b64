// The regions of AWS that jobs may run in, as aws.yaml lists them (docs/suppliers/aws.md).
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "core/model/offer.h"
#include "core/task/task_error.h"
#include "edge/drivers/boot/boot_document.h"

namespace tradewind::aws {

// Capacity that was paid for: an on-demand capacity reservation, or a capacity block for ML.
struct Reservation {
  std::string id;  // "cr-0123456789abcdef0"
  std::string instance_type;
  bool block = false;
  bool operator==(const Reservation&) const = default;
};

struct RegionConfig {
  std::string name;          // "us-east-1"; the second part of its location
  std::string profile = {};  // of ~/.aws; empty: whoever AWS's own tools would be
  // Those with a '*' match all that begin so. Empty: all that the catalogue knows.
  std::vector<std::string> instance_types = {};
  bool spot = true;
  bool on_demand = true;
  std::vector<std::string> subnets = {};  // empty: the default VPC's
  std::string security_group = {};        // empty: one of our own that lets nothing in
  std::string image = {};                 // an AMI, or an SSM parameter's path; empty: by the type
  std::string instance_profile = {};      // an IAM instance profile; empty: none
  std::string key_name = {};              // of an EC2 key pair; empty: none
  double disk_gib = 100;                  // of the root disk, which goes with the instance
  std::vector<Reservation> reservations = {};
  std::map<std::string, std::string> tags = {};
  boot::AgentDownloads agent = {};  // empty: what the control plane offers
  std::string endpoint = {};        // in EC2's place, for tests: "http://127.0.0.1:5000"
  bool operator==(const RegionConfig&) const = default;
};

struct RegionsOutcome {
  std::vector<RegionConfig> regions;
  std::vector<task::TaskError> errors;  // in the order of the file
};
RegionsOutcome parse_regions(std::string_view yaml);
// All that is wrong with the file in one error, with its lines.
Result<std::vector<RegionConfig>> read_regions_file(const std::filesystem::path& file);

// Those of the catalogue's offers that this region sells to us.
std::vector<Offer> offers_in(const RegionConfig& region, const std::vector<Offer>& catalogue);

}  // namespace tradewind::aws
