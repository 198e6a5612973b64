#include "edge/objectstore/sftp/sftp_store.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "base/text.h"
#include "edge/io/system_clock.h"
#include "edge/objectstore/sftp/sftp_error.h"
#include "edge/objectstore/sftp/sftp_folders.h"
#include "edge/objectstore/sftp/sftp_pool.h"
#include "edge/objectstore/sftp/sftp_publish.h"
#include "edge/objectstore/sftp/sftp_upload.h"
#include "edge/objectstore/sftp/sftp_url.h"

namespace tradewind::objectstore {
namespace {

SftpRequest about(SftpType type, SftpType answer, std::string_view path) {
  SftpRequest request(type, answer);
  request.text(path);
  return request;
}

class SftpStore final : public ObjectStore {
 public:
  SftpStore(const SftpUrl& url, SshCommand command, StoreTuning tuning)
      : text_(to_text(url)),
        root_(url.path),
        tuning_(tuning),
        pool_(std::move(command), tuning.reply_patience) {}

  std::string url() const override { return text_; }

  Status put(std::string_view key, std::string_view bytes, PutCondition condition) override {
    TW_RETURN_IF_ERROR(check_key(key));
    const bool create = condition == PutCondition::if_absent;
    cloud::Attempts attempts(tuning_, clock_, jitter_);
    SftpUpload upload(root_);
    const Status written = with_session(attempts, [&](SftpSession& session) -> Status {
      TW_RETURN_IF_ERROR(is_fit(session.abilities(), create));
      TW_ASSIGN_OR_RETURN(const SftpRefusal refusal, upload.write(session, bytes));
      if (!refusal.refused()) return clean_once(session, upload);
      upload.remove_leftovers(session);
      return write_error(session, refusal, upload.path(), bytes.size());
    });
    if (!written.ok()) return written.error();
    root_seen_ = true;
    return give_name(attempts, upload, path_of(key), create);
  }

  Result<std::string> get(std::string_view key, ByteRange range) override {
    TW_RETURN_IF_ERROR(check_key(key));
    return with_session([&](SftpSession& session) { return get_once(session, key, range); });
  }

  Result<ObjectInfo> stat(std::string_view key) override {
    TW_RETURN_IF_ERROR(check_key(key));
    return with_session([&](SftpSession& session) -> Result<ObjectInfo> {
      SftpCall call(session);
      TW_ASSIGN_OR_RETURN(const SftpReply there,
                          call.ask(about(SftpType::lstat, SftpType::attributes, path_of(key))));
      TW_RETURN_IF_ERROR(is_object(call, there, key));
      const Time modified{std::chrono::seconds(there.attributes.modified_s.value_or(0))};
      return ObjectInfo{std::string(key), there.attributes.size_bytes.value_or(0), modified};
    });
  }

  Result<ObjectPage> list(std::string_view prefix, std::string_view after, std::size_t limit) override {
    return with_session([&](SftpSession& session) -> Result<ObjectPage> {
      TW_ASSIGN_OR_RETURN(SftpPage listed, list_sftp_folder(session, root_, prefix, after, limit));
      if (listed.refusal.refused()) return refused(listed.refusal, "list", listed.refused_path);
      if (listed.folder_missing) {
        SftpCall call(session);
        TW_RETURN_IF_ERROR(root_is_there(call));
      } else {
        root_seen_ = true;
      }
      return std::move(listed.page);
    });
  }

  Status remove(std::string_view key) override {
    TW_RETURN_IF_ERROR(check_key(key));
    return with_session([&](SftpSession& session) { return remove_once(session, key); });
  }

 private:
  std::string path_of(std::string_view key) const { return sftp_path(root_, key); }

  // Acts over one connection after the other until one of them holds.
  template <class Act>
  auto with_session(cloud::Attempts& attempts, Act act) -> decltype(act(std::declval<SftpSession&>())) {
    for (;;) {
      attempts.begin();
      Error lost;
      {
        Result<SftpPool::Lease> lease = pool_.take();
        if (lease.ok()) {
          SftpSession& session = (*lease)->session();
          auto result = act(session);
          if (result.ok() || !session.broken()) return result;
          lost = (*lease)->explain();
        } else {
          lost = lease.error();
        }
      }
      if (std::optional<Error> final = attempts.failed(lost)) return *std::move(final);
    }
  }
  template <class Act>
  auto with_session(Act act) -> decltype(act(std::declval<SftpSession&>())) {
    cloud::Attempts attempts(tuning_, clock_, jitter_);
    return with_session(attempts, act);
  }

  // --- put ---

