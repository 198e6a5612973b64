// Objects in a container of Azure Blob Storage.
#pragma once

#include <memory>
#include <string_view>

#include "edge/cloud/variables.h"
#include "edge/objectstore/object_store.h"
#include "edge/objectstore/store_tuning.h"

namespace tradewind::objectstore {

// `url` as azblob_url.h says. What it leaves out comes from the environment (azure_settings.h). Nothing is
// sent yet: credentials are looked for at the first call (azure_credentials.h). invalid_argument: the URL,
// the account, an endpoint or the connection string.
//
// - A create that is conditional carries a mark by which it is known again when its answer was lost.
// - Large objects are sent in blocks at once; until the list of all blocks has come, nothing is seen.
// - All that is sent has its MD5; what is read is checked against the server's: `corrupt` when it differs
// twice.
// - Keys of other programs under the prefix that are no keys of ours are left out of lists.
// - An account with a hierarchical namespace lists in another order than that of bytes: `list` then says so.
Result<std::unique_ptr<ObjectStore>> open_azblob_store(std::string_view url, cloud::Variables environment,
                                                       StoreTuning tuning = {});

}  // namespace tradewind::objectstore
