// tradewind checkpoint DIR STORE: a folder's checkpoints in a store of their own, without a job and a server.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <memory>
#include <ostream>

#include "app/cli/archive.h"
#include "app/cli/archive_key.h"
#include "app/cli/checkpoint_look.h"
#include "app/cli/checkpoint_store.h"
#include "app/cli/progress_bar.h"
#include "app/cli/store_location.h"
#include "app/cli/table.h"
#include "app/cli/text_width.h"
#include "app/cli/transfer_progress.h"
#include "app/cli/verbs.h"
#include "base/text.h"
#include "core/catalog/egress.h"
#include "edge/checkpoint/copies.h"
#include "edge/checkpoint/copy.h"
#include "edge/checkpoint/history.h"
#include "edge/objectstore/memory_store.h"

namespace tradewind::cli {
namespace {

namespace fs = std::filesystem;
using checkpoint::ChunkPlace;

// Others may save into the same store meanwhile.
constexpr Duration prune_grace = std::chrono::hours(1);

// What a manifest says of where it was made, in a store without jobs.
const JobId no_job{"archive"};
const LeaseId no_lease{"-"};

// The store that a verb is about.
Result<Archive> open_own(const ArchiveOptions& options, bool make, const Context& context) {
  TW_ASSIGN_OR_RETURN(const sealing::SealWish wish, seal_wish(options.seal));
  return open_archive(options.store, {make, wish, options.bandwidth}, ask_for_key(options.seal, context),
                      context);
}

fs::path folder_of(const ArchiveOptions& options, const Context& context) {
  return (fs::path(context.working_folder) / options.folder).lexically_normal();
}

std::optional<ManifestId> newest_of(const std::vector<ManifestId>& ids) {
  return ids.empty() ? std::nullopt : std::optional(ids.back());
}

// ---- save

// Of regular files; what cannot be looked at is for the save to name.
std::uint64_t bytes_below(const fs::path& folder) {
  std::error_code problem;
  std::uint64_t bytes = 0;
  fs::recursive_directory_iterator entry(folder, problem);
  for (; !problem && entry != fs::recursive_directory_iterator(); entry.increment(problem)) {
    std::error_code unknown;
    if (entry->is_symlink(unknown) || !entry->is_regular_file(unknown)) continue;
    const std::uintmax_t size = entry->file_size(unknown);
    if (!unknown) bytes += size;
  }
  return bytes;
}

struct SaveReport {
  checkpoint::Saved saved;
  Duration took{};
};

json::value saved_json(const SaveReport& report, bool encrypted) {
  const checkpoint::TransferCount& count = report.saved.count;
  return json::object{{"manifest", report.saved.id.text()},
                      {"step", report.saved.manifest.step},
                      {"bytes", total_bytes(report.saved.manifest)},
                      {"bytes_new", count.bytes_moved},
                      {"bytes_stored", count.bytes_stored},
                      {"chunks", checkpoint::distinct_chunks(report.saved.manifest).size()},
                      {"chunks_new", count.chunks},
                      {"held_s", seconds_of(report.saved.held)},
                      {"seconds", seconds_of(report.took)},
                      {"root_digest", report.saved.manifest.root_digest},
                      {"encrypted", encrypted}};
}

void print_saved(const SaveReport& report, const Archive& archive, Context& context) {
  const checkpoint::TransferCount& count = report.saved.count;
  const std::uint64_t bytes = total_bytes(report.saved.manifest);
  context.out << "Saved step " << short_number(report.saved.manifest.step) << " as "
              << short_digest(report.saved.id.text()) << " in " << archive.store->url()
              << (archive.encrypted ? ", encrypted: " : ": ") << format_bytes(bytes) << " in "
              << format_duration(report.took) << ".\n"
              << format_bytes(count.bytes_moved) << " were new and took " << format_bytes(count.bytes_stored)
              << "; " << format_bytes(bytes - std::min(bytes, count.bytes_moved)) << " were there already.\n";
}

Result<double> step_after(const ChunkPlace& place, const std::optional<ManifestId>& parent) {
  if (!parent) return 0.0;
  TW_ASSIGN_OR_RETURN(const Manifest manifest, checkpoint::read_manifest(place, *parent));
  return manifest.step + 1;
}

// "loss=2.31", each name once.
Result<std::map<std::string, double>> metrics_of(const std::vector<std::string>& words) {
  std::map<std::string, double> metrics;
  for (const std::string& word : words) {
    const std::size_t equals = std::min(word.find('='), word.size());
    const char* const end = word.data() + word.size();
    const char* const begin = std::min(word.data() + equals + 1, end);
    double value = 0;
    const std::from_chars_result read = std::from_chars(begin, end, value);
    const bool is_number = begin != end && read.ec == std::errc() && read.ptr == end && std::isfinite(value);
    if (equals == 0 || !is_number || !metrics.emplace(word.substr(0, equals), value).second) {
      return Error{Code::invalid_argument, "--metric '" + word + "' is no name and number, or comes twice",
                   "write it as loss=2.31"};
    }
  }
  return metrics;
}

Result<ExitCode> run_save(const ArchiveOptions& options, Context& context) {
  const fs::path folder = folder_of(options, context);
  std::error_code problem;
  if (!fs::is_directory(folder, problem)) {
    return Error{Code::not_found, "there is no folder '" + folder.string() + "'"};
  }
  TW_ASSIGN_OR_RETURN(const Archive archive, open_own(options, true, context));
  checkpoint::SaveRequest request;
  request.folder = folder;
  request.job = no_job;
  request.lease = no_lease;
  request.now = context.clock.now();
  TW_ASSIGN_OR_RETURN(const std::vector<ManifestId> before, checkpoint::committed_checkpoints(archive.place));
  request.parent = newest_of(before);
  // A damaged newest one is no reason not to save: then nothing of it is relied on.
  request.step = options.step ? *options.step : step_after(archive.place, request.parent).value_or(0);
  TW_ASSIGN_OR_RETURN(request.metrics, metrics_of(options.metrics));
  const Duration began = context.clock.monotonic();
  SaveReport report;
  {
    TransferProgress progress(*archive.store, "saving", context);
    progress.expect(bytes_below(folder));
    request.on_chunk = [&progress](std::uint64_t bytes) { progress.advance(bytes); };
    TW_ASSIGN_OR_RETURN(report.saved, checkpoint::save_held(request, place_over(progress.store())));
  }
  report.took = context.clock.monotonic() - began;
  if (context.json) {
    print_json(context, saved_json(report, archive.encrypted));
  } else {
    print_saved(report, archive, context);
  }
  return ExitCode::done;
}

// ---- list

Result<ExitCode> run_ls(const ArchiveOptions& options, Context& context) {
  TW_ASSIGN_OR_RETURN(const Archive archive, open_own(options, false, context));
  TW_ASSIGN_OR_RETURN(const std::vector<Entry> entries, entries_of(archive, context));
  if (context.json) {
    json::array list;
    for (const Entry& entry : entries) {
      list.push_back(json::object{{"manifest", entry.id.text()},
                                  {"step", entry.head.step},
                                  {"metrics", to_json(entry.head.metrics)},
                                  {"epoch", entry.head.epoch},
                                  {"created", format_utc(entry.head.created_at)},
                                  {"bytes", entry.bytes},
                                  {"files", entry.files}});
    }
    print_json(context, json::object{{"checkpoints", std::move(list)}});
    return ExitCode::done;
  }
  if (entries.empty()) {
    context.out << "There is no checkpoint in " << archive.store->url() << " yet.\n";
    return ExitCode::done;
  }
  Table table{
      {{"STEP", Align::right}, {"SIZE", Align::right}, {"FILES", Align::right}, {"SAVED AT"}, {"CHECKPOINT"}},
      {}};
  std::vector<std::string> metrics;
  for (const Entry& entry : entries) {
    table.rows.push_back({short_number(entry.head.step), format_bytes(entry.bytes),
                          std::to_string(entry.files), format_utc(entry.head.created_at),
                          short_digest(entry.id.text())});
    metrics.push_back(metrics_text(entry.head.metrics));
  }
  add_metrics(table, metrics);
  context.out << render(table, context.terminal.width, context.terminal.colour);
  return ExitCode::done;
}

// ---- restore

Result<ExitCode> run_restore(const ArchiveOptions& options, Context& context) {
  TW_ASSIGN_OR_RETURN(const fs::path folder, restore_target(options.folder, context.working_folder));
  TW_ASSIGN_OR_RETURN(const Archive archive, open_own(options, false, context));
  TW_ASSIGN_OR_RETURN(const std::vector<Entry> entries, entries_of(archive, context));
  TW_ASSIGN_OR_RETURN(const Entry entry, choose({options.step, options.manifest}, entries, archive));
  const Duration began = context.clock.monotonic();
  Result<checkpoint::Restored> restored = Error{};
  {
    TransferProgress progress(*archive.store, "restoring", context);
    checkpoint::RestoreRequest request{entry.id, folder, options.read_back, options.flush};
    request.on_manifest = [&](const Manifest& manifest) {
      progress.expect(archive.place.job_prefix, manifest);
    };
    request.on_kept = [&](std::uint64_t bytes) { progress.advance(bytes); };
    restored = checkpoint::restore(place_over(progress.store()), request);
  }
  if (!restored.ok()) return restored.error();
  const Duration took = context.clock.monotonic() - began;
  if (context.json) {
    print_json(context, json::object{{"manifest", entry.id.text()},
                                     {"step", entry.head.step},
                                     {"bytes", entry.bytes},
                                     {"digest_ok", restored->root_digest == entry.head.root_digest},
                                     {"seconds", seconds_of(took)}});
    return ExitCode::done;
  }
  context.out << "Restored step " << short_number(entry.head.step) << " into " << folder.string() << ": "
              << format_bytes(entry.bytes) << " in " << format_duration(took) << ".\n";
  print_proof(restored->root_digest, options.read_back, context);
  return ExitCode::done;
}

// ---- copy

// What it costs that bytes leave the store that they are copied from.
struct Leaving {
  std::optional<Location> from;  // nothing: no supplier is known, and nothing is paid
  catalog::EgressQuote quote;
};

// Of bytes that come to this machine, which is taken to lie outside of the supplier.
Leaving leaving(const Archive& from, std::uint64_t bytes, const Context& context) {
  Leaving leaving;
  leaving.from = location_of_store(from.store->url(), context.environment);
  if (leaving.from) {
    leaving.quote =
        catalog::embedded_egress_table().quote(*leaving.from, Location{"local", "here", ""}, bytes);
  }
  return leaving;
}

void print_leaving(const Leaving& leaving, std::string_view tense, Context& context) {
  if (!leaving.from) return;
  const std::string text = "Leaving " + to_text(*leaving.from) + " " + std::string(tense) + " about " +
                           leaving.quote.cost.text() + " (" + leaving.quote.rule +
                           "), unless this machine is there too.";
  context.out << paint(Style::dim, text, context.terminal.colour) << "\n";
}

json::value leaving_json(const Leaving& leaving) {
  if (!leaving.from) return nullptr;
  return json::object{{"from", to_text(*leaving.from)},
                      {"cost", to_json(leaving.quote.cost)},
                      {"assumed", leaving.quote.assumed},
                      {"rule", leaving.quote.rule}};
}

void print_copied(const checkpoint::CopyPlan& plan, std::uint64_t to_send, bool within,
                  const checkpoint::CopyCount& count, Duration took, const ArchiveOptions& options,
                  Context& context) {
  const std::string what =
      std::to_string(plan.checkpoints.size()) + " checkpoints of " + format_bytes(plan.bytes);
  if (plan.checkpoints.empty()) {
    context.out << "All of them are there already.\n";
  } else if (options.dry_run) {
    context.out << "Would copy " << what << ": " << format_bytes(plan.bytes_missing) << " in "
                << plan.chunks.size() << " chunks are missing there, packed " << format_bytes(to_send)
                << (within ? ", which one server holds and will copy itself.\n" : ".\n");
  } else if (count.chunks_within == 0) {
    context.out << "Copied " << what << " in " << format_duration(took) << ": " << format_bytes(count.bytes)
                << " were missing and travelled as " << format_bytes(count.bytes_stored) << ".\n";
  } else {
    context.out << "Copied " << what << " in " << format_duration(took) << ": "
                << format_bytes(count.bytes_within + count.bytes) << " were missing; the server copied "
                << format_bytes(count.stored_within) << " itself, and " << format_bytes(count.bytes_stored)
                << " travelled.\n";
  }
}

// One that is copied into another form may have either; else a key means that it is encrypted.
Result<Archive> open_source(const ArchiveOptions& options, const Context& context) {
  const bool changes = options.seal.encrypt || options.seal.plain;
  const sealing::SealWish wish = changes ? sealing::SealWish::either : sealing::SealWish::as_found;
  return open_archive(options.store, {false, wish, options.bandwidth}, ask_for_key(options.seal, context),
                      context);
}

// With its own key, if one is said, else with the source's: what is encrypted does not become plain unasked.
Result<Archive> open_target(const ArchiveOptions& options, const Context& context) {
  TW_ASSIGN_OR_RETURN(sealing::SealWish wish, seal_wish(options.seal));
  // A dry run makes nothing.
  if (options.dry_run && wish == sealing::SealWish::begin) wish = sealing::SealWish::either;
  const bool own_key = !options.new_seal.key_file.empty() || !options.new_seal.key_command.empty();
  const SealOptions& seal = own_key ? options.new_seal : options.seal;
  return open_archive(options.target, {!options.dry_run, wish}, ask_for_key(seal, context), context);
}

// For a dry run, what is not there is empty.
Result<Archive> open_target_or_nothing(const ArchiveOptions& options, const Context& context) {
  Result<Archive> to = open_target(options, context);
  if (to.ok() || !options.dry_run || to.error().code != Code::not_found) return to;
  Archive nothing;
  nothing.store = objectstore::make_memory_store();
  nothing.place = place_over(*nothing.store);
  return nothing;
}

Result<ExitCode> run_copy(const ArchiveOptions& options, Context& context) {
  TW_ASSIGN_OR_RETURN(const Archive from, open_source(options, context));
  TW_ASSIGN_OR_RETURN(const Archive to, open_target_or_nothing(options, context));
  TW_ASSIGN_OR_RETURN(std::vector<ManifestId> wanted, checkpoint::committed_checkpoints(from.place));
  if (options.step || !options.manifest.empty()) {
    TW_ASSIGN_OR_RETURN(const std::vector<Entry> entries, entries_of(from, context));
    TW_ASSIGN_OR_RETURN(const Entry entry, choose({options.step, options.manifest}, entries, from));
    wanted = {entry.id};
  }
  TW_ASSIGN_OR_RETURN(const checkpoint::CopyPlan plan, checkpoint::plan_copy(from.place, to.place, wanted));
  // A list of all that the source has: only for whoever is told.
  const bool told = options.dry_run || context.json;
  TW_ASSIGN_OR_RETURN(const std::uint64_t to_send, told ? checkpoint::packed_bytes(from.place, plan)
                                                        : Result<std::uint64_t>(std::uint64_t{0}));
  const Duration began = context.clock.monotonic();
  checkpoint::CopyCount count;
  if (!options.dry_run) {
    TransferProgress progress(*from.store, "copying", context);
    progress.expect(plan.bytes_missing);
    TW_ASSIGN_OR_RETURN(count,
                        checkpoint::copy(place_over(progress.store()), to.place, plan, context.clock.now(),
                                         [&progress](std::uint64_t bytes) { progress.advance(bytes); }));
  }
  const Duration took = context.clock.monotonic() - began;
  const bool within = checkpoint::is_within_a_server(from.place, to.place);
  const std::uint64_t would_leave = within ? 0 : to_send;
  const Leaving egress = leaving(from, options.dry_run ? would_leave : count.bytes_stored, context);
  if (context.json) {
    print_json(context, json::object{{"dry_run", options.dry_run},
                                     {"checkpoints", plan.checkpoints.size()},
                                     {"bytes", plan.bytes},
                                     {"bytes_missing", plan.bytes_missing},
                                     {"chunks_missing", plan.chunks.size()},
                                     {"bytes_to_send", to_send},
                                     {"bytes_stored", count.bytes_stored + count.stored_within},
                                     {"bytes_within_server", count.stored_within},
                                     {"within_server", within},
                                     {"egress", leaving_json(egress)},
                                     {"seconds", seconds_of(took)}});
  } else {
    print_copied(plan, to_send, within, count, took, options, context);
    print_leaving(egress, options.dry_run ? "costs" : "cost", context);
  }
  return ExitCode::done;
}

// ---- verify

Result<ExitCode> run_verify(const ArchiveOptions& options, Context& context) {
  TW_ASSIGN_OR_RETURN(const Archive archive, open_own(options, false, context));
  checkpoint::VerifyReport report;
  {
    TransferProgress progress(*archive.store, "verifying", context);
    const ChunkPlace watched = place_over(progress.store());
    if (options.read_data) {
      TW_RETURN_IF_ERROR(
          for_each_manifest(archive, context, [&](const ManifestId&, const Manifest& manifest) {
            progress.expect(archive.place.job_prefix, manifest);
          }));
    }
    TW_ASSIGN_OR_RETURN(
        report, options.read_data ? checkpoint::verify(watched) : checkpoint::verify_presence(watched));
  }
  const bool ok = report.problems.empty();
  if (context.json) {
    json::array damaged;
    for (const std::string& problem : report.problems) damaged.push_back(damage_json(problem));
    print_json(context, json::object{{"ok", ok},
                                     {"read_data", options.read_data},
                                     {"checkpoints", report.manifests},
                                     {"chunks", report.chunks},
                                     {"bytes", report.bytes},
                                     {"damaged", std::move(damaged)}});
    return ok ? ExitCode::done : ExitCode::failed;
  }
  const std::string of = std::to_string(report.manifests) + " checkpoints, " + std::to_string(report.chunks) +
                         " chunks, " + format_bytes(report.bytes);
  const bool colour = context.terminal.colour;
  if (ok && options.read_data) {
    context.out << paint(Style::green, "Read back:", colour) << " " << of
                << "; every byte is what was written.\n";
  } else if (ok) {
    context.out << paint(Style::green, "There:", colour) << " " << of
                << ". --read-data reads every byte back.\n";
  } else {
    context.out << paint(Style::red, "Damaged:", colour) << " of " << of << "\n";
    for (const std::string& problem : report.problems) {
      context.out << wrap(printable(problem), context.terminal.width, "  ");
    }
  }
  return ok ? ExitCode::done : ExitCode::failed;
}

// ---- prune

Result<checkpoint::Retention> retention_of(const ArchiveOptions& options) {
  checkpoint::Retention retention = options.keep;
  retention.last = std::max(retention.last, 1);
  if (options.keep.last > 0 || retention.chooses()) return retention;
  return Error{Code::invalid_argument, "how many checkpoints are to be kept is not said",
               "say --keep N, --keep-hourly N, --keep-daily N or --keep-best N"};
}

Result<ExitCode> run_prune(const ArchiveOptions& options, Context& context) {
  TW_ASSIGN_OR_RETURN(const checkpoint::Retention retention, retention_of(options));
  TW_ASSIGN_OR_RETURN(const Archive archive, open_own(options, false, context));
  TransferProgress watch(*archive.store, "pruning", context);  // ends at Ctrl-C between two objects
  const ChunkPlace place = place_over(watch.store());
  TW_ASSIGN_OR_RETURN(const checkpoint::PrunePlan plan,
                      checkpoint::plan_prune(place, retention, context.clock.now(), prune_grace));
  if (!options.dry_run) TW_RETURN_IF_ERROR(checkpoint::execute(place, plan));
  if (context.json) {
    print_json(context, json::object{{"dry_run", options.dry_run},
                                     {"kept", plan.keep_manifests},
                                     {"removed_bytes", plan.remove_bytes},
                                     {"keys", to_json(plan.remove_keys)}});
    return ExitCode::done;
  }
  context.out << (options.dry_run ? "Would remove " : "Removed ") << plan.remove_keys.size() << " objects, "
              << format_bytes(plan.remove_bytes) << "; " << plan.keep_manifests << " checkpoints stay.\n";
  if (!retention.chooses() && plan.keep_manifests > static_cast<std::uint64_t>(options.keep.last)) {
    context.out << paint(Style::dim, "What a save of the last hour may have begun from is kept as well.",
                         context.terminal.colour)
                << "\n";
  }
  if (options.dry_run) {
    for (const std::string& key : plan.remove_keys) context.out << "  " << printable(key) << "\n";
  }
  return ExitCode::done;
}

// ---- what is the same for a job

Result<ExitCode> run_common(const ArchiveOptions& options, Context& context) {
  TW_ASSIGN_OR_RETURN(const Archive archive, open_own(options, false, context));
  if (options.action == ArchiveAction::show) return show_checkpoint(archive, options.manifest, context);
  if (options.action == ArchiveAction::diff)
    return diff_checkpoints(archive, options.manifest, options.against, context);
  return repair_checkpoints(archive, options.from, options.dry_run, ask_for_key(options.seal, context),
                            context);
}

Result<ExitCode> run_action(const ArchiveOptions& options, Context& context) {
  switch (options.action) {
    case ArchiveAction::save:
      return run_save(options, context);
    case ArchiveAction::copy:
      return run_copy(options, context);
    case ArchiveAction::list:
      return run_ls(options, context);
    case ArchiveAction::restore:
      return run_restore(options, context);
    case ArchiveAction::verify:
      return run_verify(options, context);
    case ArchiveAction::prune:
      return run_prune(options, context);
    case ArchiveAction::show:
    case ArchiveAction::diff:
    case ArchiveAction::repair:
      return run_common(options, context);
    case ArchiveAction::rekey:
      return change_key(options, context);
    case ArchiveAction::new_key:
      return make_new_key(options.folder, context);
  }
  return Error{Code::internal, "an unknown action"};
}

}  // namespace

Result<ExitCode> run_archive(const ArchiveOptions& options, Context& context) {
  Result<ExitCode> code = run_action(options, context);
  if (code.ok() || code.error().code != Code::cancelled || !context.interrupted) return code;
  print_warning(context, options.action == ArchiveAction::save
                             ? "interrupted; what was stored is used when the folder is saved again"
                             : "interrupted; what is there is whole");
  return ExitCode::interrupted;
}

}  // namespace tradewind::cli
