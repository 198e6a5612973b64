// The store that a job's checkpoints lie in, found and opened; that of an encrypted job with its key.
#pragma once

#include <memory>
#include <string>

#include "app/api/checkpoint_list.h"
#include "app/cli/checkpoint_store.h"
#include "app/cli/context.h"
#include "app/cli/exit_code.h"
#include "app/cli/options.h"
#include "edge/objectstore/object_store.h"
#include "edge/sealing/access.h"

namespace tradewind::cli {

struct JobPlace {
  std::unique_ptr<objectstore::ObjectStore> beneath;  // of an encrypted job: what `store` stands on
  std::unique_ptr<objectstore::ObjectStore> store;    // as the job's own see it
  StoredJob job;
};

Result<api::CheckpointList> list_of_server(const CheckpointOptions& options, Context& context);

// From --store, else where the server says that it is. unauthorized: it is encrypted and there is no key, or
// another one; a key is named, and it is not encrypted; the errors of finding it.
Result<JobPlace> place_of(const CheckpointOptions& options, Context& context);

// Where the job is encrypted, `store` becomes the view of those who have its key, and `beneath` what that
// stands on. The errors of sealing::job_key.
Status see_through(std::unique_ptr<objectstore::ObjectStore>& store,
                   std::unique_ptr<objectstore::ObjectStore>& beneath, const std::string& job_prefix,
                   const sealing::AskForKey& ask);

// Lets another key open the job, in all of its stores; with --store in that one alone.
Result<ExitCode> rekey_job(const CheckpointOptions& options, Context& context);

}  // namespace tradewind::cli
