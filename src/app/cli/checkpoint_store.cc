#include "app/cli/checkpoint_store.h"

#include <algorithm>
#include <filesystem>

#include "app/api/json_text.h"
#include "base/text.h"
#include "edge/checkpoint/ledger.h"
#include "edge/io/files.h"
#include "edge/mailbox/mailbox.h"
#include "edge/objectstore/file_url.h"
#include "edge/objectstore/registry.h"
#include "edge/sealing/job_seal.h"

namespace tradewind::cli {
namespace {

using objectstore::ObjectStore;

constexpr std::string_view root = "tradewind/";
constexpr std::size_t progress_line_bytes_max = std::size_t{1} << 20;
constexpr std::size_t segments_per_read = 64;

Result<std::vector<LedgerRecord>> ledger_of(ObjectStore& store, const StoredJob& job) {
  TW_ASSIGN_OR_RETURN(std::vector<LedgerRecord> ledger, checkpoint::read_ledger(store, job.prefix(), 0));
  if (!ledger.empty()) return ledger;
  return Error{
      Code::not_found, "the store " + store.url() + " has no ledger of the job " + job.id.text(),
      "the job has not begun, or this store only keeps copies of its chunks: name the job's own store"};
}

// When the job's first object was written; objects are written once.
Time age_of(ObjectStore& store, const StoredJob& job) {
  for (const char* name : {"spec.json", "ledger/00000001", "sealed/named/spec.json", "sealed/key"}) {
    const Result<objectstore::ObjectInfo> info = store.stat(job.prefix() + name);
    if (info.ok()) return info->modified_at;
  }
  return Time();
}

// REQUIRES: not empty.
StoredJob newest(ObjectStore& store, const std::vector<StoredJob>& jobs) {
  return *std::max_element(jobs.begin(), jobs.end(), [&](const StoredJob& a, const StoredJob& b) {
    return age_of(store, a) < age_of(store, b);
  });
}

template <class Fits>
std::vector<StoredJob> those(const std::vector<StoredJob>& jobs, Fits&& fits) {
  std::vector<StoredJob> found;
  std::copy_if(jobs.begin(), jobs.end(), std::back_inserter(found), fits);
  return found;
}

// "" of a job that is encrypted, where no key opens it.
std::string name_of(ObjectStore& store, const StoredJob& job, const sealing::AskForKey& ask) {
  if (sealing::is_sealed_job(store, job.prefix()).value_or(false)) {
    const Result<sealing::DataKey> key = sealing::job_key(store, job.prefix(), ask);
    if (!key.ok()) return "";
    sealing::JobStore view(store, job.prefix(), *key);
    const Result<JobSpec> spec = mailbox::Mailbox(view, job.owner, job.id).read_spec();
    return spec.ok() ? spec->name : "";
  }
  const Result<JobSpec> spec = mailbox::Mailbox(store, job.owner, job.id).read_spec();
  return spec.ok() ? spec->name : "";
}

// A line that cannot be read is left out: the ledger holds what counts.
std::optional<api::ProgressPoint> point_of(const LeaseId& lease, int attempt, std::string_view line) {
  const Result<json::value> document = parse_json(line, progress_line_bytes_max);
  if (!document.ok()) return std::nullopt;
  JsonReader reader(*document, "progress");
  api::ProgressPoint point;
  point.lease = lease;
  point.attempt = attempt;
  point.at = reader.optional_time("at");
  point.step = reader.number_or("step", 0);
  point.total = reader.number_or("total", 0);
  point.metrics = api::read_numbers(reader, "metrics");
  point.saved = reader.has("checkpoint");
  if (!reader.status().ok()) return std::nullopt;
  return point;
}

Status append_progress(mailbox::Mailbox& box, const api::LeaseView& lease,
                       std::vector<api::ProgressPoint>& points) {
  for (std::uint64_t after = 0;;) {
    TW_ASSIGN_OR_RETURN(const std::vector<mailbox::Segment> segments,
                        box.read_progress(lease.id, after, segments_per_read));
    if (segments.empty()) return {};
    for (const mailbox::Segment& segment : segments) {
      after = segment.number;
      for (const std::string& line : split(segment.bytes, '\n')) {
        if (trim(line).empty()) continue;
        if (auto point = point_of(lease.id, lease.attempt, line)) points.push_back(*std::move(point));
      }
    }
  }
}

// What the agent of the lease said last. One that was killed early has said nothing.
Result<api::LeaseView> lease_of(mailbox::Mailbox& box, const LeaseId& id, int attempt) {
  api::LeaseView lease;
  lease.id = id;
  lease.attempt = attempt;
  const Result<AgentStatus> status = box.read_status(id);
  if (!status.ok() && status.error().code == Code::not_found) return lease;
  if (!status.ok()) return status.error();
  lease.epoch = status->epoch;
  lease.last_step = status->step;
  lease.saved_step = status->saved_step;
  lease.saved_digest = status->saved_digest;
  lease.restored_digest = status->restored_digest;
  return lease;
}

// The leases that claimed the job, in the order of their claims.
Result<api::ProofInput> proof_input(ObjectStore& store, const StoredJob& job) {
  mailbox::Mailbox box(store, job.owner, job.id);
  api::ProofInput input;
  TW_ASSIGN_OR_RETURN(input.ledger, ledger_of(store, job));
  const checkpoint::ChunkPlace place{&store, nullptr, {}, job.prefix()};
  for (const LedgerRecord& record : input.ledger) {
    if (record.kind == LedgerKind::checkpoint) {
      const Result<Manifest> manifest = checkpoint::read_manifest(place, record.manifest);
      if (manifest.ok()) input.digests[record.manifest.text()] = manifest->root_digest;
    }
    if (record.kind != LedgerKind::claim) continue;
    TW_ASSIGN_OR_RETURN(const api::LeaseView lease,
                        lease_of(box, record.lease, static_cast<int>(input.leases.size()) + 1));
    TW_RETURN_IF_ERROR(append_progress(box, lease, input.progress));
    input.leases.push_back(lease);
  }
  return input;
}

}  // namespace

std::string StoredJob::prefix() const {
  return mailbox::job_prefix(owner, id);
}

Result<std::unique_ptr<ObjectStore>> open_existing_store(const std::string& url) {
  if (url.starts_with("file:")) {
    TW_ASSIGN_OR_RETURN(const std::string folder, objectstore::path_of_file_url(url));
    if (!io::path_exists(folder))
      return Error{Code::not_found, "there is no store at " + url + " on this machine"};
  }
  return objectstore::open_store(url);
}

std::string store_url(const std::string& text, const std::string& working_folder) {
  if (text.find("://") != std::string::npos) return text;
  const std::filesystem::path path = std::filesystem::path(working_folder) / text;
  std::string whole = path.lexically_normal().string();
  while (whole.size() > 1 && whole.ends_with('/')) whole.pop_back();
  return objectstore::file_url(whole);
}

Result<std::filesystem::path> restore_target(const std::string& text, const std::string& working_folder) {
  const std::filesystem::path folder = (std::filesystem::path(working_folder) / text).lexically_normal();
  std::error_code error;
  const auto status = std::filesystem::status(folder, error);
  if (status.type() == std::filesystem::file_type::not_found) return folder;
  if (error) return Error{Code::unauthorized, "cannot look at '" + folder.string() + "': " + error.message()};
  if (!std::filesystem::is_directory(status)) {
    return Error{Code::invalid_argument, "'" + folder.string() + "' is no folder",
                 "--to names a folder that is empty or does not exist"};
  }
  const bool empty = std::filesystem::is_empty(folder, error);
  if (error)
    return Error{Code::unauthorized, "cannot look into '" + folder.string() + "': " + error.message()};
  if (empty) return folder;
  return Error{Code::invalid_argument,
               "the folder '" + folder.string() + "' is not empty, and nothing is overwritten",
               "--to names a folder that is empty or does not exist"};
}

Result<StoredJob> job_of_prefix(std::string_view prefix) {
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  const std::vector<std::string> parts = split(prefix, '/');
  if (parts.size() == 4 && parts[0] == "tradewind" && !parts[1].empty() && parts[2] == "jobs" &&
      !parts[3].empty()) {
    return StoredJob{OwnerId(parts[1]), JobId(parts[3])};
  }
  return Error{Code::invalid_argument, "'" + std::string(prefix) + "' is no job's place in a store",
               "it has the form tradewind/OWNER/jobs/JOB"};
}

Result<std::vector<StoredJob>> jobs_in(ObjectStore& store) {
  std::vector<StoredJob> jobs;
  std::string after;
  for (;;) {
    TW_ASSIGN_OR_RETURN(const objectstore::ObjectPage page, store.list(root, after, 1));
    if (page.objects.empty()) return jobs;
    const std::string& key = page.objects.front().key;
    const std::vector<std::string> parts = split(key, '/');
    after = key;
    if (parts.size() < 5 || parts[2] != "jobs") continue;
    jobs.push_back({OwnerId(parts[1]), JobId(parts[3])});
    after = jobs.back().prefix() + "zzzz";  // behind all that a job has: one list call for each job
  }
}

Result<StoredJob> find_job(ObjectStore& store, std::string_view text, const sealing::AskForKey& ask) {
  TW_ASSIGN_OR_RETURN(const std::vector<StoredJob> jobs, jobs_in(store));
  if (jobs.empty())
    return Error{Code::not_found, "the store " + store.url() + " holds no jobs",
                 "--store names the folder in which 'tradewind/' lies"};
  if (text == "-") return newest(store, jobs);
  std::vector<StoredJob> found;
  if (text.starts_with(root)) {
    TW_ASSIGN_OR_RETURN(const StoredJob named, job_of_prefix(text));
    found = those(jobs, [&](const StoredJob& job) { return job.prefix() == named.prefix(); });
  }
  if (found.empty()) found = those(jobs, [&](const StoredJob& job) { return job.id.text() == text; });
  if (found.empty())
    found = those(jobs, [&](const StoredJob& job) { return name_of(store, job, ask) == text; });
  if (!found.empty()) return newest(store, found);
  const std::string beginning = text.starts_with("j-") ? std::string(text) : "j-" + std::string(text);
  found = those(jobs, [&](const StoredJob& job) { return job.id.text().starts_with(beginning); });
  if (found.size() == 1 && beginning.size() > 2) return found.front();
  const std::string quoted = "'" + std::string(text) + "'";
  const std::vector<StoredJob>& shown = found.empty() ? jobs : found;
  std::string list;
  for (std::size_t i = 0; i < std::min<std::size_t>(shown.size(), 3); ++i)
    list += (i > 0 ? ", " : "") + shown[i].id.text();
  if (shown.size() > 3) list += ", …";
  if (found.empty())
    return Error{Code::not_found, "the store " + store.url() + " has no job " + quoted, "it has " + list};
  return Error{Code::conflict, std::to_string(found.size()) + " jobs have an id that begins with " + quoted,
               "write more of it: " + list};
}

Result<api::CheckpointList> list_checkpoints(ObjectStore& store, const StoredJob& job) {
  TW_ASSIGN_OR_RETURN(const std::vector<LedgerRecord> ledger, ledger_of(store, job));
  const checkpoint::ChunkPlace place{&store, nullptr, {}, job.prefix()};
  api::CheckpointList list;
  list.store_url = store.url();
  list.prefix = job.prefix();
  for (const LedgerRecord& record : ledger) {
    if (record.kind != LedgerKind::checkpoint) continue;
    const Result<Manifest> manifest = checkpoint::read_manifest(place, record.manifest);
    TW_ASSIGN_OR_RETURN(api::CheckpointView view, api::checkpoint_view(record, manifest));
    list.checkpoints.push_back(std::move(view));
  }
  return list;
}

Result<api::VerifyResult> verify_job(ObjectStore& store, const StoredJob& job) {
  TW_ASSIGN_OR_RETURN(const api::ProofInput input, proof_input(store, job));
  const checkpoint::ChunkPlace place{&store, nullptr, {}, job.prefix()};
  TW_ASSIGN_OR_RETURN(checkpoint::VerifyReport report, checkpoint::verify(place));
  return api::VerifyResult{report.manifests, report.chunks, report.bytes, std::move(report.problems),
                           api::prove(input)};
}

}  // namespace tradewind::cli
