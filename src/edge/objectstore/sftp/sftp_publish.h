// The step that gives a written file its name: all or nothing, also when its answer is lost.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "edge/objectstore/sftp/sftp_transfer.h"

namespace tradewind::objectstore {

enum class Published {
  done,
  taken,     // only by publish_new: another file has the name
  a_folder,  // a folder has the name, or a file has that of a folder on the way
  lost,      // the written file is gone, and nothing tells what became of it
  refused,   // see refusal
};
struct Publication {
  Published outcome = Published::done;
  SftpRefusal refusal;
};

struct PublishStep {
  std::string from;  // the written file
  std::string to;
  // An earlier attempt with the same files may have had its effect.
  bool repeated = false;
};
// Both make the folders on the way and put the name on the server's disk. An error is the session's failure:
// then the step may have had its effect or not, or may have it yet, and is to be repeated with the same
// files.

// A second name of the same file (hardlink@openssh.com), which the server gives only if it is free. That a
// name found taken is our own is known by the file's time: what is set on one name is then seen on the other.
Result<Publication> publish_new(SftpSession& session, const PublishStep& step);

// In place of whatever file has the name (posix-rename@openssh.com). Repeated, a file that is gone has moved.
Result<Publication> publish_over(SftpSession& session, const PublishStep& step);

}  // namespace tradewind::objectstore
