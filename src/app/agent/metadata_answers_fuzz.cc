// What a metadata service answers: no input crashes, and what is read is a notice of now or later.
#include <cstdlib>

#include "app/agent/metadata_answers.h"

using namespace tradewind;

namespace {

const Time now = *parse_utc("2026-11-24T01:00:00Z");

void check(const PreemptionNotice& notice) {
  if (notice.seen_at != now || notice.deadline < now || notice.reason.empty()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto read = agent::aws_instance_action(text, now); read.ok()) check(*read);
  if (const auto read = agent::aws_termination_time(text, now); read.ok()) check(*read);
  (void)agent::aws_rebalance(text);
  if (const auto read = agent::google_preempted(text, now, Duration(1)); read.ok() && *read) check(**read);
  if (const auto read = agent::google_maintenance(text, now); read.ok() && *read) check(**read);
  if (const auto read = agent::azure_event(text, "tw-7", now); read.ok() && *read) {
    check((*read)->notice);
    (void)agent::azure_approval(**read);
  }
  return 0;
}
