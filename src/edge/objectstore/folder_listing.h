// The listing of a file store: keys below a folder, in byte order over all depths.
#pragma once

#include <string>
#include <string_view>

#include "edge/objectstore/object_store.h"

namespace tradewind::objectstore {

// As ObjectStore::list. `root` is an open folder and `root_path` its name for messages. Reads only folders
// that can hold a key of the answer.
Result<ObjectPage> list_folder(int root, const std::string& root_path, std::string_view prefix,
                               std::string_view after, std::size_t limit);

}  // namespace tradewind::objectstore
