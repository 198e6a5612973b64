// What an instance type is, by its name: its processor, and the image that drives its accelerators. Pure.
// https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html
#pragma once

#include <string>
#include <string_view>

#include "core/model/offer.h"

namespace tradewind::aws {

// "x86_64" or "aarch64", as the kernel calls it: Graviton has a 'g' among the letters after its generation,
// and the first one was a1; Grace is told by "gb200" and "gb300".
std::string machine_of(std::string_view instance_type);

enum class Devices { none, nvidia, neuron };
Devices devices_of(const Offer& offer);

// The public SSM parameter of AWS's own image for it: Deep Learning Base with NVIDIA's driver, the Neuron
// image, or Amazon Linux 2023.
std::string image_parameter(const Offer& offer);

// The quota that its vCPUs count towards, of Service Quotas for "ec2": "L-DB2E81BA". "" where we know none.
struct QuotaName {
  std::string code;
  std::string name;
};
QuotaName quota_of(const Offer& offer);

}  // namespace tradewind::aws
