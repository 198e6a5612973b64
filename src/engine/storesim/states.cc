#include "engine/storesim/states.h"

#include <chrono>
#include <fcntl.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include "base/random.h"

namespace tradewind::storesim {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t plain_files = 5;
constexpr std::size_t versions = 3;
constexpr std::size_t packed_files = 18;

std::string bytes_of(std::uint64_t seed, std::size_t size) {
  Random random(seed);
  std::string bytes;
  while (bytes.size() < size) bytes += static_cast<char>(random.below(256));
  return bytes;
}

// Fixed facts, so that a manifest's id is the same in every process.
Status set_facts(const fs::path& path, mode_t mode) {
  const timespec at{1'700'000'000, 0};
  const timespec times[2] = {at, at};
  if (::utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0) {
    return Error{Code::unavailable, "cannot date " + path.string()};
  }
  if (!fs::is_symlink(path) && ::chmod(path.c_str(), mode) != 0) {
    return Error{Code::unavailable, "cannot set the mode of " + path.string()};
  }
  return {};
}

Status write(const fs::path& path, const std::string& bytes) {
  TW_RETURN_IF_ERROR(io::write_file_atomic(path, bytes, {0644, false}));
  return set_facts(path, 0644);
}

Status make_state(const fs::path& folder, std::size_t state) {
  Random random(state + 1);
  TW_RETURN_IF_ERROR(io::make_folders(folder / "model"));
  for (std::size_t file = 0; file < plain_files; ++file) {
    // The first never changes; the others come and go in versions.
    const std::uint64_t version = file == 0 ? 0 : random.below(versions);
    const std::size_t size = 60 + file * 40;
    const fs::path path = folder / (file < 2 ? "model" : "") / ("part-" + std::to_string(file));
    TW_RETURN_IF_ERROR(write(path, bytes_of(file * 100 + version, size)));
  }
  if (state % 4 == 3) {
    TW_RETURN_IF_ERROR(io::make_folders(folder / "small"));
    for (std::size_t file = 0; file < packed_files; ++file) {
      const std::uint64_t version = file == 7 ? random.below(versions) : 0;
      TW_RETURN_IF_ERROR(
          write(folder / "small" / std::to_string(file), bytes_of(10'000 + file * 100 + version, 9)));
    }
    TW_RETURN_IF_ERROR(set_facts(folder / "small", 0755));
  }
  std::error_code failed;
  fs::create_symlink("model/part-0", folder / "latest", failed);
  if (failed) return Error{Code::unavailable, "cannot link in " + folder.string()};
  TW_RETURN_IF_ERROR(set_facts(folder / "latest", 0));
  return set_facts(folder / "model", 0755);
}

std::string facts_of(const fs::path& path) {
  struct stat facts {};
  if (::lstat(path.c_str(), &facts) != 0) return "gone";
  std::string text = std::to_string(facts.st_mode);
  if (S_ISLNK(facts.st_mode)) return text + " -> " + fs::read_symlink(path).string();
  if (!S_ISREG(facts.st_mode)) return text;
  text += " " + std::to_string(facts.st_mtim.tv_sec) + "." + std::to_string(facts.st_mtim.tv_nsec) + " ";
  return text + io::read_file(path).value_or("unreadable");
}

}  // namespace

FolderContent look_into(const fs::path& folder) {
  FolderContent content;
  std::error_code problem;
  fs::recursive_directory_iterator entry(folder, problem);
  for (; !problem && entry != fs::recursive_directory_iterator(); entry.increment(problem)) {
    content[entry->path().lexically_relative(folder).string()] = facts_of(entry->path());
  }
  return content;
}

Result<States> States::make() {
  const fs::path memory = "/dev/shm";
  const bool in_memory = ::access(memory.c_str(), W_OK) == 0;
  TW_ASSIGN_OR_RETURN(io::TempDir root, io::TempDir::make("storesim-", in_memory ? memory : fs::path()));
  States states(std::move(root));
  for (std::size_t state = 0; state < count; ++state) {
    TW_RETURN_IF_ERROR(make_state(states.folder(state), state));
    states.contents_.push_back(look_into(states.folder(state)));
  }
  TW_RETURN_IF_ERROR(io::make_folders(states.scratch()));
  // A save waits for a file that was written just now (edge/checkpoint/settling.h): none is to.
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  return states;
}

fs::path States::folder(std::size_t state) const {
  return root_.path() / ("state-" + std::to_string(state));
}

}  // namespace tradewind::storesim
