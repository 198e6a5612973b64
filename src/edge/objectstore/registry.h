// From a URL in a task file or on a command line to a store. Every kind of store is one line in registry.cc.
#pragma once

#include <memory>
#include <string_view>

#include "edge/io/helper_processes.h"
#include "edge/objectstore/object_store.h"

namespace tradewind::objectstore {

// "file:///srv/my%20store", "s3://bucket/prefix" (s3_url.h), "azblob://container/prefix" (azblob_url.h),
// "gs://bucket/prefix" (gcs/gcs_url.h) and what of these two kinds was pasted, "sftp://host/srv/store"
// (sftp/sftp_url.h). `helpers`, which outlive the store, are told of the programs that it runs meanwhile.
// invalid_argument: an unknown scheme (the known ones are named) or a bad URL; else the errors of the store's
// own opening.
Result<std::unique_ptr<ObjectStore>> open_store(std::string_view url, io::HelperProcesses* helpers = nullptr);

// The same of a store that is only read: a folder is not made, and nothing is tried out in it. not_found
// where it is missing, unauthorized where it may not be read.
Result<std::unique_ptr<ObjectStore>> open_store_to_read(std::string_view url,
                                                        io::HelperProcesses* helpers = nullptr);

// Whether open_store could know the store, as far as the URL itself tells: nothing is opened.
// invalid_argument as there, and as check_no_secret says.
Status check_store_url(std::string_view url);

// Of a URL that will stand in state files and process lists. invalid_argument: it holds a secret, as one of
// Azure that was pasted with its SAS does; the secret is not repeated.
Status check_no_secret(std::string_view url);

}  // namespace tradewind::objectstore