  Status give_name(cloud::Attempts& attempts, SftpUpload& upload, const std::string& path, bool create) {
    PublishStep step{upload.path(), path};
    bool unknown = false;
    Status named = with_session(attempts, [&](SftpSession& session) -> Status {
      step.repeated = std::exchange(unknown, true);
      const auto publish = create ? publish_new : publish_over;
      TW_ASSIGN_OR_RETURN(const Publication publication, publish(session, step));
      unknown = publication.outcome == Published::lost && step.repeated;
      if (!create && publication.outcome == Published::done) upload.moved();
      upload.remove_leftovers(session);
      return publication_status(publication, step, create);
    });
    if (named.ok() || !unknown) return named;
    Error error = named.error();
    error.code = Code::unavailable;
    error.message += "; whether '" + path + "' was written is not known";
    return error;
  }

  // What crashes left on the server, once for each store that writes.
  Status clean_once(SftpSession& session, const SftpUpload& upload) {
    if (cleaned_.exchange(true)) return {};
    return upload.remove_old(session);
  }

  Status is_fit(const SftpAbilities& abilities, bool create) const {
    const std::string server = text_ + ": its SFTP server cannot ";
    const std::string cure = "use one that can, as OpenSSH's does, or another kind of store";
    if (create && !abilities.hardlink) {
      return Error{
          Code::invalid_argument,
          server + "create a file only if it is absent (hardlink@openssh.com): it is unfit for ledgers",
          cure};
    }
    if (!create && !abilities.posix_rename) {
      return Error{Code::invalid_argument,
                   server + "replace a file in one step (posix-rename@openssh.com): it is unfit for objects",
                   cure};
    }
    return {};
  }

  Status publication_status(const Publication& publication, const PublishStep& step, bool create) const {
    switch (publication.outcome) {
      case Published::done:
        return {};
      case Published::taken:
        return Error{Code::conflict, text_ + ": object '" + step.to + "' exists"};
      case Published::a_folder:
        return Error{Code::invalid_argument,
                     "cannot write '" + step.to + "' on " + target() +
                         ": an object and a folder cannot have the same name",
                     "choose another key"};
      case Published::lost:
        return Error{Code::unavailable,
                     "cannot write '" + step.to + "' on " + target() +
                         ": what was written for it was removed by somebody else",
                     "let nothing else clean up the folder ~tmp of the store"};
      case Published::refused:
        break;
    }
    Error error = refused(publication.refusal, "write", step.to);
    if (create && publication.refusal.status == SftpStatus::permission_denied) {
      error.hint +=
          "; a file system without hard links (exFAT, SMB) refuses so too, and is unfit for ledgers";
    }
    return error;
  }

  // "Failure" is often a full disk, which the server can be asked about.
  Error write_error(SftpSession& session, const SftpRefusal& refusal, const std::string& path,
                    std::size_t bytes) const {
    Error error = refused(refusal, "write", path);
    if (refusal.status == SftpStatus::no_such_file) {
      return {Code::invalid_argument, error.message + ", and its folder cannot be made",
              "name another folder in the URL"};
    }
    if (refusal.status != SftpStatus::failure || !session.abilities().free_space) return error;
    SftpCall call(session);
    SftpRequest request = SftpRequest::extension("statvfs@openssh.com", SftpType::extended_reply);
    request.text(root_);
    const Result<SftpReply> reply = call.ask(std::move(request));
    if (!reply.ok() || reply->type != SftpType::extended_reply) return error;
    const Result<std::uint64_t> left = parse_sftp_free_bytes(reply->data());
    if (!left.ok() || *left >= bytes) return error;
    error.message += "; its disk has " + format_bytes(*left) + " left for " + format_bytes(bytes);
    error.hint = "free some space on the file system that holds it";
    return error;
  }

  // --- get and remove ---

