#include "edge/checkpoint/held_folder.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <system_error>
#include <thread>

#include "edge/checkpoint/settling.h"
#include "edge/checkpoint/tree.h"

namespace tradewind::checkpoint {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr std::string_view lock_name = "lock";

std::string prefix_of(const fs::path& folder) {
  return std::string(temporary_prefix) + folder.filename().string() + ".held-";
}

// Nobody takes longer from making a lock to holding it.
constexpr std::chrono::minutes lock_is_taken_within{1};

// Those that died with their process. One that is being made is not locked yet, and is left alone.
void remove_left_behind(const fs::path& folder) {
  std::error_code failed;
  std::vector<fs::path> dead;
  for (fs::directory_iterator entry(folder.parent_path(), failed);
       !failed && entry != fs::directory_iterator(); entry.increment(failed)) {
    const fs::path lock = entry->path() / lock_name;
    std::error_code unknown;
    if (!entry->path().filename().string().starts_with(prefix_of(folder))) continue;
    const fs::file_time_type made = fs::last_write_time(lock, unknown);
    if (unknown || fs::file_time_type::clock::now() - made < lock_is_taken_within) continue;
    if (!io::FileLock::is_held(lock)) dead.push_back(entry->path());
  }
  for (const fs::path& each : dead) static_cast<void>(io::remove_tree(each));
}

bool is_settled(const FolderView& view) {
  const auto now = std::chrono::system_clock::now();
  return std::ranges::none_of(view, [&](const FolderEntry& entry) {
    return entry.kind == FolderEntry::Kind::file && may_hide_a_write(entry.mtime_ns, now);
  });
}

// The view that is held, or nothing: something was written meanwhile.
Result<std::optional<FolderView>> try_to_hold(const fs::path& folder, const fs::path& state) {
  const std::optional<FolderView> not_now;
  Result<FolderView> view = look_at_folder(folder);
  if (!view.ok() && view.error().code == Code::conflict) return not_now;
  if (!view.ok()) return view.error();
  if (!is_settled(*view)) return not_now;
  const Status held = hold_folder(folder, *view, state);
  if (!held.ok() && held.error().code == Code::conflict) return not_now;
  if (!held.ok()) return held.error();
  const Result<FolderView> again = look_at_folder(folder);
  if (!again.ok() || *again != *view) return not_now;
  return std::optional(*std::move(view));
}

}  // namespace

HeldFolder::HeldFolder(io::TempDir place, io::FileLock lock)
    : place_(std::move(place)), lock_(std::move(lock)), state_(place_.path() / "state") {}

Result<HeldFolder> HeldFolder::hold(const fs::path& folder) {
  std::error_code failed;
  const fs::path real = fs::canonical(folder, failed);
  if (failed) return Error{Code::not_found, "cannot find '" + folder.string() + "': " + failed.message()};
  if (!real.has_filename())
    return Error{Code::unavailable, "'" + real.string() + "' has no folder beside it"};
  remove_left_behind(real);
  TW_ASSIGN_OR_RETURN(io::TempDir place, io::TempDir::make(prefix_of(real), real.parent_path()));
  TW_ASSIGN_OR_RETURN(io::FileLock lock, io::FileLock::acquire(place.path() / lock_name, Duration(0)));
  HeldFolder held(std::move(place), std::move(lock));
  milliseconds wait = settling_first_wait;
  for (int tries = 0; tries < settling_tries; ++tries, wait *= 2) {
    TW_ASSIGN_OR_RETURN(std::optional<FolderView> view, try_to_hold(real, held.state_));
    if (view) {
      held.view_ = *std::move(view);
      return held;
    }
    std::this_thread::sleep_for(wait);
  }
  return Error{Code::conflict, "'" + real.string() + "' was written to all the while"};
}

}  // namespace tradewind::checkpoint
