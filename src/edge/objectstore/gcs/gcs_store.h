// Objects in a bucket of Google Cloud Storage.
#pragma once

#include <memory>
#include <string_view>

#include "edge/cloud/variables.h"
#include "edge/objectstore/object_store.h"
#include "edge/objectstore/store_tuning.h"

namespace tradewind::objectstore {

// `url` as gcs_url.h says. Nothing is sent yet: credentials are looked for at the first call
// (google_credentials.h). invalid_argument: the URL, or STORAGE_EMULATOR_HOST.
//
// - A create that is conditional is a write with ifGenerationMatch=0, and carries a mark by which it is known
// again when its answer was lost.
// - Large objects go in chunks; until the last has come, nothing is seen.
// - All that is sent goes with its CRC-32C; what is read whole is checked against the server's: `corrupt`
// when it differs twice.
// - Keys of other programs under the prefix that are no keys of ours are left out of lists.
Result<std::unique_ptr<ObjectStore>> open_gcs_store(std::string_view url, cloud::Variables environment,
                                                    StoreTuning tuning = {});

}  // namespace tradewind::objectstore
