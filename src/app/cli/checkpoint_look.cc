#include "app/cli/checkpoint_look.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ostream>

#include "app/cli/checkpoint_store.h"
#include "app/cli/job_place.h"
#include "app/cli/progress_bar.h"
#include "app/cli/table.h"
#include "app/cli/text_width.h"
#include "app/cli/transfer_progress.h"
#include "base/text.h"
#include "core/model/manifest_diff.h"
#include "edge/checkpoint/copies.h"
#include "edge/checkpoint/repair.h"

namespace tradewind::cli {
namespace {

using objectstore::ObjectStore;

std::string mode_text(std::uint32_t mode) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%04o", mode);
  return text.data();
}

// "step 1200 (ab12cd34ef56, saved 2026-11-25T10:00:00Z)"
std::string named(const Entry& entry) {
  return "step " + short_number(entry.head.step) + " (" + short_digest(entry.id.text()) + ", saved " +
         format_utc(entry.head.created_at) + ")";
}

// ---- show

json::value file_json(const ManifestFile& file) {
  json::object object{{"path", file.path},
                      {"kind", to_text(file.kind)},
                      {"mode", mode_text(file.mode)},
                      {"size", file.size},
                      {"chunks", file.chunks.size()}};
  if (file.kind == FileKind::symlink) object["target"] = file.target;
  return object;
}

json::value shown_json(const Entry& entry, const Manifest& manifest) {
  json::array files;
  for (const ManifestFile& file : manifest.files) files.push_back(file_json(file));
  return json::object{{"manifest", entry.id.text()},
                      {"step", manifest.step},
                      {"metrics", to_json(manifest.metrics)},
                      {"epoch", manifest.epoch},
                      {"created", format_utc(manifest.created_at)},
                      {"parent", manifest.parent ? json::value(manifest.parent->text()) : json::value()},
                      {"root_digest", manifest.root_digest},
                      {"bytes", total_bytes(manifest)},
                      {"chunks", checkpoint::distinct_chunks(manifest).size()},
                      {"files", std::move(files)}};
}

std::string shown_path(const ManifestFile& file) {
  if (file.kind == FileKind::directory) return printable(file.path) + "/";
  if (file.kind == FileKind::symlink) return printable(file.path) + " → " + printable(file.target);
  return printable(file.path);
}

void print_shown(const Entry& entry, const Manifest& manifest, Context& context) {
  const auto line = [&](const char* title, const std::string& text) {
    context.out << paint(Style::dim, title, context.terminal.colour) << text << "\n";
  };
  line("Checkpoint  ", entry.id.text());
  line("Step        ", short_number(manifest.step));
  if (manifest.epoch > 0) line("Epoch       ", std::to_string(manifest.epoch));
  if (!manifest.metrics.empty()) line("Metrics     ", metrics_text(manifest.metrics));
  line("Saved at    ", format_utc(manifest.created_at));
  line("Parent      ", manifest.parent ? manifest.parent->text() : "none");
  line("State       ", manifest.root_digest);
  line("Size        ", format_bytes(total_bytes(manifest)) + " in " +
                           count_text(checkpoint::distinct_chunks(manifest).size(), "chunk"));
  Table table{{{"MODE"}, {"SIZE", Align::right}, {"CHUNKS", Align::right, 1}, {"PATH", Align::left, 2, true}},
              {}};
  for (const ManifestFile& file : manifest.files) {
    const bool is_file = file.kind == FileKind::file;
    table.rows.push_back({mode_text(file.mode), is_file ? format_bytes(file.size) : "",
                          is_file ? std::to_string(file.chunks.size()) : "", shown_path(file)});
  }
  context.out << "\n" << render(table, context.terminal.width, context.terminal.colour);
}

// ---- diff

json::value diff_json(const Entry& before, const Entry& after, const ManifestDiff& found) {
  json::array files;
  for (const FileChange& file : found.files) {
    files.push_back(json::object{{"path", file.path},
                                 {"change", to_text(file.change)},
                                 {"bytes_before", file.bytes_before},
                                 {"bytes_after", file.bytes_after},
                                 {"bytes_new", file.bytes_new}});
  }
  return json::object{{"before", json::object{{"manifest", before.id.text()}, {"step", before.head.step}}},
                      {"after", json::object{{"manifest", after.id.text()}, {"step", after.head.step}}},
                      {"bytes_before", found.bytes_before},
                      {"bytes_after", found.bytes_after},
                      {"bytes_new", found.bytes_new},
                      {"bytes_gone", found.bytes_gone},
                      {"files", std::move(files)}};
}

Cell change_cell(Change change) {
  switch (change) {
    case Change::added:
      return {"added", Style::green};
    case Change::removed:
      return {"removed", Style::red};
    case Change::content:
      return {"changed"};
    case Change::facts:
      return {"mode or link"};
  }
  return {};
}

void print_diff(const Entry& before, const Entry& after, const ManifestDiff& found, Context& context) {
  context.out << "From " << named(before) << "\n  to " << named(after) << "\n";
  if (found.files.empty()) {
    context.out << "Nothing differs but times.\n";
    return;
  }
  Table table{{{"CHANGE"},
               {"BEFORE", Align::right, 1},
               {"AFTER", Align::right, 1},
               {"NEW", Align::right},
               {"PATH", Align::left, 2, true}},
              {}};
  for (const FileChange& file : found.files) {
    table.rows.push_back({change_cell(file.change),
                          file.change == Change::added ? "" : format_bytes(file.bytes_before),
                          file.change == Change::removed ? "" : format_bytes(file.bytes_after),
                          file.bytes_new == 0 ? "" : format_bytes(file.bytes_new), printable(file.path)});
  }
  context.out << "\n" << render(table, context.terminal.width, context.terminal.colour);
  context.out << format_bytes(found.bytes_before) << " became " << format_bytes(found.bytes_after) << ": "
              << format_bytes(found.bytes_new) << " are new, " << format_bytes(found.bytes_gone)
              << " are needed no more.\n";
}

// ---- repair

struct Sources {
  std::vector<Archive> stores;
  std::vector<ObjectStore*> pointers() const {
    std::vector<ObjectStore*> result;
    for (const Archive& each : stores) result.push_back(each.store.get());
    return result;
  }
};

// Encrypted or not: what they have is proved by its digest.
Result<Sources> sources_of(const Archive& archive, const std::vector<std::string>& from,
                           const sealing::AskForKey& ask, Context& context) {
  Sources sources;
  for (const std::string& each : from) {
    TW_ASSIGN_OR_RETURN(Archive source,
                        open_archive(each, {.seal = sealing::SealWish::either}, ask, context));
    if (source.store->url() == archive.store->url()) {
      return Error{Code::invalid_argument, "a store cannot be repaired from itself: " + source.store->url()};
    }
    if (archive.encrypted && !source.encrypted && !archive.place.job_prefix.empty()) {
      TW_RETURN_IF_ERROR(
          see_through(source.store, source.beneath.emplace_back(), archive.place.job_prefix, ask));
    }
    sources.stores.push_back(std::move(source));
  }
  if (!sources.stores.empty()) return sources;
  return Error{Code::invalid_argument, "there is no other store to take whole copies from",
               "say --from URL: a store that checkpoint.stores or 'tradewind checkpoint copy' filled"};
}

json::value repair_json(const checkpoint::RepairReport& report, bool dry_run) {
  json::array repaired;
  for (const checkpoint::Repair& each : report.repaired) {
    repaired.push_back(json::object{{"object", each.key}, {"from", each.from}});
  }
  json::array lost;
  for (const std::string& each : report.lost) lost.push_back(damage_json(each));
  return json::object{{"ok", report.lost.empty()}, {"dry_run", dry_run},    {"checkpoints", report.manifests},
                      {"chunks", report.chunks},   {"bytes", report.bytes}, {"repaired", std::move(repaired)},
                      {"lost", std::move(lost)}};
}

void print_repaired(const checkpoint::RepairReport& report, bool dry_run, Context& context) {
  const bool colour = context.terminal.colour;
  const std::string of = count_text(report.manifests, "checkpoint") + ", " +
                         count_text(report.chunks, "chunk") + ", " + format_bytes(report.bytes);
  if (report.repaired.empty() && report.lost.empty()) {
    context.out << paint(Style::green, "Whole:", colour) << " " << of
                << " were read back; nothing to repair.\n";
    return;
  }
  if (!report.repaired.empty()) {
    context.out << paint(Style::green, dry_run ? "Can be repaired:" : "Repaired:", colour) << " "
                << count_text(report.repaired.size(), "object") << " of " << of << "\n";
    for (const checkpoint::Repair& each : report.repaired) {
      context.out << wrap(printable(each.key) + " from " + printable(each.from), context.terminal.width,
                          "  ");
    }
  }
  if (report.lost.empty()) return;
  context.out << paint(Style::red, "Lost:", colour) << " no store has these whole\n";
  for (const std::string& each : report.lost)
    context.out << wrap(printable(each), context.terminal.width, "  ");
}

}  // namespace

