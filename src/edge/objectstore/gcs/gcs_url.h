// gs: URLs: a bucket of Google Cloud Storage, a prefix, and how to get there.
//   gs://bucket/prefix?project=NAME&endpoint=http://127.0.0.1:4443&anonymous=yes
//   gcs://bucket/prefix
//   https://storage.googleapis.com/bucket/prefix, https://storage.cloud.google.com/bucket/prefix and
//   https://bucket.storage.googleapis.com/prefix, as they are pasted
// The prefix follows the rules of keys. Bucket names: https://cloud.google.com/storage/docs/buckets#naming
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "edge/cloud/service_address.h"
#include "edge/cloud/variables.h"

namespace tradewind::objectstore {

struct GcsUrl {
  std::string bucket;
  std::string prefix;                        // "" or "a/b", no slash at either end
  std::optional<io::HttpEndpoint> endpoint;  // nothing: https://storage.googleapis.com
  std::string project;            // that pays for requests where the requester pays; "": the bucket's
  std::optional<bool> anonymous;  // nothing: only where the endpoint has no TLS, as emulators have none
  bool operator==(const GcsUrl&) const = default;
};

// invalid_argument: what is wrong in it, and how it is written. Values of its query are not repeated in an
// error.
Result<GcsUrl> parse_gcs_url(std::string_view url);
// Is it a pasted URL of this kind, rather than some other page of the web?
bool is_pasted_gcs_url(std::string_view url);
// "gs://…"
std::string to_text(const GcsUrl& url);

// The endpoint that the URL leaves out, where STORAGE_EMULATOR_HOST ("localhost:4443", "http://…") names one.
// invalid_argument: it is none.
Status complete_gcs_url(GcsUrl& url, const cloud::Variables& environment);
// Where requests go.
io::HttpEndpoint address_of(const GcsUrl& url);
bool is_anonymous(const GcsUrl& url);

}  // namespace tradewind::objectstore
