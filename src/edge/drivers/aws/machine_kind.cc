#include "edge/drivers/aws/machine_kind.h"

#include <array>

namespace tradewind::aws {
namespace {

struct Name {
  std::string_view letters;     // of the family: "g"
  std::string_view attributes;  // behind its generation: "dn"
};

Name name_of(std::string_view type) {
  const std::string_view family = type.substr(0, type.find('.'));
  const std::size_t digit = family.find_first_of("0123456789");
  if (digit == std::string_view::npos) return {family, {}};
  const std::size_t rest = family.find_first_not_of("0123456789", digit);
  return {family.substr(0, digit), rest == std::string_view::npos ? std::string_view() : family.substr(rest)};
}

struct Quota {
  std::string_view letters;
  const char* on_demand;
  const char* spot;
  const char* called;
};
// https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-quotas.html. What is not here is
// standard.
constexpr std::array quotas = {
    Quota{"g", "L-DB2E81BA", "L-3819A6DF", "G and VT"},  Quota{"gr", "L-DB2E81BA", "L-3819A6DF", "G and VT"},
    Quota{"vt", "L-DB2E81BA", "L-3819A6DF", "G and VT"}, Quota{"p", "L-417A185B", "L-7212CCBC", "P"},
    Quota{"inf", "L-1945791B", "L-B5D1601B", "Inf"},     Quota{"trn", "L-2C3B7624", "L-6B0D517C", "Trn"},
};

}  // namespace

std::string machine_of(std::string_view instance_type) {
  const Name name = name_of(instance_type);
  const bool grace = instance_type.find("gb200") != std::string_view::npos ||
                     instance_type.find("gb300") != std::string_view::npos;
  const bool graviton =
      instance_type.starts_with("a1.") ||
      name.attributes.substr(0, name.attributes.find('-')).find('g') != std::string_view::npos;
  return grace || graviton ? "aarch64" : "x86_64";
}

Devices devices_of(const Offer& offer) {
  const Name name = name_of(offer.instance_type);
  if (name.letters == "inf" || name.letters == "trn") return Devices::neuron;
  const bool amd = offer.instance_type.starts_with("g4ad.");
  if (name.letters == "p" || ((name.letters == "g" || name.letters == "gr") && !amd)) return Devices::nvidia;
  return Devices::none;
}

std::string image_parameter(const Offer& offer) {
  const bool arm = machine_of(offer.instance_type) == "aarch64";
  switch (devices_of(offer)) {
    case Devices::nvidia:
      return std::string("/aws/service/deeplearning/ami/") + (arm ? "arm64" : "x86_64") +
             "/base-oss-nvidia-driver-gpu-ubuntu-24.04/latest/ami-id";
    case Devices::neuron:
      return "/aws/service/neuron/dlami/multi-framework/ubuntu-24.04/latest/image_id";
    case Devices::none:
      break;
  }
  return std::string("/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-") +
         (arm ? "arm64" : "x86_64");
}

QuotaName quota_of(const Offer& offer) {
  const bool spot = offer.purchase == Purchase::spot;
  const Name name = name_of(offer.instance_type);
  // Spot of the P5 family and later counts by itself.
  if (spot && offer.instance_type.starts_with("p5")) return {"L-C4BD4855", "All P5 Spot Instance Requests"};
  for (const Quota& quota : quotas) {
    if (quota.letters != name.letters) continue;
    return spot ? QuotaName{quota.spot, "All " + std::string(quota.called) + " Spot Instance Requests"}
                : QuotaName{quota.on_demand, "Running On-Demand " + std::string(quota.called) + " instances"};
  }
  return spot ? QuotaName{"L-34B43A08", "All Standard Spot Instance Requests"}
              : QuotaName{"L-1216C47A", "Running On-Demand Standard instances"};
}

}  // namespace tradewind::aws
