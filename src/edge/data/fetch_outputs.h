// Bringing what a finished job has kept (core/model/kept_outputs.h) into a folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "core/model/kept_outputs.h"
#include "edge/objectstore/object_store.h"

namespace tradewind::data {

// not_found: the job has kept nothing (yet). corrupt: the list is none.
Result<std::vector<KeptFile>> read_kept_outputs(objectstore::ObjectStore& store,
                                                const std::string& job_prefix);

struct FetchRequest {
  std::vector<KeptFile> files;
  std::filesystem::path folder;  // made where it is missing
  bool overwrite = false;        // files there that differ are replaced; else they are an error
  std::function<void(std::uint64_t bytes)> on_bytes = [](std::uint64_t) {};  // from several threads
};

struct Fetched {
  std::size_t files = 0;  // that came
  std::uint64_t bytes = 0;
  std::size_t there_already = 0;  // with the same bytes, by their digest
};

// Each file is seen whole or not at all, with its digest proved; what had come of one when it was cut goes on
// from ".<name>.tradewind-part" beside it. conflict: something else lies there, before anything has come; or
// another is bringing the same file. corrupt: the bytes are not those that were kept.
Result<Fetched> fetch_outputs(objectstore::ObjectStore& store, const std::string& job_prefix,
                              const FetchRequest& request);

}  // namespace tradewind::data
