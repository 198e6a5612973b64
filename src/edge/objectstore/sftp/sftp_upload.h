// A file on its way to the server, not yet an object.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "edge/objectstore/sftp/sftp_transfer.h"

namespace tradewind::objectstore {

// Writes below "<root>/~tmp", as the file store does: '~' is no character of a key, so nothing there is ever
// an object. Each attempt has a name of its own, which nobody can guess.
class SftpUpload {
 public:
  explicit SftpUpload(std::string root);

  // All of it, flushed to the server's disk where the server can. Makes the folder when it is missing. An
  // error is the session's failure: then it may be called again.
  Result<SftpRefusal> write(SftpSession& session, std::string_view bytes);
  // Of the last write.
  const std::string& path() const { return path_; }

  // The last file has its place, and no second name.
  void moved();
  // Asks for all that may be left of the writes to be removed, without waiting for it.
  void remove_leftovers(SftpSession& session);
  // Asks the same for what crashes left: what is a day older, by the server's clock, than the last write.
  Status remove_old(SftpSession& session) const;

 private:
  Result<SftpReply> open(SftpCall& call);

  const std::string root_;
  std::string path_;
  std::vector<std::string> leftovers_;
};

}  // namespace tradewind::objectstore
