// The folders of a server: read, listed as objects, made, and put on its disk.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "edge/objectstore/object_store.h"
#include "edge/objectstore/sftp/sftp_transfer.h"

namespace tradewind::objectstore {

// "<root>/<key>"; "." and "/" as roots add nothing of their own.
std::string sftp_path(std::string_view root, std::string_view key);
// "/a/b" of "/a/b/c", "a" of "a/b", "/" of "/a", "." of "a".
std::string sftp_parent(std::string_view path);

struct SftpFolder {
  SftpRefusal refusal;
  std::vector<SftpName> names;  // in the server's order, without "." and ".." and what has a '/' in it
};
// Several at once. Only names for which `keep` answers true are kept: it is given the index of the folder.
// Errors, here and below, are the session's failure; unavailable too where a folder has no end.
using KeepName = std::function<bool(std::size_t folder, const SftpName&)>;
Result<std::vector<SftpFolder>> read_sftp_folders(SftpSession& session, const std::vector<std::string>& paths,
                                                  const KeepName& keep);

struct SftpPage {
  SftpRefusal refusal;
  std::string refused_path;
  bool folder_missing = false;  // the one that the prefix names, or the root
  ObjectPage page;
};
// As ObjectStore::list, over the files below `root`. Links are left out, and names that are no keys.
Result<SftpPage> list_sftp_folder(SftpSession& session, std::string_view root, std::string_view prefix,
                                  std::string_view after, std::size_t limit);

// Makes the folder and those above it that are missing; one that is there is fine, also when another makes it
// now.
Result<SftpRefusal> make_sftp_folders(SftpSession& session, const std::string& path);

// Puts the folder's entries on the server's disk, where the server can.
Result<SftpRefusal> sync_sftp_folder(SftpSession& session, const std::string& path);

}  // namespace tradewind::objectstore
