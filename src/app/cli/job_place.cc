#include "app/cli/job_place.h"

#include <ostream>
#include <utility>
#include <vector>

#include "app/cli/archive_key.h"
#include "app/cli/connect.h"
#include "base/text.h"
#include "edge/objectstore/prefix_store.h"
#include "edge/sealing/job_seal.h"

namespace tradewind::cli {
namespace {

using objectstore::ObjectStore;

struct Found {
  std::unique_ptr<ObjectStore> store;
  StoredJob job;
  bool encrypted = false;           // as the server says
  std::vector<std::string> copies;  // as the server says
};

// The server's stores may be folders of its own machine.
Result<std::unique_ptr<ObjectStore>> open_of_server(const std::string& url) {
  Result<std::unique_ptr<ObjectStore>> store = open_existing_store(url);
  if (store.ok() || store.error().code != Code::not_found) return store;
  return Error{Code::unavailable, store.error().message, "run this on the machine of the server"};
}

Result<Found> find(const CheckpointOptions& options, Context& context) {
  Found found;
  if (!options.store.empty()) {
    TW_ASSIGN_OR_RETURN(found.store, open_existing_store(options.store));
    TW_ASSIGN_OR_RETURN(found.job, find_job(*found.store, options.job, ask_for_key(options.seal, context)));
    return found;
  }
  TW_ASSIGN_OR_RETURN(const api::CheckpointList list, list_of_server(options, context));
  TW_ASSIGN_OR_RETURN(found.store, open_of_server(list.store_url));
  TW_ASSIGN_OR_RETURN(found.job, job_of_prefix(list.prefix));
  found.encrypted = list.encrypted;
  found.copies = list.copies;
  return found;
}

bool names_key(const SealOptions& seal) {
  return !seal.key_file.empty() || !seal.key_command.empty();
}

// A key that only the environment names may be there for other jobs.
Result<bool> is_encrypted(const Found& found, const SealOptions& seal) {
  TW_ASSIGN_OR_RETURN(const bool sealed, sealing::is_sealed_job(*found.store, found.job.prefix()));
  const std::string job = "the job " + found.job.id.text() + " in " + found.store->url();
  if (seal.plain && (sealed || found.encrypted)) {
    return Error{Code::invalid_argument, job + " is encrypted", "leave out --plain"};
  }
  if (!sealed && !found.encrypted && names_key(seal)) {
    return Error{Code::unauthorized, "a key is given, and " + job + " is not encrypted",
                 "leave out the key, if that is as it should be"};
  }
  return sealed || found.encrypted;
}

Result<sealing::UserKey> key_of(const SealOptions& seal, const Context& context, const char* cure) {
  TW_ASSIGN_OR_RETURN(std::optional<sealing::UserKey> key, ask_for_key(seal, context)());
  if (key) return *std::move(key);
  return Error{Code::invalid_argument, "a key is not said", cure};
}

}  // namespace

Result<api::CheckpointList> list_of_server(const CheckpointOptions& options, Context& context) {
  TW_ASSIGN_OR_RETURN(ApiClient client, connect(context));
  TW_ASSIGN_OR_RETURN(const json::value answer, client.get(job_target(options.job, "/checkpoints")));
  return api::checkpoint_list_from_json(answer, "checkpoints");
}

Status see_through(std::unique_ptr<ObjectStore>& store, std::unique_ptr<ObjectStore>& beneath,
                   const std::string& job_prefix, const sealing::AskForKey& ask) {
  TW_ASSIGN_OR_RETURN(const sealing::DataKey key, sealing::job_key(*store, job_prefix, ask));
  beneath = std::move(store);
  store = std::make_unique<sealing::JobStore>(*beneath, job_prefix, key);
  return {};
}

Result<JobPlace> place_of(const CheckpointOptions& options, Context& context) {
  TW_ASSIGN_OR_RETURN(Found found, find(options, context));
  TW_ASSIGN_OR_RETURN(const bool encrypted, is_encrypted(found, options.seal));
  JobPlace place{nullptr, std::move(found.store), found.job};
  if (!encrypted) return place;
  TW_RETURN_IF_ERROR(
      see_through(place.store, place.beneath, place.job.prefix(), ask_for_key(options.seal, context)));
  return place;
}

// The copies first: of a command that ends half way, the home still opens with the old key, and the same
// command again finds what is left to do.
Result<ExitCode> rekey_job(const CheckpointOptions& options, Context& context) {
  if (!names_key(options.new_seal)) {
    return Error{Code::invalid_argument, "the new key is not said",
                 "say --new-key-file FILE or --new-key-command COMMAND"};
  }
  TW_ASSIGN_OR_RETURN(const sealing::UserKey with,
                      key_of(options.seal, context, "say --key-file FILE or --key-command COMMAND"));
  TW_ASSIGN_OR_RETURN(const sealing::UserKey by, key_of(options.new_seal, context, ""));
  TW_ASSIGN_OR_RETURN(Found found, find(options, context));
  std::vector<std::unique_ptr<ObjectStore>> stores;
  for (const std::string& url : found.copies) {
    TW_ASSIGN_OR_RETURN(stores.emplace_back(), open_of_server(url));
  }
  stores.push_back(std::move(found.store));
  std::vector<std::string> urls;
  for (const std::unique_ptr<ObjectStore>& store : stores) {
    TW_RETURN_IF_ERROR(sealing::rekey_job(*store, found.job.prefix(), {with, by, options.keep_old}));
    urls.push_back(store->url());
  }
  if (context.json) {
    print_json(context,
               json::object{
                   {"job", found.job.id.text()}, {"stores", to_json(urls)}, {"kept_old", options.keep_old}});
    return ExitCode::done;
  }
  context.out
      << "The job " << found.job.id.text() << " in " << join(urls, ", ") << " opens with the key from "
      << by.from << (options.keep_old ? " as well.\n" : " now, and with no other.\n")
      << "A server opens it with the new key from its next start on: set TRADEWIND_KEY_FILE for it.\n";
  return ExitCode::done;
}

}  // namespace tradewind::cli