  Result<std::string> get_once(SftpSession& session, std::string_view key, ByteRange range) {
    SftpCall call(session);
    TW_ASSIGN_OR_RETURN(const std::uint32_t looking,
                        call.send(about(SftpType::lstat, SftpType::attributes, path_of(key))));
    constexpr std::uint32_t read_only = 1;
    SftpRequest open = about(SftpType::open, SftpType::handle, path_of(key));
    open.number(read_only).number(0);
    TW_ASSIGN_OR_RETURN(const std::uint32_t opening, call.send(std::move(open)));
    TW_ASSIGN_OR_RETURN(const SftpReply there, call.reply_to(looking));
    TW_ASSIGN_OR_RETURN(const SftpReply opened, call.reply_to(opening));
    Result<std::string> bytes = std::string();
    const Status fit = is_object(call, there, key);
    const std::uint64_t size = there.attributes.size_bytes.value_or(0);
    if (!fit.ok()) {
      bytes = fit.error();
    } else if (opened.type != SftpType::handle) {
      // Gone since: it was removed while we looked.
      bytes = opened.status == SftpStatus::no_such_file ? absent(key)
                                                        : refused(refusal_of(opened), "read", path_of(key));
    } else if (range.length != std::uint64_t{0} && (range.offset < size || !there.attributes.size_bytes)) {
      TW_ASSIGN_OR_RETURN(SftpRead read,
                          read_open_file(call, opened.handle, range.offset, range.length, size));
      bytes = std::move(read.bytes);
      if (read.refusal.refused()) bytes = refused(read.refusal, "read", path_of(key));
    }
    if (opened.type == SftpType::handle) {
      TW_RETURN_IF_ERROR(call.send_unasked(about(SftpType::close, SftpType::status, opened.handle)));
    }
    return bytes;
  }

  Status remove_once(SftpSession& session, std::string_view key) {
    SftpCall call(session);
    const std::string path = path_of(key);
    TW_ASSIGN_OR_RETURN(const SftpReply reply, call.ask(about(SftpType::remove, SftpType::status, path)));
    if (reply.status == SftpStatus::no_such_file) return root_is_there(call);
    if (reply.status != SftpStatus::ok) {
      TW_ASSIGN_OR_RETURN(const SftpReply there,
                          call.ask(about(SftpType::lstat, SftpType::attributes, path)));
      // A folder: no object has this key.
      const bool folder = there.type == SftpType::attributes && there.attributes.is_folder();
      return folder ? Status() : Status(refused(refusal_of(reply), "remove", path));
    }
    root_seen_ = true;
    TW_ASSIGN_OR_RETURN(const SftpRefusal unsynced, sync_sftp_folder(session, sftp_parent(path)));
    return unsynced.refused() ? Status(refused(unsynced, "remove", path)) : Status();
  }

  // --- errors ---

  const std::string& target() const { return pool_.command().target; }

  Error refused(const SftpRefusal& refusal, std::string_view action, std::string_view path) const {
    return sftp_error(refusal, action, path, target());
  }

  Error absent(std::string_view key) const {
    return {Code::not_found, text_ + " holds no object '" + std::string(key) + "'"};
  }

  // Whether what was looked at is one.
  Status is_object(SftpCall& call, const SftpReply& there, std::string_view key) {
    if (there.type != SftpType::attributes) {
      if (there.status != SftpStatus::no_such_file) return refused(refusal_of(there), "read", path_of(key));
      TW_RETURN_IF_ERROR(root_is_there(call));
      return absent(key);
    }
    root_seen_ = true;
    if (there.attributes.is_folder()) return absent(key);
    if (!there.attributes.is_link() && !there.attributes.is_other()) return {};
    const char* what =
        there.attributes.is_link() ? "a symbolic link, which is not followed here" : "no plain file";
    return Error{Code::corrupt, "'" + path_of(key) + "' on " + target() + " is " + what,
                 "remove it from the store's folder, or put the file itself in its place"};
  }

  // A folder that nobody has made yet is an empty store; one that went away while it was in use is not.
  Status root_is_there(SftpCall& call) {
    if (!root_seen_) return {};
    TW_ASSIGN_OR_RETURN(const SftpReply there, call.ask(about(SftpType::stat, SftpType::attributes, root_)));
    if (there.status != SftpStatus::no_such_file) return {};
    return Error{Code::unavailable,
                 "the store's folder '" + root_ + "' on " + target() + " was removed while it was in use",
                 "put it back and start again"};
  }

  const std::string text_;
  const std::string root_;
  const StoreTuning tuning_;
  const io::SystemClock clock_;
  cloud::Jitter jitter_;
  SftpPool pool_;
  std::atomic<bool> root_seen_{false};
  std::atomic<bool> cleaned_{false};
};

}  // namespace

Result<std::unique_ptr<ObjectStore>> open_sftp_store(std::string_view url,
                                                     const cloud::Variables& environment, StoreTuning tuning,
                                                     io::HelperProcesses* helpers) {
  TW_ASSIGN_OR_RETURN(const SftpUrl parsed, parse_sftp_url(url));
  SshCommand command = ssh_command(parsed, environment);
  command.helpers = helpers;
  return std::unique_ptr<ObjectStore>(std::make_unique<SftpStore>(parsed, std::move(command), tuning));
}

}  // namespace tradewind::objectstore
