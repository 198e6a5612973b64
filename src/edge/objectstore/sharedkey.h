// Azure's Shared Key, in the form for blobs since 2009-09-19, pure:
// https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "edge/cloud/query.h"
#include "edge/io/http_message.h"

namespace tradewind::objectstore {

struct SharedKeyRequest {
  std::string method;
  std::string path;  // as it travels: "/container/key", where an account is in the path with it
  cloud::Query query;
  std::vector<io::HttpHeader> headers;  // x-ms-date and x-ms-version must be among them
  std::size_t body_bytes = 0;
};

// What is signed.
std::string sharedkey_text(const SharedKeyRequest& request, std::string_view account);
// The value of the Authorization header. `key`: raw bytes.
std::string sharedkey_authorization(const SharedKeyRequest& request, std::string_view account,
                                    std::string_view key);

}  // namespace tradewind::objectstore
