// tradewind checkpoint: a job's checkpoints, with a server or straight from their store: list, verify, prune,
// restore.
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <ostream>
#include <thread>

#include "app/cli/archive.h"
#include "app/cli/archive_key.h"
#include "app/cli/checkpoint_look.h"
#include "app/cli/checkpoint_store.h"
#include "app/cli/connect.h"
#include "app/cli/job_place.h"
#include "app/cli/live_line.h"
#include "app/cli/progress_bar.h"
#include "app/cli/proof_text.h"
#include "app/cli/recovery_text.h"
#include "app/cli/table.h"
#include "app/cli/text_width.h"
#include "app/cli/transfer_progress.h"
#include "app/cli/verbs.h"
#include "base/reversed.h"
#include "base/text.h"
#include "edge/checkpoint/ledger.h"
#include "edge/checkpoint/recovery.h"
#include "edge/mailbox/mailbox.h"

namespace tradewind::cli {
namespace {

// As plan_prune() asks where a save may run at the same time.
constexpr Duration live_grace = std::chrono::hours(1);
// The server reads every byte of every checkpoint back before it answers.
constexpr Duration verify_patience = std::chrono::hours(12);

// ---- list

void print_list(const api::CheckpointList& list, const std::vector<RecoveryPoint>& recovery,
                Context& context) {
  if (list.checkpoints.empty()) {
    context.out << "The ledger names no checkpoint yet.\n";
    return;
  }
  Table table{{{"STEP", Align::right},
               {"EPOCH", Align::right},
               {"SIZE", Align::right},
               {"FILES", Align::right, 3},
               {"SAVED AT", Align::left, 2},
               {"CHECKPOINT", Align::left, 1}},
              {}};
  std::vector<std::string> metrics;
  for (const api::CheckpointView& view : list.checkpoints) {
    metrics.push_back(metrics_text(view.metrics));
    table.rows.push_back({Cell(short_number(view.step), view.kept ? Style::bold : Style::dim),
                          std::to_string(view.epoch), view.kept ? format_bytes(view.bytes) : "-",
                          view.kept ? std::to_string(view.files) : "-", format_utc(view.at),
                          view.kept ? short_digest(view.manifest.text()) : Cell("pruned", Style::dim)});
  }
  add_metrics(table, metrics);
  context.out << render(table, context.terminal.width, context.terminal.colour);
  context.out << recovery_text(recovery, context.clock.now());
  context.out << paint(Style::dim, "In " + list.store_url + " under " + list.prefix, context.terminal.colour)
              << "\n";
}

Result<ExitCode> run_list(const CheckpointOptions& options, Context& context) {
  api::CheckpointList list;
  std::vector<RecoveryPoint> recovery;
  if (options.store.empty()) {
    TW_ASSIGN_OR_RETURN(list, list_of_server(options, context));
    TW_ASSIGN_OR_RETURN(ApiClient client, connect(context));
    TW_ASSIGN_OR_RETURN(recovery, ask_for_recovery(client, options.job));
  } else {
    TW_ASSIGN_OR_RETURN(const JobPlace place, place_of(options, context));
    TW_ASSIGN_OR_RETURN(list, list_checkpoints(*place.store, place.job));
    TW_ASSIGN_OR_RETURN(const std::vector<LedgerRecord> ledger,
                        checkpoint::read_ledger(*place.store, place.job.prefix(), 0));
    recovery = checkpoint::recovery_points({place.store.get(), nullptr, {}, place.job.prefix()}, ledger);
  }
  if (context.json) {
    json::object document = api::to_json(list).as_object();
    json::array points;
    for (const RecoveryPoint& point : recovery) points.push_back(api::to_json(point));
    document["recovery"] = std::move(points);
    print_json(context, document);
  } else {
    print_list(list, recovery, context);
  }
  return ExitCode::done;
}

// ---- verify

// Asks on a thread of its own, so that Ctrl-C ends the wait. Nothing: it did.
Result<std::optional<json::value>> ask_patiently(ApiClient client, const std::string& target,
                                                 Context& context) {
  struct Answer {
    std::mutex mutex;
    std::condition_variable there;
    std::optional<Result<json::value>> value;  // protected by mutex
  };
  const auto answer = std::make_shared<Answer>();
  // Outlives this call after Ctrl-C: it holds all that it uses.
  std::thread([answer, target, asker = std::make_shared<ApiClient>(std::move(client))] {
    Result<json::value> value = asker->post(target, json::object{}, verify_patience);
    const std::lock_guard lock(answer->mutex);
    answer->value = std::move(value);
    answer->there.notify_all();
  }).detach();
  LiveLine line(context);
  const Duration began = context.clock.monotonic();
  std::unique_lock lock(answer->mutex);
  while (!answer->there.wait_for(lock, std::chrono::milliseconds(200),
                                 [&] { return answer->value.has_value(); })) {
    if (context.interrupted) return std::optional<json::value>();
    const Duration waited = context.clock.monotonic() - began;
    line.show("the server reads every byte back  " +
              format_duration(std::chrono::duration_cast<std::chrono::seconds>(waited)));
  }
  if (!answer->value->ok()) return answer->value->error();
  return std::optional<json::value>(std::move(**answer->value));
}

Result<std::optional<api::VerifyResult>> verify_by_server(const CheckpointOptions& options,
                                                          Context& context) {
  TW_ASSIGN_OR_RETURN(ApiClient client, connect(context));
  // A quick question first: an unknown job is known at once, and so is another version of the server.
  TW_ASSIGN_OR_RETURN(const json::value job, client.get(job_target(options.job, "?brief=1")));
  JsonReader reader(job, "job");
  const std::string id = reader.text("id");
  TW_RETURN_IF_ERROR(reader.status());
  TW_ASSIGN_OR_RETURN(const std::optional<json::value> answer,
                      ask_patiently(std::move(client), job_target(id, "/verify"), context));
  if (!answer) return std::optional<api::VerifyResult>();
  TW_ASSIGN_OR_RETURN(api::VerifyResult result, api::verify_result_from_json(*answer, "verify"));
  return std::optional(std::move(result));
}

Result<std::optional<api::VerifyResult>> verify_in_store(const CheckpointOptions& options, Context& context) {
  TW_ASSIGN_OR_RETURN(const JobPlace place, place_of(options, context));
  TW_ASSIGN_OR_RETURN(const api::CheckpointList list, list_checkpoints(*place.store, place.job));
  TransferProgress progress(*place.store, "verifying", context);
  const checkpoint::ChunkPlace chunks{place.store.get(), nullptr, {}, place.job.prefix()};
  for (const api::CheckpointView& view : list.checkpoints) {
    const Result<Manifest> manifest = view.kept ? checkpoint::read_manifest(chunks, view.manifest) : Error{};
    if (manifest.ok()) progress.expect(place.job.prefix(), *manifest);
  }
  TW_ASSIGN_OR_RETURN(api::VerifyResult result, verify_job(progress.store(), place.job));
  return std::optional(std::move(result));
}

void print_verified(const api::VerifyResult& result, Context& context) {
  const bool colour = context.terminal.colour;
  context.out << proof_text(result.proof, context.terminal);
  const std::string read = count_text(result.manifests, "checkpoint") + ", " +
                           count_text(result.chunks, "chunk") + ", " + format_bytes(result.bytes);
  if (result.problems.empty()) {
    context.out << paint(Style::green, "Read back:", colour) << " " << read
                << "; every byte is what was written.\n";
    return;
  }
  context.out << paint(Style::red, "Damaged:", colour) << " of " << read << "\n";
  for (const std::string& problem : result.problems)
    context.out << wrap(printable(problem), context.terminal.width, "  ");
}

Result<ExitCode> run_verify(const CheckpointOptions& options, Context& context) {
  TW_ASSIGN_OR_RETURN(const std::optional<api::VerifyResult> result, options.store.empty()
                                                                         ? verify_by_server(options, context)
                                                                         : verify_in_store(options, context));
  if (!result) return ExitCode::interrupted;
  if (context.json) {
    print_json(context, api::to_json(*result));
  } else {
    print_verified(*result, context);
  }
  return result->verified() ? ExitCode::done : ExitCode::failed;
}

// ---- restore

Error no_such_step(double step, const api::CheckpointList& list) {
  std::vector<std::string> steps;
  for (const api::CheckpointView& view : list.checkpoints) {
    if (view.kept) steps.push_back(short_number(view.step));
  }
  if (steps.empty()) return {Code::not_found, "the job has no checkpoint that could be restored"};
  return {Code::not_found, "there is no checkpoint of step " + short_number(step),
          "there are those of step " + join(steps, ", ")};
}

// The newest that is kept, of the step if one is named.
Result<api::CheckpointView> choose(const api::CheckpointList& list, const std::optional<double>& step) {
  for (const api::CheckpointView& view : reversed(list.checkpoints)) {
    if (view.kept && (!step || view.step == *step)) return view;
  }
  return no_such_step(step.value_or(0), list);
}

void print_restored(const checkpoint::Restored& restored, const std::filesystem::path& folder, bool read_back,
                    Context& context) {
  const Manifest& manifest = restored.manifest;
  const std::ptrdiff_t files =
      std::count_if(manifest.files.begin(), manifest.files.end(),
                    [](const ManifestFile& file) { return file.kind != FileKind::directory; });
  context.out << "Restored step " << short_number(manifest.step) << " (epoch " << manifest.epoch << ", saved "
              << format_utc(manifest.created_at) << ") into " << folder.string() << ": "
              << count_text(static_cast<std::uint64_t>(files), "file") << ", "
              << format_bytes(total_bytes(manifest)) << ".\n";
  print_proof(restored.root_digest, read_back, context);
}

json::value restored_json(const StoredJob& job, const checkpoint::Restored& restored,
                          const std::filesystem::path& folder, const ManifestId& id) {
  const Manifest& manifest = restored.manifest;
  return json::object{{"job", job.id.text()},
                      {"checkpoint", id.text()},
                      {"step", manifest.step},
                      {"epoch", manifest.epoch},
                      {"folder", folder.string()},
                      {"files", manifest.files.size()},
                      {"bytes", total_bytes(manifest)},
                      {"root_digest", restored.root_digest},
                      {"digest_equal", restored.root_digest == manifest.root_digest}};
}

Result<ExitCode> run_restore(const CheckpointOptions& options, Context& context) {
  TW_ASSIGN_OR_RETURN(const std::filesystem::path folder,
                      restore_target(options.folder, context.working_folder));
  TW_ASSIGN_OR_RETURN(const JobPlace place, place_of(options, context));
  TW_ASSIGN_OR_RETURN(const api::CheckpointList list, list_checkpoints(*place.store, place.job));
  TW_ASSIGN_OR_RETURN(const api::CheckpointView chosen, choose(list, options.step));
  Result<checkpoint::Restored> restored = Error{};
  {
    TransferProgress progress(*place.store, "restoring", context);
    const checkpoint::ChunkPlace chunks{&progress.store(), nullptr, {}, place.job.prefix()};
    TW_ASSIGN_OR_RETURN(const Manifest manifest, checkpoint::read_manifest(chunks, chosen.manifest));
    progress.expect(place.job.prefix(), manifest);
    restored = checkpoint::restore(chunks, {chosen.manifest, folder, options.read_back, options.flush,
                                            [&](std::uint64_t bytes) { progress.advance(bytes); }});
  }
  if (!restored.ok()) return restored.error();
  if (context.json) {
    print_json(context, restored_json(place.job, *restored, folder, chosen.manifest));
  } else {
    print_restored(*restored, folder, options.read_back, context);
  }
  return ExitCode::done;
}

// Where copies of a job's checkpoints lie.
std::vector<std::string> further_stores(const JobSpec& spec) {
  const std::vector<std::string>& stores = spec.checkpoint.stores;
  return stores.empty() ? stores : std::vector<std::string>(stores.begin() + 1, stores.end());
}

// ---- prune

struct PruneRule {
  checkpoint::Retention retention;
  bool finished = false;            // nobody writes any more
  std::vector<std::string> copies;  // further stores, which are left alone
  Duration grace() const { return finished ? Duration{} : live_grace; }
};

// A job that lives is pruned as well, safely: what a save under way may rely on is younger than the grace.
Result<PruneRule> rule_of(const CheckpointOptions& options, const JobPlace& place) {
  PruneRule rule;
  const Result<JobSpec> spec = mailbox::Mailbox(*place.store, place.job.owner, place.job.id).read_spec();
  if (spec.ok()) rule.copies = further_stores(*spec);
  if (options.keep.last == 0 && !spec.ok()) {
    return Error{spec.error().code,
                 "how many checkpoints the job wants to keep is not known: " + spec.error().message,
                 "say --keep N"};
  }
  rule.retention = options.keep;
  // What is said stands instead of what the task file says.
  if (options.keep.last == 0 && !rule.retention.chooses()) {
    rule.retention = checkpoint::retention_of(spec->checkpoint);
  } else if (options.keep.last == 0) {
    rule.retention.last = std::max(spec->checkpoint.keep, 1);
  }
  TW_ASSIGN_OR_RETURN(const std::vector<LedgerRecord> ledger,
                      checkpoint::read_ledger(*place.store, place.job.prefix(), 0));
  rule.finished = !ledger.empty() && ledger.back().kind == LedgerKind::finish;
  return rule;
}

struct PruneCount {
  std::size_t checkpoints = 0;
  std::size_t chunks = 0;
};

PruneCount count_of(const checkpoint::PrunePlan& plan, const StoredJob& job) {
  PruneCount count;
  for (const std::string& key : plan.remove_keys) {
    if (key.starts_with(job.prefix() + "manifests/")) ++count.checkpoints;
    if (key.starts_with(job.prefix() + "chunks/")) ++count.chunks;
  }
  return count;
}

void print_pruned(const CheckpointOptions& options, const PruneRule& rule, const checkpoint::PrunePlan& plan,
                  const PruneCount& count, Context& context) {
  context.out << (options.dry_run ? "Would remove " : "Removed ")
              << count_text(count.checkpoints, "checkpoint") << " and " << count_text(count.chunks, "chunk")
              << ", " << format_bytes(plan.remove_bytes) << "; "
              << (rule.retention.chooses() ? "" : "the newest ") << plan.keep_manifests
              << (plan.keep_manifests == 1 ? " stays.\n" : " stay.\n");
  if (!rule.finished) {
    context.out
        << paint(
               Style::dim,
               "The job is not over: chunks of the last hour are left alone, since a save may rely on them.",
               context.terminal.colour)
        << "\n";
  }
  if (!options.dry_run) return;
  for (const std::string& key : plan.remove_keys) context.out << "  " << printable(key) << "\n";
}

json::value pruned_json(const CheckpointOptions& options, const PruneRule& rule,
                        const checkpoint::PrunePlan& plan, const PruneCount& count, const StoredJob& job) {
  return json::object{{"job", job.id.text()},
                      {"dry_run", options.dry_run},
                      {"keep", rule.retention.last},
                      {"kept", plan.keep_manifests},
                      {"finished", rule.finished},
                      {"removed_checkpoints", count.checkpoints},
                      {"removed_chunks", count.chunks},
                      {"removed_bytes", plan.remove_bytes},
                      {"keys", to_json(plan.remove_keys)}};
}

Result<ExitCode> run_prune(const CheckpointOptions& options, Context& context) {
  TW_ASSIGN_OR_RETURN(const JobPlace place, place_of(options, context));
  TW_ASSIGN_OR_RETURN(const PruneRule rule, rule_of(options, place));
  if (!rule.copies.empty())
    print_warning(context, "the copies in " + join(rule.copies, ", ") + " are not pruned by this");
  TransferProgress watch(*place.store, "pruning", context);  // ends at Ctrl-C between two objects
  const checkpoint::ChunkPlace chunks{&watch.store(), nullptr, {}, place.job.prefix()};
  TW_ASSIGN_OR_RETURN(const checkpoint::PrunePlan plan,
                      checkpoint::plan_prune(chunks, rule.retention, context.clock.now(), rule.grace()));
  if (!options.dry_run) TW_RETURN_IF_ERROR(checkpoint::execute(chunks, plan));
  const PruneCount count = count_of(plan, place.job);
  if (context.json) {
    print_json(context, pruned_json(options, rule, plan, count, place.job));
  } else {
    print_pruned(options, rule, plan, count, context);
  }
  return ExitCode::done;
}

// ---- what is the same for a store without jobs

Result<ExitCode> run_common(const CheckpointOptions& options, Context& context) {
  TW_ASSIGN_OR_RETURN(JobPlace place, place_of(options, context));
  Archive archive;
  archive.place = {.home = place.store.get(), .job_prefix = place.job.prefix()};
  archive.encrypted = place.beneath != nullptr;
  if (place.beneath) archive.beneath.push_back(std::move(place.beneath));
  archive.store = std::move(place.store);
  archive.list_command = "tradewind checkpoint list " + place.job.id.text();
  if (options.action == CheckpointAction::show) return show_checkpoint(archive, options.which, context);
  if (options.action == CheckpointAction::diff)
    return diff_checkpoints(archive, options.which, options.against, context);
  std::vector<std::string> from = options.from;
  const Result<JobSpec> spec = mailbox::Mailbox(*archive.store, place.job.owner, place.job.id).read_spec();
  if (from.empty() && spec.ok()) from = further_stores(*spec);
  return repair_checkpoints(archive, from, options.dry_run, ask_for_key(options.seal, context), context);
}

Result<ExitCode> run_action(const CheckpointOptions& options, Context& context) {
  switch (options.action) {
    case CheckpointAction::list:
      return run_list(options, context);
    case CheckpointAction::verify:
      return run_verify(options, context);
    case CheckpointAction::prune:
      return run_prune(options, context);
    case CheckpointAction::restore:
      return run_restore(options, context);
    case CheckpointAction::show:
    case CheckpointAction::diff:
    case CheckpointAction::repair:
      return run_common(options, context);
    case CheckpointAction::rekey:
      return rekey_job(options, context);
  }
  return Error{Code::internal, "an unknown action"};
}

}  // namespace

Result<ExitCode> run_checkpoint(const CheckpointOptions& options, Context& context) {
  Result<ExitCode> code = run_action(options, context);
  std::error_code unknown;
  if (!code.ok() && code.error().code == Code::not_found && options.store.empty() &&
      std::filesystem::is_directory(std::filesystem::path(context.working_folder) / options.job, unknown)) {
    return Error{Code::not_found, code.error().message,
                 "the folder of that name is written ./" + options.job};
  }
  if (code.ok() || code.error().code != Code::cancelled || !context.interrupted) return code;
  print_warning(context, options.action == CheckpointAction::prune
                             ? "interrupted; what was kept is whole, and pruning again removes the rest"
                             : "interrupted; nothing was changed");
  return ExitCode::interrupted;
}

}  // namespace tradewind::cli
