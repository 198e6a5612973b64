#include "edge/objectstore/sftp/sftp_publish.h"

#include <utility>

#include "edge/objectstore/sftp/sftp_folders.h"

namespace tradewind::objectstore {
namespace {

Result<SftpReply> look_at(SftpCall& call, std::string_view path) {
  SftpRequest request(SftpType::lstat, SftpType::attributes);
  request.text(path);
  return call.ask(std::move(request));
}

Result<SftpReply> set_time(SftpCall& call, std::string_view path, std::uint32_t time_s) {
  constexpr std::uint32_t has_times = 8;
  SftpRequest request(SftpType::setstat, SftpType::status);
  request.text(path).number(has_times).number(time_s).number(time_s);
  return call.ask(std::move(request));
}

Result<SftpRefusal> name_it(SftpCall& call, std::string_view extension, const PublishStep& step) {
  SftpRequest request = SftpRequest::extension(extension);
  request.text(step.from).text(step.to);
  TW_ASSIGN_OR_RETURN(const SftpReply reply, call.ask(std::move(request)));
  return refusal_of(reply);
}

// Whether a name that is taken is another's (taken) or of our own file (done); lost: nothing tells. REQUIRES:
// `theirs` are the attributes of step.to.
Result<Published> whose(SftpCall& call, const PublishStep& step, const SftpAttributes& theirs) {
  TW_ASSIGN_OR_RETURN(const SftpReply ours, look_at(call, step.from));
  if (ours.type != SftpType::attributes || !ours.attributes.modified_s || !theirs.modified_s) {
    return Published::lost;
  }
  if (ours.attributes.size_bytes != theirs.size_bytes) return Published::taken;
  // A time that theirs does not have. No other writer changes it: objects are written once.
  const std::uint32_t mark = *theirs.modified_s + 1;
  TW_ASSIGN_OR_RETURN(const SftpReply marked, set_time(call, step.from, mark));
  if (marked.status != SftpStatus::ok) return Published::lost;
  TW_ASSIGN_OR_RETURN(const SftpReply seen, look_at(call, step.to));
  TW_RETURN_IF_ERROR(set_time(call, step.from, *ours.attributes.modified_s));
  return seen.attributes.modified_s == mark ? Published::done : Published::taken;
}

// Whether something on the way to `path` is no folder.
Result<bool> is_blocked(SftpCall& call, const std::string& path) {
  for (std::string above = sftp_parent(path); above != "/" && above != "."; above = sftp_parent(above)) {
    TW_ASSIGN_OR_RETURN(const SftpReply there, look_at(call, above));
    if (there.type != SftpType::attributes) continue;
    return !there.attributes.is_folder() && !there.attributes.is_link();
  }
  return false;
}

// What no_such_file meant although the folders on the way were made.
Result<Publication> explain_missing(SftpCall& call, const PublishStep& step, const SftpRefusal& refusal) {
  TW_ASSIGN_OR_RETURN(const bool blocked, is_blocked(call, step.to));
  if (blocked) return Publication{Published::a_folder, refusal};
  TW_ASSIGN_OR_RETURN(const SftpReply ours, look_at(call, step.from));
  if (ours.status == SftpStatus::no_such_file) return Publication{Published::lost, refusal};
  return Publication{Published::refused, refusal};
}

Result<Publication> synced(SftpSession& session, const PublishStep& step, Published outcome) {
  TW_ASSIGN_OR_RETURN(SftpRefusal refusal, sync_sftp_folder(session, sftp_parent(step.to)));
  if (refusal.refused()) return Publication{Published::refused, std::move(refusal)};
  return Publication{outcome, {}};
}

// Tries, and once more after the folders on the way were made.
Result<SftpRefusal> try_to_name(SftpCall& call, std::string_view extension, const PublishStep& step) {
  TW_ASSIGN_OR_RETURN(const SftpRefusal refusal, name_it(call, extension, step));
  if (refusal.status != SftpStatus::no_such_file) return refusal;
  TW_ASSIGN_OR_RETURN(const SftpRefusal unmade, make_sftp_folders(call.session(), sftp_parent(step.to)));
  if (unmade.status == SftpStatus::permission_denied) return unmade;
  return name_it(call, extension, step);
}

}  // namespace

Result<Publication> publish_new(SftpSession& session, const PublishStep& step) {
  SftpCall call(session);
  TW_ASSIGN_OR_RETURN(const SftpRefusal refusal, try_to_name(call, "hardlink@openssh.com", step));
  if (!refusal.refused()) return synced(session, step, Published::done);
  if (refusal.status == SftpStatus::no_such_file) return explain_missing(call, step, refusal);
  // "Failure" is all that most servers say of a name that is taken.
  TW_ASSIGN_OR_RETURN(const SftpReply there, look_at(call, step.to));
  if (there.type != SftpType::attributes) return Publication{Published::refused, refusal};
  if (there.attributes.is_folder()) return Publication{Published::a_folder, refusal};
  Published outcome = Published::taken;
  if (step.repeated) {
    TW_ASSIGN_OR_RETURN(outcome, whose(call, step, there.attributes));
  }
  if (outcome == Published::lost) return Publication{outcome, refusal};
  // The winner's name may not be on disk yet; whoever reads on because of this answer relies on it.
  return synced(session, step, outcome);
}

Result<Publication> publish_over(SftpSession& session, const PublishStep& step) {
  SftpCall call(session);
  TW_ASSIGN_OR_RETURN(const SftpRefusal refusal, try_to_name(call, "posix-rename@openssh.com", step));
  if (!refusal.refused()) return synced(session, step, Published::done);
  if (refusal.status == SftpStatus::no_such_file) {
    TW_ASSIGN_OR_RETURN(const Publication found, explain_missing(call, step, refusal));
    const bool moved = found.outcome == Published::lost && step.repeated;
    return moved ? synced(session, step, Published::done) : Result<Publication>(found);
  }
  TW_ASSIGN_OR_RETURN(const SftpReply there, look_at(call, step.to));
  const bool folder = there.type == SftpType::attributes && there.attributes.is_folder();
  return Publication{folder ? Published::a_folder : Published::refused, refusal};
}

}  // namespace tradewind::objectstore