std::string metrics_text(const std::map<std::string, double>& metrics) {
  std::string text;
  for (const auto& [name, value] : metrics) {
    text += (text.empty() ? "" : " ") + printable(name) + "=" + short_number(value);
  }
  return text;
}

void print_proof(const std::string& root_digest, bool read_back, Context& context) {
  context.out << paint(Style::green, "Verified:", context.terminal.colour)
              << (read_back ? " every byte, read again from the disk, has" : " every byte has")
              << " the digest that was saved, " << short_digest(root_digest) << "….\n";
}

json::value damage_json(const std::string& problem) {
  const std::size_t space = problem.find(' ');
  return json::object{{"object", problem.substr(0, space)},
                      {"problem", space == std::string::npos ? "" : problem.substr(space + 1)}};
}

void add_metrics(Table& table, const std::vector<std::string>& texts) {
  if (std::ranges::all_of(texts, &std::string::empty)) return;
  table.columns.push_back({"METRICS", Align::left, 4});
  for (std::size_t i = 0; i < texts.size(); ++i) table.rows[i].push_back(texts[i]);
}

Result<ExitCode> show_checkpoint(const Archive& archive, const std::string& which, Context& context) {
  TW_ASSIGN_OR_RETURN(const std::vector<Entry> entries, entries_of(archive, context));
  TW_ASSIGN_OR_RETURN(const Entry entry, choose(wanted_of(which, entries), entries, archive));
  TW_ASSIGN_OR_RETURN(const Manifest manifest, checkpoint::read_manifest(archive.place, entry.id));
  if (context.json) {
    print_json(context, shown_json(entry, manifest));
  } else {
    print_shown(entry, manifest, context);
  }
  return ExitCode::done;
}

