// From the control plane's records to what users see. Pure.
#pragma once

#include <vector>

#include "app/api/job_summary.h"
#include "app/api/lease_view.h"
#include "app/api/move_view.h"
#include "base/result.h"
#include "core/model/records.h"

namespace tradewind::server {

// Finds the job that a person means: its id, its id's beginning (with or without "j-"), its name (of several
// the newest that lives, else the newest), or "-" for the job submitted last. not_found; conflict: several
// ids begin so, the hint lists some.
Result<JobId> resolve_job(const ClusterState& state, std::string_view text);

// The lease that runs the job now, or ran it last. nullptr: none yet.
const LeaseRecord* current_lease(const ClusterState& state, const JobRecord& job);
// The job's leases that the state holds, in the order of their attempts.
std::vector<const LeaseRecord*> leases_of(const ClusterState& state, const JobRecord& job);

api::LeaseView lease_view(const LeaseRecord& lease, Time now);
api::JobSummary job_summary(const ClusterState& state, const JobRecord& job, Time now);
api::MoveView move_view(const ClusterState& state, const MoveRecord& move);
// All moves of the job, oldest first.
std::vector<api::MoveView> moves_of(const ClusterState& state, const JobId& job);

}  // namespace tradewind::server
