// From a URL in a task file or on a command line to a store. Every kind of store is one line in registry.cc.
#pragma once

#include <memory>
#include <string_view>

#include "edge/io/helper_processes.h"
#include "edge/objectstore/object_store.h"

namespace tradewind::objectstore {

// "file:///srv/my%20store", "s3://bucket/prefix" (s3_url.h), "azblob://container/prefix" and what of that
// kind was pasted (azblob_url.h), "sftp://host/srv/store" (sftp_url.h). `helpers`, which outlive the store,
// are told of the programs that it runs meanwhile. invalid_argument: an unknown scheme (the known ones are
// named) or a bad URL; else the errors of the store's own opening.
Result<std::unique_ptr<ObjectStore>> open_store(std::string_view url, io::HelperProcesses* helpers = nullptr);

}  // namespace tradewind::objectstore
