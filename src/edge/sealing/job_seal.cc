#include "edge/sealing/job_seal.h"

#include <array>

#include "edge/io/hash.h"
#include "edge/objectstore/prefix_store.h"
#include "edge/sealing/sealed_names.h"

namespace tradewind::sealing {
namespace {

using objectstore::ObjectPage;
using objectstore::ObjectStore;
using objectstore::PrefixStore;
using objectstore::PutCondition;

constexpr std::size_t data_key_digits = 64;
constexpr Duration refusal_lasts = std::chrono::seconds(10);
constexpr const char* server_cure =
    "set TRADEWIND_KEY_FILE (or TRADEWIND_KEY_COMMAND, TRADEWIND_KEY) and start the server anew: tradewind "
    "server stop";

Error at(const ObjectStore& store, const std::string& job_prefix, Error error) {
  error.message = "the job " + job_prefix + " in " + store.url() + ": " + error.message;
  return error;
}

// The second copy alone would do: the first is made with create-if-absent, and decides.
Status give_key(ObjectStore& from, ObjectStore& to) {
  for (const std::string_view name : key_objects) {
    TW_ASSIGN_OR_RETURN(const std::string wrapped, from.get(name, {0, key_object_bytes_max}));
    const Status put = to.put(name, wrapped, PutCondition::if_absent);
    if (!put.ok() && put.error().code != Code::conflict) return put.error();
  }
  return {};
}

}  // namespace

Result<bool> is_sealed_job(ObjectStore& store, const std::string& job_prefix) {
  TW_ASSIGN_OR_RETURN(const ObjectPage page, store.list(job_prefix + std::string(sealed_folder), "", 1));
  return !page.objects.empty();
}

Result<DataKey> begin_job(const std::vector<ObjectStore*>& stores, const std::string& job_prefix,
                          const AskForKey& ask) {
  PrefixStore home(*stores.front(), job_prefix);
  TW_ASSIGN_OR_RETURN(std::optional<DataKey> key, data_key_of(home, SealWish::begin, ask));
  for (ObjectStore* const store : stores) {
    if (store == stores.front()) continue;
    PrefixStore further(*store, job_prefix);
    TW_RETURN_IF_ERROR(give_key(home, further));
    TW_ASSIGN_OR_RETURN(const DataKey there, job_key(*store, job_prefix, ask));
    if (there.bytes().view() != key->bytes().view()) {
      return at(*store, job_prefix, {Code::corrupt, "the store holds another data key of it"});
    }
  }
  return *std::move(key);
}

Result<DataKey> job_key(ObjectStore& store, const std::string& job_prefix, const AskForKey& ask) {
  PrefixStore job(store, job_prefix);
  TW_ASSIGN_OR_RETURN(const bool sealed, is_sealed_job(store, job_prefix));
  if (!sealed) {
    return at(store, job_prefix,
              {Code::corrupt, "nothing of it is there, its wrapped data key neither",
               "a further store of the job holds the key as well: " + job_prefix + "sealed/key"});
  }
  Result<std::optional<DataKey>> key = data_key_of(job, SealWish::as_found, ask);
  if (!key.ok()) return at(store, job_prefix, key.error());
  return **std::move(key);
}

Status rekey_job(ObjectStore& store, const std::string& job_prefix, const Rekey& change) {
  TW_ASSIGN_OR_RETURN(const bool sealed, is_sealed_job(store, job_prefix));
  if (!sealed) return at(store, job_prefix, {Code::invalid_argument, "it is not encrypted"});
  PrefixStore job(store, job_prefix);
  Status done = rekey(job, change);
  if (done.ok()) return done;
  const bool done_before = done.error().code == Code::unauthorized &&
                           job_key(store, job_prefix, [&] { return Result(std::optional(change.by)); }).ok();
  return done_before ? Status() : Status(at(store, job_prefix, done.error()));
}

std::string to_hex(const DataKey& key) {
  return io::hex(key.bytes().view());
}

Result<DataKey> data_key_from_hex(std::string_view digits) {
  std::optional<std::string> bytes = io::decode_hex(digits);
  if (!bytes || digits.size() != data_key_digits) {
    return Error{Code::unauthorized, "the job's data key is not 64 digits of 0-9 and a-f"};
  }
  return DataKey(SecretBytes(*std::move(bytes)));
}

Status JobSeals::begin(const std::vector<ObjectStore*>& stores, const std::string& job_prefix) {
  TW_ASSIGN_OR_RETURN(const std::optional<UserKey> user, ask_());
  if (!user) {
    return Error{Code::invalid_argument,
                 "checkpoint.encrypt: the job is to be encrypted, and this server has no key", server_cure};
  }
  TW_ASSIGN_OR_RETURN(DataKey key,
                      begin_job(stores, job_prefix, [&] { return Result(std::optional(*user)); }));
  const std::lock_guard lock(mutex_);
  jobs_[job_prefix].key = std::move(key);
  return {};
}

void JobSeals::withdraw(const std::vector<ObjectStore*>& stores, const std::string& job_prefix) {
  for (ObjectStore* const store : stores) {
    for (const std::string_view name : key_objects) {
      static_cast<void>(store->remove(job_prefix + std::string(name)));
    }
  }
  const std::lock_guard lock(mutex_);
  jobs_.erase(job_prefix);
}

Result<DataKey> JobSeals::open(ObjectStore& home, const std::string& job_prefix) {
  TW_ASSIGN_OR_RETURN(const std::optional<UserKey> user, ask_());
  if (!user) {
    return at(home, job_prefix, {Code::unauthorized, "this server has no key that opens it", server_cure});
  }
  Result<DataKey> key = job_key(home, job_prefix, [&] { return Result(std::optional(*user)); });
  if (key.ok() || key.error().code != Code::unauthorized) return key;
  return Error{Code::unauthorized, key.error().message, server_cure};
}

// Opened without the lock: a store that is slow, or a passphrase, holds up its own job alone.
Result<DataKey> JobSeals::key_of(ObjectStore& home, const std::string& job_prefix) {
  {
    const std::lock_guard lock(mutex_);
    const Job& job = jobs_[job_prefix];
    if (job.key) return *job.key;
    if (job.refused && clock_.monotonic() < job.ask_again_at) return *job.refused;
  }
  Result<DataKey> opened = open(home, job_prefix);
  const std::lock_guard lock(mutex_);
  Job& job = jobs_[job_prefix];
  if (opened.ok()) {
    job.key = *opened;
    job.refused.reset();
  } else {
    job.refused = opened.error();
    job.ask_again_at = clock_.monotonic() + refusal_lasts;
  }
  return opened;
}

Result<ObjectStore*> JobSeals::view(ObjectStore& store, ObjectStore& home, const std::string& job_prefix) {
  TW_ASSIGN_OR_RETURN(const DataKey key, key_of(home, job_prefix));
  const std::lock_guard lock(mutex_);
  std::unique_ptr<JobStore>& seen = jobs_[job_prefix].views[&store];
  if (!seen) seen = std::make_unique<JobStore>(store, job_prefix, key);
  return static_cast<ObjectStore*>(seen.get());
}

}  // namespace tradewind::sealing
