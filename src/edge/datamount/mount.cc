// With libfuse3, its low-level interface: every request is one call here, answered from the tree and the
// cache.
#ifdef TRADEWIND_FUSE
#define FUSE_USE_VERSION 312
#include "edge/datamount/mount.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fuse3/fuse_lowlevel.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "edge/datamount/file_tree.h"
#include "edge/io/errno_error.h"
#include "edge/io/files.h"
#include "edge/io/mounts.h"
#include "edge/io/unique_fd.h"

namespace tradewind::datamount {
namespace {

namespace fs = std::filesystem;

constexpr int threads = 8;
constexpr double names_stay_s = 3600;  // what is mounted does not change
constexpr std::uint64_t blocks_ahead = 2;
constexpr std::uint64_t cache_bytes_min = std::uint64_t{64} << 20;

int errno_of(const Error& error) {
  switch (error.code) {
    case Code::not_found:
      return ENOENT;
    case Code::unauthorized:
      return EACCES;
    case Code::conflict:
      return ESTALE;
    default:
      return EIO;
  }
}

// What a file that is open remembers: how far it was read, so that reading on is foreseen.
struct OpenFile {
  std::atomic<std::uint64_t> next_offset{0};
};

// Answers the kernel's requests. Safe from several threads at once.
class Server {
 public:
  Server(data::Source source, std::vector<data::SourceObject> objects, BlockSettings settings,
         std::function<void(const std::string&)> say)
      : source_(std::move(source)),
        tree_(std::move(objects)),
        cache_(source_, std::move(settings)),
        say_(std::move(say)),
        user_(::getuid()),
        group_(::getgid()) {}

  void lookup(fuse_req_t request, fuse_ino_t folder, const char* name) const {
    const std::optional<std::uint64_t> number = tree_.child(folder, name);
    fuse_entry_param entry = {};
    entry.entry_timeout = entry.attr_timeout = names_stay_s;
    if (number) {  // else 0: the kernel remembers that there is none
      entry.ino = *number;
      entry.attr = facts_of(*number);
    }
    fuse_reply_entry(request, &entry);
  }

  void getattr(fuse_req_t request, fuse_ino_t number) const {
    if (tree_.node(number) == nullptr) {
      fuse_reply_err(request, ENOENT);
      return;
    }
    const struct stat facts = facts_of(number);
    fuse_reply_attr(request, &facts, names_stay_s);
  }

  void readdir(fuse_req_t request, fuse_ino_t number, std::size_t size, off_t offset) const {
    const TreeNode* folder = tree_.node(number);
    if (folder == nullptr || folder->object != nullptr) {
      fuse_reply_err(request, ENOTDIR);
      return;
    }
    std::vector<char> answer(size);
    std::size_t used = 0;
    off_t place = 0;
    const auto add = [&](const char* name, std::uint64_t entry) {
      if (++place <= offset) return true;
      const struct stat facts = facts_of(entry);
      const std::size_t needs =
          fuse_add_direntry(request, answer.data() + used, size - used, name, &facts, place);
      if (needs > size - used) return false;
      used += needs;
      return true;
    };
    bool fits = add(".", number) && add("..", folder->parent);
    // Straight to where the last answer ended: a large folder is read in many.
    auto child = folder->children.begin();
    if (offset > 2) {
      const auto skipped =
          std::min<std::size_t>(static_cast<std::size_t>(offset) - 2, folder->children.size());
      std::advance(child, skipped);
      place = static_cast<off_t>(skipped) + 2;
    }
    for (; fits && child != folder->children.end(); ++child) fits = add(child->first.c_str(), child->second);
    fuse_reply_buf(request, answer.data(), used);
  }

  void open(fuse_req_t request, fuse_ino_t number, fuse_file_info* info) const {
    const TreeNode* node = tree_.node(number);
    if (node == nullptr || node->object == nullptr) {
      fuse_reply_err(request, node == nullptr ? ENOENT : EISDIR);
      return;
    }
    if ((info->flags & O_ACCMODE) != O_RDONLY) {
      fuse_reply_err(request, EROFS);
      return;
    }
    auto opened = std::make_unique<OpenFile>();
    info->fh = reinterpret_cast<std::uint64_t>(opened.get());
    info->keep_cache = 1;
    if (fuse_reply_open(request, info) == 0) static_cast<void>(opened.release());  // until release()
  }

  static void release(fuse_req_t request, const fuse_file_info* info) {
    const std::unique_ptr<OpenFile> opened(reinterpret_cast<OpenFile*>(info->fh));
    fuse_reply_err(request, 0);
  }

