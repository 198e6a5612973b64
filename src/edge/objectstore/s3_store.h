// Objects in a bucket of S3, or of whatever speaks as S3 does.
#pragma once

#include <memory>
#include <string_view>

#include "edge/cloud/aws/aws_settings.h"
#include "edge/objectstore/object_store.h"
#include "edge/objectstore/s3_client.h"

namespace tradewind::objectstore {

// `url` as s3_url.h says. What it leaves out comes from the environment (AWS_ENDPOINT_URL_S3,
// AWS_ENDPOINT_URL, AWS_REGION, AWS_DEFAULT_REGION), then from the profile, and without all of these the
// region is us-east-1 until the server names another. Nothing is sent yet: keys are looked for at the first
// call. invalid_argument: the URL or an endpoint; not_found: the profile.
//
// - A create that is conditional is one PUT with If-None-Match, and carries a mark by which it is known again
// when its
//   answer was lost. A server that does not know the condition overwrites: `store_probe.h` finds out.
// - Large objects that may be replaced are sent in parts at once; until all have come, nothing is seen.
// - What is read whole is checked against the server's checksum; `corrupt` when it differs twice.
// - Keys of other programs under the prefix that are no keys of ours are left out of lists.
Result<std::unique_ptr<ObjectStore>> open_s3_store(std::string_view url, cloud::Variables environment,
                                                   StoreTuning tuning = {});

// "https://…" by which whoever has it may read the object `key` of that store for so long (at most seven
// days, and no longer than the credentials hold). A secret. Nothing is sent; that there is such an object is
// not looked at.
Result<std::string> s3_read_url(std::string_view url, cloud::Variables environment, std::string_view key,
                                Duration lifetime);

}  // namespace tradewind::objectstore
