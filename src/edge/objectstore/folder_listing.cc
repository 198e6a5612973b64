#include "edge/objectstore/folder_listing.h"

#include <algorithm>
#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <sys/stat.h>

#include "edge/objectstore/file_time.h"
#include "edge/objectstore/posix_file.h"
#include "edge/objectstore/wanted_keys.h"

namespace tradewind::objectstore {
namespace {

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};
using Folder = std::unique_ptr<DIR, CloseFolder>;

// Names of files, and of folders with '/' at their end: sorted so, keys come out in byte order over all
// depths.
using Names = std::vector<std::string>;

class Walk {
 public:
  Walk(int root, const std::string& root_path, std::string_view prefix, std::string_view after,
       std::size_t limit)
      : root_(root), root_path_(root_path), wanted_(prefix, after), limit_(limit) {}

  // Visits an open folder whose keys all begin with `base` ("" or "a/b/").
  Status visit(UniqueFd opened, const std::string& base) {
    const int number = opened.release();
    const Folder folder(::fdopendir(number));
    if (!folder) {
      const int error_number = errno;
      const UniqueFd still_ours(number);
      return file_error(error_number, "list", root_path_ + "/" + base);
    }
    TW_ASSIGN_OR_RETURN(const Names names, read(folder.get(), base));
    for (const std::string& name : names) {
      if (page_.more) return {};
      if (name.back() == '/') {
        TW_RETURN_IF_ERROR(enter(base + name));
      } else {
        TW_RETURN_IF_ERROR(take(number, base, name));
      }
    }
    return {};
  }

  ObjectPage take_page() { return std::move(page_); }

 private:
  Status enter(const std::string& base) {
    Opened child = open_beneath(root_, base.substr(0, base.size() - 1), {O_RDONLY | O_DIRECTORY});
    // Gone, or no longer a folder: it was removed while we looked.
    if (child.error_number == ENOENT || child.error_number == ENOTDIR || child.error_number == ELOOP)
      return {};
    if (child.error_number != 0) return file_error(child.error_number, "list", root_path_ + "/" + base);
    return visit(std::move(child.descriptor), base);
  }

  Status take(int folder, const std::string& base, const std::string& name) {
    struct stat facts {};
    if (::fstatat(folder, name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno == ENOENT) return {};  // removed while we looked
      return file_error(errno, "list", root_path_ + "/" + base + name);
    }
    if (!S_ISREG(facts.st_mode)) {
      leave_out(page_, base + name);
      return {};
    }
    if (page_.objects.size() == limit_) {
      page_.more = true;
      return {};
    }
    page_.objects.push_back({base + name, static_cast<std::uint64_t>(facts.st_size), modified_at(facts)});
    return {};
  }

  Result<Names> read(DIR* folder, const std::string& base) {
    Names names;
    while (true) {
      errno = 0;
      const dirent* found = ::readdir(folder);  // NOLINT(concurrency-mt-unsafe): a stream of our own
      if (found == nullptr) break;
      std::string name = found->d_name;
      if (!check_key(name).ok()) {  // "~tmp", ".", and what others left here
        if (name != "." && name != ".." && !name.starts_with('~') && wanted_.contains(base + name)) {
          leave_out(page_, base + name);
        }
        continue;
      }
      if (is_folder(::dirfd(folder), *found)) {
        name += '/';
        if (wanted_.may_begin_with(base + name)) names.push_back(std::move(name));
      } else if (wanted_.contains(base + name)) {
        names.push_back(std::move(name));
      }
    }
    if (errno != 0) return file_error(errno, "list", root_path_ + "/" + base);
    std::sort(names.begin(), names.end());
    return names;
  }

  // Most file systems tell the kind with the name, which saves one call for each of many objects.
  static bool is_folder(int folder, const dirent& found) {
    if (found.d_type != DT_UNKNOWN) return found.d_type == DT_DIR;
    struct stat facts {};
    return ::fstatat(folder, found.d_name, &facts, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(facts.st_mode);
  }

  int root_;
  const std::string& root_path_;
  const WantedKeys wanted_;
  std::size_t limit_;
  ObjectPage page_;
};

}  // namespace

Result<ObjectPage> list_folder(int root, const std::string& root_path, std::string_view prefix,
                               std::string_view after, std::size_t limit) {
  // Straight to the deepest folder that the prefix names: its siblings may be many.
  const std::size_t slash = prefix.rfind('/');
  const std::string base(slash == std::string_view::npos ? "" : prefix.substr(0, slash + 1));
  if (!base.empty() && !check_key(std::string_view(base).substr(0, slash)).ok()) return ObjectPage{};
  Opened folder = open_beneath(root, base.empty() ? "." : base.substr(0, slash), {O_RDONLY | O_DIRECTORY});
  const int error_number = folder.error_number;
  if (error_number == ENOENT || error_number == ENOTDIR || error_number == ELOOP) return ObjectPage{};
  if (error_number != 0) return file_error(error_number, "list", root_path + "/" + base);
  Walk walk(root, root_path, prefix, after, limit);
  TW_RETURN_IF_ERROR(walk.visit(std::move(folder.descriptor), base));
  return walk.take_page();
}

}  // namespace tradewind::objectstore
