#include "app/server/segment_reader.h"

#include "app/server/views.h"

namespace tradewind::server {
namespace {

constexpr std::size_t segments_per_read = 64;

// What is needed to know of a lease before its store is asked.
struct LeaseMark {
  LeaseId id;
  int attempt = 0;
  std::uint64_t epoch = 0;
  std::uint64_t reported = 0;  // segments that its last status counts
  bool ended = false;          // writes no more: gone, or its agent has said its last word
};

struct JobMark {
  std::vector<LeaseMark> leases;
  bool over = false;
};

Result<JobMark> mark_of(const Serving& serving, const JobId& id, const LeaseId& only, SegmentKind kind) {
  return read_state<JobMark>(serving, [&](const ClusterState& state) -> Result<JobMark> {
    const auto job = state.jobs.find(id);
    if (job == state.jobs.end()) return Error{Code::not_found, "no job has the id " + id.text()};
    JobMark mark;
    mark.over = is_final(job->second.state);
    for (const LeaseRecord* lease : leases_of(state, job->second)) {
      if (!only.empty() && lease->id != only) continue;
      LeaseMark each{lease->id, lease->attempt, 0, 0, lease->state == LeaseState::ended};
      if (lease->status) {
        each.epoch = lease->status->epoch;
        each.ended = each.ended || is_final(lease->status->phase);
        each.reported =
            kind == SegmentKind::log ? lease->status->log_segments : lease->status->progress_segments;
      }
      mark.over = mark.over && each.ended;
      mark.leases.push_back(each);
    }
    if (!only.empty() && mark.leases.empty()) {
      return Error{Code::not_found, "the job " + id.text() + " has no lease " + only.text()};
    }
    return mark;
  });
}

}  // namespace

Result<SegmentPage> read_segments(const Serving& serving, const JobId& job, const LeaseId& lease,
                                  SegmentKind kind, api::Cursor after, std::size_t bytes_max, bool thorough) {
  TW_ASSIGN_OR_RETURN(const JobMark mark, mark_of(serving, job, lease, kind));
  TW_ASSIGN_OR_RETURN(mailbox::Mailbox box, serving.plane.mailbox_of(job));
  SegmentPage page;
  page.next = after;
  std::size_t bytes = 0;
  for (const LeaseMark& each : mark.leases) {
    if (each.attempt < page.next.attempt) continue;
    if (each.attempt > page.next.attempt) page.next = {each.attempt, 0};
    while (bytes < bytes_max && (thorough || each.ended || each.reported > page.next.number)) {
      TW_ASSIGN_OR_RETURN(std::vector<mailbox::Segment> segments,
                          kind == SegmentKind::log
                              ? box.read_log(each.id, page.next.number, segments_per_read)
                              : box.read_progress(each.id, page.next.number, segments_per_read));
      if (segments.empty()) break;
      for (mailbox::Segment& segment : segments) {
        if (bytes >= bytes_max) return page;
        bytes += segment.bytes.size();
        page.next.number = segment.number;
        page.segments.push_back({each.id, each.attempt, each.epoch, std::move(segment)});
      }
    }
    if (bytes >= bytes_max) return page;
    // A lease that lives may still write: the leases after it wait, so that the order stays.
    if (!each.ended) return page;
  }
  page.end = mark.over;
  return page;
}

}  // namespace tradewind::server