Result<ExitCode> diff_checkpoints(const Archive& archive, const std::string& before, const std::string& after,
                                  Context& context) {
  TW_ASSIGN_OR_RETURN(const std::vector<Entry> entries, entries_of(archive, context));
  if (before.empty() && entries.size() < 2) {
    return Error{Code::not_found, "there are no two checkpoints in " + archive.store->url(),
                 archive.list_command};
  }
  TW_ASSIGN_OR_RETURN(const Entry first, before.empty()
                                             ? Result<Entry>(entries[entries.size() - 2])
                                             : choose(wanted_of(before, entries), entries, archive));
  TW_ASSIGN_OR_RETURN(const Entry second, choose(wanted_of(after, entries), entries, archive));
  TW_ASSIGN_OR_RETURN(const Manifest was, checkpoint::read_manifest(archive.place, first.id));
  TW_ASSIGN_OR_RETURN(const Manifest is, checkpoint::read_manifest(archive.place, second.id));
  const ManifestDiff found = diff(was, is);
  if (context.json) {
    print_json(context, diff_json(first, second, found));
  } else {
    print_diff(first, second, found, context);
  }
  return ExitCode::done;
}

Result<ExitCode> repair_checkpoints(const Archive& archive, const std::vector<std::string>& from,
                                    bool dry_run, const sealing::AskForKey& ask, Context& context) {
  TW_ASSIGN_OR_RETURN(const Sources sources, sources_of(archive, from, ask, context));
  checkpoint::RepairReport report;
  {
    TransferProgress progress(*archive.store, "repairing", context);
    TW_RETURN_IF_ERROR(for_each_manifest(archive, context, [&](const ManifestId&, const Manifest& manifest) {
      progress.expect(archive.place.job_prefix, manifest);
    }));
    checkpoint::ChunkPlace place = archive.place;
    place.home = &progress.store();
    place.standby = sources.pointers();
    checkpoint::RepairRequest request;
    request.dry_run = dry_run;
    TW_ASSIGN_OR_RETURN(report, checkpoint::repair(place, request));
  }
  if (context.json) {
    print_json(context, repair_json(report, dry_run));
  } else {
    print_repaired(report, dry_run, context);
  }
  return report.lost.empty() ? ExitCode::done : ExitCode::failed;
}

}  // namespace tradewind::cli
