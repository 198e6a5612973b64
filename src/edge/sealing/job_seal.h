// The data key of an encrypted job: one, wrapped in each of the job's stores below the job's prefix.
// Format: docs/formats/sealed.md; why so: docs/decisions/sealed-jobs.md.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "edge/objectstore/object_store.h"
#include "edge/sealing/access.h"
#include "edge/sealing/job_store.h"
#include "edge/sealing/key_object.h"

namespace tradewind::sealing {

// Whether the store holds anything of the job in its sealed form.
Result<bool> is_sealed_job(objectstore::ObjectStore& store, const std::string& job_prefix);

// Makes the data key of a new job, wrapped by the user's key in all stores; `stores` are not empty. A job
// that has one already keeps it. Errors: those of data_key_of with SealWish::begin; corrupt: a store has
// another key of this job.
Result<DataKey> begin_job(const std::vector<objectstore::ObjectStore*>& stores, const std::string& job_prefix,
                          const AskForKey& ask);

// As it lies in one of the job's stores. unauthorized: no key, or another one; corrupt: it is gone or
// damaged.
Result<DataKey> job_key(objectstore::ObjectStore& store, const std::string& job_prefix, const AskForKey& ask);

// In one of the job's stores. As rekey(), but a store that the new key alone opens already is left as it is:
// of a job's several stores, some may have been done before.
Status rekey_job(objectstore::ObjectStore& store, const std::string& job_prefix, const Rekey& change);

// For an agent's environment: 64 digits. unauthorized: it is not such a text; never repeats it.
std::string to_hex(const DataKey& key);
Result<DataKey> data_key_from_hex(std::string_view digits);

// The variable in which an agent is given it.
inline constexpr const char* job_key_variable = "TRADEWIND_JOB_KEY";

// The encrypted jobs of a control plane. Data keys are unwrapped when they are first needed, and are kept in
// memory alone. Safe from several threads at once.
class JobSeals {
 public:
  // `ask` is called again after an error, at most once in ten seconds for each job. REQUIRES: `clock`
  // outlives this.
  JobSeals(AskForKey ask, const Clock& clock) : ask_(std::move(ask)), clock_(clock) {}

  // At submission. invalid_argument: this server has no key.
  Status begin(const std::vector<objectstore::ObjectStore*>& stores, const std::string& job_prefix);

  // The job was not taken: what begin() wrote goes again, as far as the stores let it.
  void withdraw(const std::vector<objectstore::ObjectStore*>& stores, const std::string& job_prefix);

  // `store` as the job's own sees it, for as long as this lives. `home` holds the wrapped data key. The
  // errors of job_key.
  Result<objectstore::ObjectStore*> view(objectstore::ObjectStore& store, objectstore::ObjectStore& home,
                                         const std::string& job_prefix);
  Result<DataKey> key_of(objectstore::ObjectStore& home, const std::string& job_prefix);

 private:
  struct Job {
    std::optional<DataKey> key;
    std::optional<Error> refused;
    Duration ask_again_at{};
    std::map<objectstore::ObjectStore*, std::unique_ptr<JobStore>> views;
  };
  Result<DataKey> open(objectstore::ObjectStore& home, const std::string& job_prefix);

  const AskForKey ask_;
  const Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, Job> jobs_;  // by prefix; protected by mutex_
};

}  // namespace tradewind::sealing
