// The JSON that Google Cloud Storage answers with, and that it is sent. Pure.
// https://cloud.google.com/storage/docs/json_api/v1/objects and …/json_api/v1/status-codes
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "edge/io/http_message.h"

namespace tradewind::objectstore {

struct GcsObject {
  std::string name;  // within the bucket
  std::uint64_t size_bytes = 0;
  Time modified_at;
  std::string mark;        // by which a write is known again; "": it has none
  std::string crc32c;      // base64; "": not asked for
  std::string generation;  // of these bytes and no others; "": not asked for
};
// corrupt: it is no object.
Result<GcsObject> parse_gcs_object(std::string_view body);

// How far a copy within the server has come.
struct GcsRewrite {
  bool done = false;
  std::string token;   // goes on with it
  std::string crc32c;  // of what was made, once it is done
};
// corrupt: it is none.
Result<GcsRewrite> parse_gcs_rewrite(std::string_view body);

struct GcsList {
  std::vector<GcsObject> objects;
  std::string next_token;  // continues the list; "": it ends here
};
// corrupt: it is no list.
Result<GcsList> parse_gcs_list(std::string_view body);

// How much of an upload has arrived: one more than the end of "bytes=0-42"; 0 where there is no such header.
// Nothing: the header is none.
std::optional<std::uint64_t> parse_gcs_received(std::string_view range);
// The crc32c among the values of x-goog-hash, which come in one header or in several; "": there is none.
std::string gcs_crc32c_of(const std::vector<io::HttpHeader>& headers);

// What an object is told to be before its bytes come. The server refuses bytes that differ from `crc32c`.
struct GcsDraft {
  std::string name;
  std::string crc32c;  // base64
  std::string mark;    // "": none
};
std::string gcs_draft_text(const GcsDraft& draft);

// A draft and its bytes in one request of multipart/related (RFC 2387).
struct GcsMultipart {
  std::string content_type;
  std::string body;
};
// REQUIRES: `boundary` is in neither.
GcsMultipart gcs_multipart(const std::string& draft_text, std::string_view bytes,
                           const std::string& boundary);

}  // namespace tradewind::objectstore
