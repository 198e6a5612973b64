// What the loop remembers between two steps and may forget: everything here is rebuilt after a crash by
// looking again.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/id.h"
#include "base/random.h"
#include "base/time.h"
#include "core/model/instance.h"
#include "core/model/records.h"
#include "core/planner/queue_wait.h"

namespace tradewind::scheduler {

// The pace of the loop and its patience. All have sane defaults; the simulator and tests choose others.
struct Tempo {
  Duration mailbox_poll{1000};      // of a job with a live lease
  Duration list_poll{5000};         // of a supplier with a live lease
  Duration idle_list_poll{60'000};  // of a supplier without: the sweep for orphans
  Duration lease_term{30'000};      // a status older than this is stale
  Duration boot_patience{120'000};  // from launch to the first status, beyond the offer's cold start
  Duration stop_patience{60'000};   // from an order to stop to a final status
  Duration farewell_patience{
      10'000};  // from a job's end to its agent's final status, the last output before it
  Duration orphan_grace{
      60'000};  // an unknown instance younger than this may be a launch still being recorded
  Duration terminate_retry{5000};
  Duration retry_capacity{5000};       // after insufficient_capacity; doubled up to sixteen times
  Duration retry_refused{300'000};     // after quota_exceeded, unauthorized or invalid_argument
  Duration hard_limit{24 * 3600'000};  // of an instance, extended while it is wanted
  Duration tick{60'000};  // how often a job's policy is asked, at most; more often where the deadline is near
  Duration ask_again{1000};         // and how soon after a loss or a refusal
  int launching_max_per_offer = 8;  // more where the supplier takes more in one call
  // Of thousands that wait in a supplier's queue the mailboxes are read so much more seldom.
  Duration queued_poll{2};  // for each live lease there
  int stillborn_max = 5;    // leases that ended by themselves since the job's last progress
};

// Facts about a supplier that decisions rest on.
struct SupplierFacts {
  Duration list_delay{};  // how long a launched instance may be missing from lists
  Duration cold_start{};
  Duration notice_lead{};
  Duration list_gap{};  // at least so long between two lists
  // What agents there report comes by the same connection as its lists: after a cut, they are heard later
  // than it.
  bool carries_reports = false;
  int batch_max = 1;  // launches that it takes in one call
};

struct OfferHealth {
  Time blocked_until;
  int refusals = 0;  // in a row
  std::string reason;
};

// A launch granted or refused, or a loss.
struct SpotWord {
  Time at;
  JobId job;
  bool is_up = false;
};

// How a lease's agent ended its job.
struct ToldEnd {
  LeaseEnd end = LeaseEnd::finished;
  std::string reason;
};

struct Seat;

// When a job's policy was asked, and is to be asked.
struct Asking {
  Time last;
  Time next;
  bool holding = false;  // something was held or launched at the last answer
};

struct Working {
  Tempo tempo;
  // Those that can be launched on: by provider ("aws"), or where each region is asked by itself and may be
  // out of reach alone, by both ("ssh/gpu1").
  std::map<std::string, SupplierFacts> suppliers;
  // The name in `suppliers` of whom a location belongs to.
  std::string supplier_of(const Location& location) const {
    std::string regional = location.provider + "/" + location.region;
    return suppliers.contains(regional) ? regional : location.provider;
  }
  std::vector<Offer> offers;         // what they sell now
  std::uint64_t offers_version = 0;  // grows when they change
  Random random{1};                  // makes lease ids

  // In flight: started and not answered yet.
  std::set<LeaseId> launching;
  std::set<InstanceRef> terminating;
  std::set<std::string> listing;
  std::map<JobId, std::vector<LeaseId>> reading;  // the leases whose statuses were asked for
  std::set<LeaseId> ordering;

  // Last looks.
  std::map<std::string, Time> listed_at;      // asked_at of the last complete list, by supplier
  std::map<std::string, Time> answered_at;    // when the last complete list came
  std::map<std::string, Time> answers_since;  // from when on lists have come without a long wait
  std::map<std::string, Time> list_asked_at;  // of the last attempt, good or not
  std::map<std::string, Time> list_wanted;    // one is wanted by then, ahead of the usual pace
  std::map<JobId, Time> read_at;              // asked_at of the last good reading
  std::map<JobId, Time> read_asked_at;        // of the last attempt, good or not
  // Leases that ended, by job: their last words are read by a reading asked for then or later.
  std::map<JobId, std::map<LeaseId, Time>> last_words_due;
  std::map<LeaseId, ToldEnd> told_ends;  // of live leases, by the ledger; their last status may come late
  std::map<InstanceRef, Time> terminate_due;
  std::map<LeaseId, Time> unresolved_since;  // intended, and no launch of ours is in flight
  std::map<LeaseId, Time> seen_waiting;  // when its supplier last listed it as pending: queued, or booting

  // Waits in queues that were seen to their end, the newest last, by place.
  std::map<Location, std::vector<planner::QueueSample>> queue_waits;

  std::map<std::string, OfferHealth> health;  // by offer_key
  std::map<std::string, int> launching_per_offer;

  // Of jobs whose policy is asked. Shared so that this can be copied; a copy is not to decide.
  std::map<JobId, std::shared_ptr<Seat>> seats;
  std::map<JobId, Asking> asking;
  void forget_seat(const JobId& job) {
    if (!seats.empty()) seats.erase(job);
  }

  // Jobs to look at: now, and at a time.
  std::set<JobId> dirty;
  std::map<JobId, Time> wake;
  std::set<std::pair<Time, JobId>> wake_order;

  // Index over the state, kept by Step.
  std::map<std::string, std::set<LeaseId>> live_leases;  // not ended, by supplier
  // What jobs were told of spot lately, by place and in order of time: the others learn from it.
  std::map<Location, std::deque<SpotWord>> spot_words;
  bool indexed = false;
};

}  // namespace tradewind::scheduler
