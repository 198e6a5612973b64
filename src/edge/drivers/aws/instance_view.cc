#include "edge/drivers/aws/instance_view.h"

#include <algorithm>
#include <array>

namespace tradewind::aws {
namespace {

// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/managing-spot-instances.html
bool was_taken(const Ec2Instance& instance) {
  constexpr std::array<std::string_view, 4> codes = {"Server.SpotInstanceTermination",
                                                     "Server.SpotInstanceShutdown",
                                                     "instance-terminated-by-price", "Server.ScheduledStop"};
  return std::ranges::find(codes, instance.reason_code) != codes.end();
}

std::string reason_of(const Ec2Instance& instance, InstanceState state) {
  if (!instance.reason_message.empty()) return instance.reason_message;
  if (!instance.reason_code.empty()) return instance.reason_code;
  if (!instance.transition.empty()) return instance.transition;
  return state == InstanceState::terminated ? "EC2 does not say why" : "";
}

}  // namespace

std::string tag_of(const Ec2Instance& instance, const char* name) {
  const auto found = instance.tags.find(name);
  return found == instance.tags.end() ? "" : found->second;
}

InstanceState state_of(const Ec2Instance& instance) {
  struct Known {
    std::string_view name;
    int code;
    InstanceState state;
  };
  // One that is stopped has no agent and still has its disk: it is on its way out.
  constexpr std::array known = {
      Known{"pending", 0, InstanceState::pending},         Known{"running", 16, InstanceState::running},
      Known{"shutting-down", 32, InstanceState::stopping}, Known{"terminated", 48, InstanceState::terminated},
      Known{"stopping", 64, InstanceState::stopping},      Known{"stopped", 80, InstanceState::stopping}};
  const auto named = std::ranges::find(known, instance.state, &Known::name);
  if (named != known.end()) return named->state;
  const auto coded = std::ranges::find(known, instance.state_code, &Known::code);
  return coded != known.end() && coded->code != 0 ? coded->state : InstanceState::running;
}

Instance instance_of(const Ec2Instance& instance, const std::string& region, Time ended_no_later) {
  Instance made;
  const Result<Location> place = parse_location(tag_of(instance, place_tag));
  const Location here{"aws", region};
  made.ref = {place.ok() && contains(here, *place) ? *place : here, InstanceId(instance.id)};
  made.owner = OwnerId(tag_of(instance, owner_tag));
  made.token = tag_of(instance, lease_tag);
  made.state = state_of(instance);
  made.launched_at = instance.launched_at;
  made.reason = reason_of(instance, made.state);
  if (made.state == InstanceState::terminated || made.state == InstanceState::stopping)
    made.preempted = was_taken(instance);
  if (made.state == InstanceState::terminated) {
    // The launch's own clock is EC2's too: an end before it would be an error of ours.
    made.terminated_at = std::max(time_in(instance.transition).value_or(ended_no_later), made.launched_at);
  }
  return made;
}

}  // namespace tradewind::aws
