#include "edge/objectstore/sftp/sftp_folders.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace tradewind::objectstore {
namespace {

constexpr std::size_t names_max = 10'000'000;  // of all folders that are read at once
constexpr std::size_t reads_at_once_max = 16;

SftpRequest about(SftpType type, SftpType answer, std::string_view text) {
  SftpRequest request(type, answer);
  request.text(text);
  return request;
}

// A file that is opened to read it; with most servers a folder can be opened so too, to flush it.
SftpRequest open_of(std::string_view path) {
  constexpr std::uint32_t read_only = 1;
  SftpRequest request(SftpType::open, SftpType::handle);
  request.text(path).number(read_only).number(0);
  return request;
}

// Many folders, many requests for each: what one reply brings, the next requests follow from.
class FolderReader {
 public:
  FolderReader(SftpSession& session, const std::vector<std::string>& paths, const KeepName& keep)
      : call_(session), paths_(paths), keep_(keep), states_(paths.size()), folders_(paths.size()) {}

  Result<std::vector<SftpFolder>> run() {
    for (std::size_t i = 0; i < paths_.size(); ++i) {
      TW_RETURN_IF_ERROR(ask(i, about(SftpType::opendir, SftpType::handle, paths_[i])));
    }
    while (!asked_.empty()) {
      TW_ASSIGN_OR_RETURN(const SftpReply reply, call_.next());
      const std::size_t index = asked_.at(reply.id);
      asked_.erase(reply.id);
      --states_[index].under_way;
      TW_RETURN_IF_ERROR(take(index, reply));
    }
    return std::move(folders_);
  }

 private:
  struct State {
    std::string handle;
    std::size_t under_way = 0;
    std::size_t at_once = 2;
    bool ended = false;
  };

  Status ask(std::size_t index, SftpRequest request) {
    TW_ASSIGN_OR_RETURN(const std::uint32_t id, call_.send(std::move(request)));
    asked_.emplace(id, index);
    ++states_[index].under_way;
    return {};
  }

  Status take(std::size_t index, const SftpReply& reply) {
    State& state = states_[index];
    if (reply.type == SftpType::handle) {
      state.handle = reply.handle;
    } else if (reply.type == SftpType::name) {
      TW_RETURN_IF_ERROR(keep(index, reply.names));
      state.at_once = std::min(state.at_once * 2, reads_at_once_max);
      state.ended = state.ended || reply.names.empty();
    } else {
      // After the end some servers answer what was asked ahead with other errors.
      const bool end = reply.status == SftpStatus::end_of_file || state.ended;
      if (!end) folders_[index].refusal = refusal_of(reply);
      state.ended = true;
    }
    while (!state.ended && state.under_way < state.at_once) {
      TW_RETURN_IF_ERROR(ask(index, about(SftpType::readdir, SftpType::name, state.handle)));
    }
    if (!state.ended || state.under_way > 0 || state.handle.empty()) return {};
    return call_.send_unasked(about(SftpType::close, SftpType::status, state.handle));
  }

  Status keep(std::size_t index, const std::vector<SftpName>& names) {
    for (const SftpName& name : names) {
      const bool odd = name.name == "." || name.name == ".." || name.name.find('/') != std::string::npos;
      if (odd || !keep_(index, name)) continue;
      folders_[index].names.push_back(name);
      if (++kept_ > names_max) {
        return Error{Code::unavailable, "the folder '" + paths_[index] + "' on the SFTP server has no end"};
      }
    }
    return {};
  }

  SftpCall call_;
  const std::vector<std::string>& paths_;
  const KeepName& keep_;
  std::vector<State> states_;
  std::vector<SftpFolder> folders_;
  std::unordered_map<std::uint32_t, std::size_t> asked_;  // the folder, by the id of the request
  std::size_t kept_ = 0;
};

}  // namespace

std::string sftp_path(std::string_view root, std::string_view key) {
  if (key.empty()) return std::string(root);
  // A server is free to see more in a leading '~' than a name.
  if (root == ".") return (key.starts_with('~') ? "./" : "") + std::string(key);
  return std::string(root) + (root.ends_with('/') ? "" : "/") + std::string(key);
}

std::string sftp_parent(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return std::string(slash == 0 ? path.substr(0, 1) : path.substr(0, slash));
}

Result<std::vector<SftpFolder>> read_sftp_folders(SftpSession& session, const std::vector<std::string>& paths,
                                                  const KeepName& keep) {
  return FolderReader(session, paths, keep).run();
}

Result<SftpRefusal> make_sftp_folders(SftpSession& session, const std::string& path) {
  SftpCall call(session);
  const auto make = [&](const std::string& folder) -> Result<SftpRefusal> {
    constexpr std::uint32_t has_permissions = 4;
    SftpRequest request(SftpType::mkdir, SftpType::status);
    request.text(folder).number(has_permissions).number(0755);
    TW_ASSIGN_OR_RETURN(const SftpReply reply, call.ask(std::move(request)));
    return refusal_of(reply);
  };
  // Upwards until one can be made or is there, then down again.
  std::vector<std::string> missing = {path};
  SftpRefusal denied;
  for (bool down = false; !missing.empty(); missing.pop_back()) {
    TW_ASSIGN_OR_RETURN(SftpRefusal refusal, make(missing.back()));
    std::string parent = sftp_parent(missing.back());
    while (!down && refusal.status == SftpStatus::no_such_file && parent != missing.back()) {
      missing.push_back(parent);
      TW_ASSIGN_OR_RETURN(refusal, make(missing.back()));
      parent = sftp_parent(missing.back());
    }
    down = true;
    if (refusal.status == SftpStatus::permission_denied) denied = refusal;
    // "Failure" is what most servers say of a folder that is there.
    const bool absent = refusal.refused() && refusal.status != SftpStatus::failure;
    if (absent && missing.size() == 1) return denied.refused() ? denied : refusal;
    if (refusal.refused()) continue;
    TW_ASSIGN_OR_RETURN(const SftpRefusal unsynced, sync_sftp_folder(session, parent));
    if (unsynced.refused()) return unsynced;
  }
  return SftpRefusal{};
}

Result<SftpRefusal> sync_sftp_folder(SftpSession& session, const std::string& path) {
  if (!session.abilities().fsync) return SftpRefusal{};
  SftpCall call(session);
  TW_ASSIGN_OR_RETURN(const SftpReply opened, call.ask(open_of(path)));
  if (opened.type != SftpType::handle) return SftpRefusal{};  // no server of POSIX: the entry is its own care
  SftpRequest flush = SftpRequest::extension("fsync@openssh.com");
  flush.text(opened.handle);
  TW_ASSIGN_OR_RETURN(const std::uint32_t flushing, call.send(std::move(flush)));
  TW_RETURN_IF_ERROR(call.send_unasked(about(SftpType::close, SftpType::status, opened.handle)));
  TW_ASSIGN_OR_RETURN(const SftpReply flushed, call.reply_to(flushing));
  // File systems that cannot flush a folder say so in other words than those that failed to.
  return flushed.status == SftpStatus::failure ? refusal_of(flushed) : SftpRefusal{};
}

}  // namespace tradewind::objectstore
