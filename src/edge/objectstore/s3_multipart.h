// Large objects in parts, several on their way at once.
#pragma once

#include <string>
#include <string_view>

#include "edge/objectstore/s3_client.h"

namespace tradewind::objectstore {

// Replaces the object once all parts have come; until then the old one is seen. What fails is aborted, so
// that its parts cost nothing; after a crash they stay until the bucket's lifecycle rule ends them. Errors:
// those of the client; unavailable where it is not known whether the object was replaced.
Status put_in_parts(S3Client& client, const std::string& key, std::string_view bytes);

}  // namespace tradewind::objectstore
