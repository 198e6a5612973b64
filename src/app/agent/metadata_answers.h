// What the metadata services of clouds answer to a machine that asks whether its end is near. Pure.
//   aws: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html and
//        https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/rebalance-recommendations.html
//   azure: https://learn.microsoft.com/azure/virtual-machines/linux/scheduled-events
//   gcp: https://cloud.google.com/compute/docs/instances/preemptible and
//        https://cloud.google.com/compute/docs/metadata/getting-live-migration-notice
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "core/model/agent_status.h"

namespace tradewind::agent {

inline constexpr std::size_t metadata_bytes_max = std::size_t{256} << 10;  // of one answer

// /latest/meta-data/spot/instance-action: {"action": "terminate", "time": "2026-11-24T01:52:07Z"}.
// "hibernate" begins at once, whatever its time. invalid_argument: it is none.
Result<PreemptionNotice> aws_instance_action(std::string_view body, Time now);
// /latest/meta-data/spot/termination-time, the older form: "2026-11-24T01:52:07Z".
Result<PreemptionNotice> aws_termination_time(std::string_view body, Time now);
// /latest/meta-data/events/recommendations/rebalance: {"noticeTime": "…"}: an interruption is more likely
// than usual, and may never come. When it was made.
Result<Time> aws_rebalance(std::string_view body);

// computeMetadata/v1/instance/preempted: "TRUE" once the machine is being taken back. Nothing: "FALSE".
// `lead`: what is left then.
Result<std::optional<PreemptionNotice>> google_preempted(std::string_view body, Time now, Duration lead);
// computeMetadata/v1/instance/maintenance-event: "TERMINATE_ON_HOST_MAINTENANCE" 60 seconds before at least.
Result<std::optional<PreemptionNotice>> google_maintenance(std::string_view body, Time now);

// An event of Azure that ends a machine or restarts it.
struct AzureEvent {
  std::string id;  // by which it may be approved, so that it need not wait
  PreemptionNotice notice;
};
// The document of scheduled events: the first of them that ends the machine `name`. Nothing: none does; a
// freeze of seconds does not. invalid_argument: it is none.
Result<std::optional<AzureEvent>> azure_event(std::string_view body, std::string_view name, Time now);
// What approves it, as the body of a POST.
std::string azure_approval(const AzureEvent& event);

}  // namespace tradewind::agent
