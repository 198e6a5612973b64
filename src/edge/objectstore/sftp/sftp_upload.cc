#include "edge/objectstore/sftp/sftp_upload.h"

#include <algorithm>
#include <utility>

#include "edge/io/hash.h"
#include "edge/objectstore/sftp/sftp_folders.h"

namespace tradewind::objectstore {
namespace {

constexpr std::string_view temporary_folder = "~tmp";
// Longer than any put can last.
constexpr std::uint32_t temporary_age_max_s = 24 * 3600;

SftpRequest about(SftpType type, SftpType answer, std::string_view path) {
  SftpRequest request(type, answer);
  request.text(path);
  return request;
}

}  // namespace

SftpUpload::SftpUpload(std::string root) : root_(std::move(root)) {}

Result<SftpReply> SftpUpload::open(SftpCall& call) {
  constexpr std::uint32_t write_create_exclusive = 0x02 | 0x08 | 0x20;
  constexpr std::uint32_t has_permissions = 4;
  SftpRequest request(SftpType::open, SftpType::handle);
  request.text(path_).number(write_create_exclusive).number(has_permissions).number(0644);
  return call.ask(std::move(request));
}

Result<SftpRefusal> SftpUpload::write(SftpSession& session, std::string_view bytes) {
  const std::string folder = sftp_path(root_, temporary_folder);
  remove_leftovers(session);  // of attempts whose connection broke
  path_ = folder + "/" + io::hex(io::random_bytes(8));
  leftovers_.push_back(path_);
  SftpCall call(session);
  TW_ASSIGN_OR_RETURN(SftpReply opened, open(call));
  if (opened.status == SftpStatus::no_such_file) {
    TW_ASSIGN_OR_RETURN(const SftpRefusal unmade, make_sftp_folders(session, folder));
    if (unmade.refused()) return unmade;
    TW_ASSIGN_OR_RETURN(opened, open(call));
  }
  if (opened.type != SftpType::handle) return refusal_of(opened);
  return write_and_close(call, opened.handle, bytes);
}

void SftpUpload::moved() {
  leftovers_.erase(std::remove(leftovers_.begin(), leftovers_.end(), path_), leftovers_.end());
}

void SftpUpload::remove_leftovers(SftpSession& session) {
  SftpCall call(session);
  for (const std::string& path : std::exchange(leftovers_, {})) {
    if (!call.send_unasked(about(SftpType::remove, SftpType::status, path)).ok()) return;
  }
}

Status SftpUpload::remove_old(SftpSession& session) const {
  SftpCall call(session);
  TW_ASSIGN_OR_RETURN(const SftpReply ours, call.ask(about(SftpType::lstat, SftpType::attributes, path_)));
  const std::uint32_t now_s = ours.attributes.modified_s.value_or(0);
  const std::string folder = sftp_path(root_, temporary_folder);
  const auto is_old = [now_s](std::size_t, const SftpName& name) {
    const std::uint32_t written_s = name.attributes.modified_s.value_or(now_s);
    return written_s < now_s && now_s - written_s > temporary_age_max_s;
  };
  TW_ASSIGN_OR_RETURN(const std::vector<SftpFolder> old, read_sftp_folders(session, {folder}, is_old));
  for (const SftpName& name : old[0].names) {
    const std::string path = folder + "/" + name.name;
    TW_RETURN_IF_ERROR(call.send_unasked(about(SftpType::remove, SftpType::status, path)));
  }
  return {};
}

}  // namespace tradewind::objectstore
