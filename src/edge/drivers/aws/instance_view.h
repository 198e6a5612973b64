// An EC2 instance as the one that a lease launched. Pure.
#pragma once

#include "core/model/instance.h"
#include "edge/drivers/aws/ec2_answer.h"

namespace tradewind::aws {

// Written onto instance, volume and network interface by the call that makes them.
inline constexpr const char* owner_tag = "tradewind-owner";
inline constexpr const char* lease_tag = "tradewind-lease";  // the launch token
inline constexpr const char* job_tag = "tradewind-job";
inline constexpr const char* place_tag = "tradewind-place";  // of the offer: "aws/us-east-1"

// "": it does not have that tag.
std::string tag_of(const Ec2Instance& instance, const char* name);

// A state that we do not know is taken by its code, and where that says nothing either, for one that runs:
// what cannot be told is no reason to give an instance up.
InstanceState state_of(const Ec2Instance& instance);

// `ended_no_later`: when it was first seen to have ended, for what tells no time of its end.
Instance instance_of(const Ec2Instance& instance, const std::string& region, Time ended_no_later);

}  // namespace tradewind::aws
