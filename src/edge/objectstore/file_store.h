// Objects as files below a folder: a disk, a network file system, the store of a local zone.
//   <root>/<key>     one object, the plain bytes
//   <root>/~tmp/     objects that are being written; '~' is no character of a key, so they are never listed
#pragma once

#include <memory>
#include <string>

#include "edge/objectstore/object_store.h"

namespace tradewind::objectstore {

// `path` is made when it is missing; spaces and any bytes but NUL are welcome. unauthorized: it cannot be
// written. Several processes may use one folder at once, on one machine or over NFS.
// An object appears by one rename, after its bytes are on disk; the folder's entry is synced before put
// returns. Where "a" is an object, "a/b" is refused (invalid_argument), and the other way round: a file
// system knows no such pair. Symbolic links below the root are never followed: as objects they are corrupt,
// in lists they are left out.
Result<std::unique_ptr<ObjectStore>> open_file_store(const std::string& path);

// The same of a folder that is there, which is neither made nor written to. not_found, unauthorized.
Result<std::unique_ptr<ObjectStore>> open_file_store_to_read(const std::string& path);

}  // namespace tradewind::objectstore