  void read(fuse_req_t request, fuse_ino_t number, std::size_t size, off_t offset,
            const fuse_file_info* info) {
    const TreeNode* node = tree_.node(number);
    if (node == nullptr || node->object == nullptr) {
      fuse_reply_err(request, EBADF);
      return;
    }
    const auto begin = static_cast<std::uint64_t>(offset);
    auto* opened = reinterpret_cast<OpenFile*>(info->fh);
    // Readers in order are a little out of order where the kernel itself reads ahead.
    const std::uint64_t expected = opened->next_offset.exchange(begin + size);
    if (begin + data::block_bytes >= expected && begin <= expected + data::block_bytes) {
      cache_.read_ahead(*node->object, begin / data::block_bytes + 1, blocks_ahead);
    }
    const Result<std::string> bytes = cache_.read(*node->object, begin, size);
    if (bytes.ok()) {
      fuse_reply_buf(request, bytes->data(), bytes->size());
      return;
    }
    say_("reading '" + node->object->key + "' of " + source_.url() + " failed: " + describe(bytes.error()));
    fuse_reply_err(request, errno_of(bytes.error()));
  }

  void statfs(fuse_req_t request) const {
    struct statvfs facts = {};
    facts.f_bsize = facts.f_frsize = 4096;
    facts.f_blocks = (tree_.bytes() + 4095) / 4096;
    facts.f_files = tree_.files();
    facts.f_namemax = 255;
    facts.f_flag = ST_RDONLY;
    fuse_reply_statfs(request, &facts);
  }

  void stop() { cache_.stop(); }
  const FileTree& tree() const { return tree_; }
  const BlockCache& cache() const { return cache_; }

 private:
  // REQUIRES: there is a node of this number.
  struct stat facts_of(std::uint64_t number) const {
    const TreeNode& node = *tree_.node(number);
    struct stat facts = {};
    facts.st_ino = number;
    facts.st_uid = user_;
    facts.st_gid = group_;
    facts.st_blksize = 1 << 20;
    if (node.object == nullptr) {
      facts.st_mode = S_IFDIR | 0555;
      facts.st_nlink = 2;
      return facts;
    }
    facts.st_mode = S_IFREG | 0444;
    facts.st_nlink = 1;
    facts.st_size = static_cast<off_t>(node.object->size_bytes);
    facts.st_blocks = static_cast<blkcnt_t>((node.object->size_bytes + 511) / 512);
    facts.st_mtim.tv_sec = node.object->modified_at.time_since_epoch().count() / 1000;
    facts.st_ctim = facts.st_atim = facts.st_mtim;
    return facts;
  }

  const data::Source source_;
  const FileTree tree_;
  BlockCache cache_;
  const std::function<void(const std::string&)> say_;
  const uid_t user_;
  const gid_t group_;
};

Server& server_of(fuse_req_t request) {
  return *static_cast<Server*>(fuse_req_userdata(request));
}

fuse_lowlevel_ops operations() {
  fuse_lowlevel_ops ops = {};
  ops.lookup = [](fuse_req_t request, fuse_ino_t folder, const char* name) {
    server_of(request).lookup(request, folder, name);
  };
  ops.getattr = [](fuse_req_t request, fuse_ino_t number, fuse_file_info*) {
    server_of(request).getattr(request, number);
  };
  ops.readdir = [](fuse_req_t request, fuse_ino_t number, std::size_t size, off_t offset, fuse_file_info*) {
    server_of(request).readdir(request, number, size, offset);
  };
  ops.open = [](fuse_req_t request, fuse_ino_t number, fuse_file_info* info) {
    server_of(request).open(request, number, info);
  };
  ops.release = [](fuse_req_t request, fuse_ino_t, fuse_file_info* info) { Server::release(request, info); };
  ops.read = [](fuse_req_t request, fuse_ino_t number, std::size_t size, off_t offset, fuse_file_info* info) {
    server_of(request).read(request, number, size, offset, info);
  };
  ops.statfs = [](fuse_req_t request, fuse_ino_t) { server_of(request).statfs(request); };
  return ops;
}

class FuseMount final : public Mount {
 public:
  explicit FuseMount(std::unique_ptr<Server> server)
      : server_(std::move(server)), end_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

  ~FuseMount() override {
    server_->stop();
    if (session_ == nullptr) return;
    fuse_session_exit(session_);
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t n = ::write(end_.get(), &one, sizeof one);
    for (std::thread& thread : threads_) thread.join();
    if (mounted_) fuse_session_unmount(session_);
    fuse_session_destroy(session_);
  }

