// tradewind outputs: the files that a job has kept, listed or brought into a folder.
#include <algorithm>
#include <filesystem>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "app/cli/job_place.h"
#include "app/cli/table.h"
#include "app/cli/text_width.h"
#include "app/cli/transfer_progress.h"
#include "app/cli/verbs.h"
#include "base/text.h"
#include "edge/data/fetch_outputs.h"

namespace tradewind::cli {
namespace {

bool is_at_or_below(const std::string& path, const std::string& folder) {
  return path == folder || path.starts_with(folder + "/");
}

std::string without_slash(std::string path) {
  while (path.ends_with('/')) path.pop_back();
  return path.starts_with("./") ? path.substr(2) : path;
}

// All of them, or those that `paths` name, themselves or the folder that they lie in.
Result<std::vector<KeptFile>> chosen_of(const std::vector<KeptFile>& kept,
                                        const std::vector<std::string>& paths) {
  if (paths.empty()) return kept;
  std::vector<KeptFile> chosen;
  std::set<std::string> unmatched;
  for (const std::string& path : paths) unmatched.insert(without_slash(path));
  const std::set<std::string> wanted = unmatched;
  for (const KeptFile& file : kept) {
    bool is_wanted = false;
    for (const std::string& path : wanted) {
      if (!is_at_or_below(file.path, path)) continue;
      is_wanted = true;
      unmatched.erase(path);
    }
    if (is_wanted) chosen.push_back(file);
  }
  if (unmatched.empty()) return chosen;
  return Error{Code::not_found, "the job has kept nothing at '" + *unmatched.begin() + "'",
               "tradewind outputs JOB lists what it has kept"};
}

std::uint64_t bytes_of(const std::vector<KeptFile>& files) {
  std::uint64_t bytes = 0;
  for (const KeptFile& file : files) bytes += file.size_bytes;
  return bytes;
}

json::array json_of(const std::vector<KeptFile>& files) {
  json::array list;
  for (const KeptFile& file : files) {
    list.push_back(
        json::object{{"path", file.path},
                     {"bytes", file.size_bytes},
                     {"mode", file.mode},
                     {"sha256", file.sha256.empty() ? json::value(nullptr) : json::value(file.sha256)}});
  }
  return list;
}

ExitCode list(const StoredJob& job, const std::vector<KeptFile>& files, Context& context) {
  if (context.json) {
    print_json(context,
               json::object{{"job", job.id.text()}, {"bytes", bytes_of(files)}, {"files", json_of(files)}});
    return ExitCode::done;
  }
  Table table{{{"SIZE", Align::right}, {"PATH", Align::left}}, {}};
  for (const KeptFile& file : files)
    table.rows.push_back({format_bytes(file.size_bytes), printable(file.path)});
  context.out << render(table, context.terminal.width, context.terminal.colour)
              << paint(Style::dim,
                       count_text(files.size(), "file") + ", " + format_bytes(bytes_of(files)) +
                           "; tradewind outputs " + job.id.text() + " --to FOLDER brings them",
                       context.terminal.colour)
              << "\n";
  return ExitCode::done;
}

Result<ExitCode> fetch(const OutputsOptions& options, const JobPlace& place, std::vector<KeptFile> files,
                       Context& context) {
  const std::filesystem::path folder =
      (std::filesystem::path(context.working_folder) / options.folder).lexically_normal();
  Result<data::Fetched> fetched = Error{};
  {
    TransferProgress progress(*place.store, "bringing", context);
    progress.expect(bytes_of(files));
    fetched = data::fetch_outputs(
        progress.store(), place.job.prefix(),
        {files, folder, options.overwrite, [&](std::uint64_t bytes) { progress.advance(bytes); }});
  }
  if (!fetched.ok()) return fetched.error();
  if (context.json) {
    print_json(context, json::object{{"job", place.job.id.text()},
                                     {"folder", folder.string()},
                                     {"files_brought", fetched->files},
                                     {"files_there_already", fetched->there_already},
                                     {"bytes", fetched->bytes},
                                     {"files", json_of(files)}});
    return ExitCode::done;
  }
  context.out << "Brought " << count_text(fetched->files, "file") << ", " << format_bytes(fetched->bytes)
              << ", into " << folder.string();
  if (fetched->there_already > 0)
    context.out << "; " << count_text(fetched->there_already, "file") << " lay there already";
  context.out << ".\n";
  return ExitCode::done;
}

}  // namespace

Result<ExitCode> run_outputs(const OutputsOptions& options, Context& context) {
  CheckpointOptions of_job;
  of_job.job = options.job;
  of_job.store = options.store;
  of_job.seal = options.seal;
  TW_ASSIGN_OR_RETURN(const JobPlace place, place_of(of_job, context));
  const Result<std::vector<KeptFile>> kept = data::read_kept_outputs(*place.store, place.job.prefix());
  if (!kept.ok() && kept.error().code == Code::not_found) {
    return Error{
        Code::not_found, "the job " + place.job.id.text() + " has kept no outputs",
        "a job keeps them when it has ended well: paths under outputs: in its task file, and what it "
        "leaves in $TRADEWIND_OUTPUT_DIR"};
  }
  if (!kept.ok()) return kept.error();
  TW_ASSIGN_OR_RETURN(const std::vector<KeptFile> files, chosen_of(*kept, options.paths));
  if (options.folder.empty()) return list(place.job, files, context);
  return fetch(options, place, files, context);
}

}  // namespace tradewind::cli
