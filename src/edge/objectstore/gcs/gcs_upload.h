// Large objects in chunks, one after the other, of which the server says how much it has: after a cut the
// rest is sent, not all. https://cloud.google.com/storage/docs/performing-resumable-uploads
#pragma once

#include <string>
#include <string_view>

#include "edge/objectstore/gcs/gcs_client.h"

namespace tradewind::objectstore {

// The answer to the last chunk, which is one write as that of a whole object is: nothing is seen before it,
// and `conditions` are its conditions. A session that the server has lost begins anew, up to three times.
// What never ends is dropped by the server after a week. Errors: those of the client.
Result<GcsAnswer> put_resumably(GcsClient& client, const std::string& key, std::string_view bytes,
                                const GcsDraft& draft, const cloud::Query& conditions);

}  // namespace tradewind::objectstore
