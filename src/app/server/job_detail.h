// All that is known about one job: GET /v1/jobs/{id}.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "app/server/serving.h"

namespace tradewind::server {

// The summary's members and spec, leases, ledger, moves, charges, receipt. What cannot be read from the job's
// store is empty, and `warnings` says so. not_found.
Result<json::object> job_detail(const Serving& serving, const JobId& job);

// The whole ledger of the job, as its store holds it.
Result<std::vector<LedgerRecord>> ledger_of(const Serving& serving, const JobId& job);

// Root digests of the checkpoints from which an epoch started, as far as their manifests are still there.
std::map<ManifestId, std::string> starting_digests(const Serving& serving, const JobId& job,
                                                   const std::vector<LedgerRecord>& ledger);

}  // namespace tradewind::server
