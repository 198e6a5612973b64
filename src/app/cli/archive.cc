#include "app/cli/archive.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "app/cli/checkpoint_store.h"
#include "app/cli/progress_bar.h"
#include "base/reversed.h"
#include "base/text.h"
#include "edge/checkpoint/history.h"
#include "edge/objectstore/file_url.h"
#include "edge/objectstore/registry.h"
#include "edge/sealing/sealed_store.h"

namespace tradewind::cli {
namespace {

using objectstore::ObjectStore;

constexpr std::size_t digest_shown = 12;

Error no_such(const Wanted& wanted, const std::vector<Entry>& entries, const Archive& archive) {
  const std::string url = archive.store->url();
  if (entries.empty()) return {Code::not_found, "there is no checkpoint in " + url};
  const std::string what = wanted.step ? "of step " + short_number(*wanted.step) : wanted.manifest;
  return {Code::not_found, "there is no checkpoint " + what + " in " + url, archive.list_command};
}

// The folder that opening a store would make: of a file URL, where there is none yet.
std::optional<std::filesystem::path> folder_not_there(const std::string& url) {
  if (!url.starts_with("file:")) return std::nullopt;
  const Result<std::string> folder = objectstore::path_of_file_url(url);
  std::error_code problem;
  if (!folder.ok() || std::filesystem::exists(*folder, problem)) return std::nullopt;
  return std::filesystem::path(*folder);
}

// Of a store that was just made: it has room for what is being written, and nothing in it.
void remove_if_empty(const std::filesystem::path& store) {
  std::error_code kept;
  for (const auto& entry : std::filesystem::directory_iterator(store, kept)) {
    if (entry.is_directory(kept)) std::filesystem::remove(entry.path(), kept);
  }
  std::filesystem::remove(store, kept);
}

}  // namespace

checkpoint::ChunkPlace place_over(ObjectStore& store) {
  return {.home = &store, .has_ledger = false};
}

Result<Archive> open_archive(const std::string& store, const OpenWish& wish, const sealing::AskForKey& ask,
                             const Context& context) {
  Archive archive;
  const std::string url = store_url(store, context.working_folder);
  TW_ASSIGN_OR_RETURN(archive.rate, bandwidth_of(wish.bandwidth, context));
  const std::optional<std::filesystem::path> made = wish.make ? folder_not_there(url) : std::nullopt;
  TW_ASSIGN_OR_RETURN(archive.store, wish.make ? objectstore::open_store(url) : open_existing_store(url));
  if (archive.rate) {
    archive.beneath.push_back(std::move(archive.store));
    archive.store = std::make_unique<objectstore::RateStore>(*archive.beneath.back(), *archive.rate);
  }
  const Result<std::optional<sealing::DataKey>> found = sealing::data_key_of(*archive.store, wish.seal, ask);
  if (!found.ok()) {
    if (made) remove_if_empty(*made);
    return found.error();
  }
  if (const std::optional<sealing::DataKey>& key = *found) {
    archive.beneath.push_back(std::move(archive.store));
    archive.store = std::make_unique<sealing::SealedStore>(*archive.beneath.back(), *key);
    archive.encrypted = true;
  }
  archive.place = place_over(*archive.store);
  archive.list_command = "tradewind checkpoint ls " + archive.store->url();
  return archive;
}

Status for_each_manifest(const Archive& archive, Context& context, const OnManifest& on_manifest) {
  TW_ASSIGN_OR_RETURN(const std::vector<ManifestId> ids, checkpoint::committed_checkpoints(archive.place));
  for (const ManifestId& id : ids) {
    Result<Manifest> manifest = checkpoint::read_manifest(archive.place, id);
    const Code code = manifest.ok() ? Code::internal : manifest.error().code;
    if (manifest.ok()) {
      on_manifest(id, *std::move(manifest));
    } else if (code == Code::corrupt) {
      print_warning(context, manifest.error().message);
    } else if (code != Code::not_found || !archive.place.has_ledger) {
      return manifest.error();
    }
  }
  return {};
}

Result<std::vector<Entry>> entries_of(const Archive& archive, Context& context) {
  std::vector<Entry> entries;
  TW_RETURN_IF_ERROR(for_each_manifest(archive, context, [&](const ManifestId& id, Manifest manifest) {
    Entry& entry = entries.emplace_back(Entry{id, {}, total_bytes(manifest), manifest.files.size()});
    std::vector<ManifestFile>().swap(manifest.files);
    entry.head = std::move(manifest);
  }));
  if (!archive.place.has_ledger) {
    // A copy or a repair gives an old one a new date in the store.
    std::ranges::stable_sort(entries, {}, [](const Entry& entry) { return entry.head.created_at; });
  }
  return entries;
}

Result<Entry> choose(const Wanted& wanted, const std::vector<Entry>& entries, const Archive& archive) {
  const Entry* chosen = nullptr;
  for (const Entry& entry : reversed(entries)) {
    if (wanted.step && entry.head.step != *wanted.step) continue;
    if (!entry.id.text().starts_with(wanted.manifest)) continue;
    if (chosen != nullptr && !wanted.manifest.empty() && chosen->id != entry.id) {
      return Error{Code::conflict, "several checkpoints begin with '" + wanted.manifest + "'",
                   "write more of its id"};
    }
    if (chosen == nullptr) chosen = &entry;
  }
  if (chosen == nullptr) return no_such(wanted, entries, archive);
  return *chosen;
}

Wanted wanted_of(const std::string& text, const std::vector<Entry>& entries) {
  for (const Entry& entry : entries) {
    if (short_number(entry.head.step) == text) return {entry.head.step, ""};
  }
  return {std::nullopt, text};
}

std::string short_digest(const std::string& digest) {
  return digest.substr(0, digest_shown);
}

}  // namespace tradewind::cli
