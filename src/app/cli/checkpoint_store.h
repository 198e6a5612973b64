// A job's checkpoints as they lie in an object store, read without a server.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "app/api/checkpoint_list.h"
#include "base/id.h"
#include "edge/checkpoint/checkpoint.h"
#include "edge/objectstore/object_store.h"
#include "edge/sealing/access.h"

namespace tradewind::cli {

struct StoredJob {
  OwnerId owner;
  JobId id;
  std::string prefix() const;  // "tradewind/<owner>/jobs/<job>/"
};

// As objectstore::open_store, but makes no folder: not_found where there is none.
Result<std::unique_ptr<objectstore::ObjectStore>> open_existing_store(const std::string& url);

// A URL, or a path from `working_folder` on, as a URL.
std::string store_url(const std::string& text, const std::string& working_folder);

// Where restored files are to lie, a path from `working_folder` on. invalid_argument: something lies there
// already.
Result<std::filesystem::path> restore_target(const std::string& text, const std::string& working_folder);

// The job that a prefix "tradewind/<owner>/jobs/<job>/" means. invalid_argument: it has another form.
Result<StoredJob> job_of_prefix(std::string_view prefix);
// All jobs that have something in the store, by their prefixes.
Result<std::vector<StoredJob>> jobs_in(objectstore::ObjectStore& store);
// The one that a person means: a prefix, an id, a name (of several the newest), the beginning of an id, or
// "-" for the newest. not_found; conflict: several ids begin so, the hint lists some. `ask`: of the key that
// opens encrypted jobs, whose names are hidden without it.
Result<StoredJob> find_job(objectstore::ObjectStore& store, std::string_view text,
                           const sealing::AskForKey& ask);

// What the ledger names, oldest first. not_found: the store has no ledger of the job.
Result<api::CheckpointList> list_checkpoints(objectstore::ObjectStore& store, const StoredJob& job);
// Reads every byte back, and proves from the ledger, the agents' statuses and their progress that each step
// was counted once. Places are not known to a store: they stay empty.
Result<api::VerifyResult> verify_job(objectstore::ObjectStore& store, const StoredJob& job);

}  // namespace tradewind::cli
