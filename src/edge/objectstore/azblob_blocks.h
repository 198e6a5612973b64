// Large objects in blocks, several on their way at once, and then one list that makes an object of them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "edge/objectstore/azblob_client.h"

namespace tradewind::objectstore {

// The answer to the list of blocks, which is one write as that of a whole object is: nothing is seen before
// it, and the conditions among `headers` are its conditions. Blocks of a list that never comes are dropped by
// the server after a week. Another writer's list drops ours: then all is sent again, up to three times.
// Errors: those of the client.
Result<AzblobAnswer> put_in_blocks(AzblobClient& client, const std::string& key, std::string_view bytes,
                                   const std::vector<io::HttpHeader>& headers);

}  // namespace tradewind::objectstore