  Status start(const fs::path& where) {
    std::array<std::string, 3> words = {"tradewind", "-o",
                                        "ro,fsname=tradewind,subtype=tradewind,default_permissions"};
    std::array<char*, 3> argv = {words[0].data(), words[1].data(), words[2].data()};
    fuse_args args = FUSE_ARGS_INIT(static_cast<int>(argv.size()), argv.data());
    const fuse_lowlevel_ops ops = operations();
    session_ = fuse_session_new(&args, &ops, sizeof ops, server_.get());
    fuse_opt_free_args(&args);
    if (session_ == nullptr) return Error{Code::internal, "libfuse3 made no session for " + where.string()};
    errno = 0;
    if (fuse_session_mount(session_, where.c_str()) != 0) {
      Error error = io::errno_error(errno == 0 ? EPERM : errno, "mount at " + where.string());
      error.hint = "write mode: COPY, or install fuse3 and let this user mount";
      return error;
    }
    mounted_ = true;
    ::fcntl(fuse_session_fd(session_), F_SETFL, ::fcntl(fuse_session_fd(session_), F_GETFL) | O_NONBLOCK);
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { serve(); });
    return {};
  }

  BlockCount count() const override { return server_->cache().count(); }
  std::uint64_t files() const override { return server_->tree().files(); }
  std::uint64_t bytes() const override { return server_->tree().bytes(); }

 private:
  // The library's own loop waits where only the kernel can wake it; this one ends when it is told to, whoever
  // has files open.
  void serve() {
    fuse_buf buffer = {};
    while (fuse_session_exited(session_) == 0) {
      std::array<pollfd, 2> entries = {pollfd{fuse_session_fd(session_), POLLIN, 0},
                                       pollfd{end_.get(), POLLIN, 0}};
      if (::poll(entries.data(), entries.size(), -1) < 0 && errno != EINTR) break;
      if (entries[1].revents != 0) break;
      const int size = fuse_session_receive_buf(session_, &buffer);
      if (size == -EAGAIN || size == -EINTR) continue;
      if (size <= 0) break;  // unmounted by somebody else
      fuse_session_process_buf(session_, &buffer);
    }
    ::free(buffer.mem);
  }

  std::unique_ptr<Server> server_;
  io::UniqueFd end_;
  fuse_session* session_ = nullptr;
  bool mounted_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace

Status can_mount() {
  const io::UniqueFd device(::open("/dev/fuse", O_RDWR | O_CLOEXEC));
  if (device.valid()) return {};
  return Error{Code::invalid_argument,
               std::string("this machine lets nobody mount, which mode: MOUNT needs: /dev/fuse: ") +
                   std::strerror(errno),
               "write mode: COPY, which brings a copy before the program begins"};
}

Result<std::unique_ptr<Mount>> mount(MountRequest request) {
  TW_RETURN_IF_ERROR(can_mount());
  TW_ASSIGN_OR_RETURN(std::vector<data::SourceObject> objects, request.source.list());
  if (objects.size() == 1 && objects.front().path.empty()) {
    return Error{Code::invalid_argument, request.source.url() + " is one object, and a mount is a folder",
                 "write mode: COPY, or mount the folder above it"};
  }
  TW_RETURN_IF_ERROR(io::make_folders(request.where));
  TW_RETURN_IF_ERROR(io::make_folders(request.cache_folder, 0700));
  BlockSettings settings;
  settings.folder = request.cache_folder;
  settings.bytes_max = request.cache_bytes;
  if (settings.bytes_max == 0) {
    TW_ASSIGN_OR_RETURN(const std::uint64_t free, io::free_disk_bytes(request.cache_folder));
    settings.bytes_max = std::max(free / 2, cache_bytes_min);
  }
  auto mounted = std::make_unique<FuseMount>(std::make_unique<Server>(
      std::move(request.source), std::move(objects), std::move(settings), std::move(request.say)));
  TW_RETURN_IF_ERROR(mounted->start(request.where));
  return std::unique_ptr<Mount>(std::move(mounted));
}

void detach_stale(const fs::path& folder) {
  for (const io::MountPoint& each : io::mount_points()) {
    const fs::path relative = each.path.lexically_relative(folder);
    if (each.type != io::own_mount_type || relative.empty() || *relative.begin() == "..") continue;
    struct stat facts = {};
    if (::stat(each.path.c_str(), &facts) == 0 || (errno != ENOTCONN && errno != ECONNABORTED)) continue;
    static_cast<void>(io::detach_mount(each.path));
  }
}

}  // namespace tradewind::datamount
#endif
