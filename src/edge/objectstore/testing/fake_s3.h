// A small S3 on loopback, in this process: strict about signatures, honest about conditions, and as
// unreliable as a test asks for. It verifies signatures with code of its own, from the bytes that came.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "edge/cloud/aws/aws_settings.h"
#include "edge/objectstore/testing/fake_server.h"

namespace tradewind::objectstore {

struct FakeS3Options {
  std::string bucket = "bucket";
  std::string region = "us-east-1";
  std::string access_key_id = "AKFAKE";
  std::string secret_access_key = "SKFAKE";
  std::string session_token = {};     // demanded when set
  bool honours_if_none_match = true;  // false: overwrites, as some servers do
  bool knows_if_none_match = true;    // false: 501, as others do
  bool keeps_metadata = true;
  bool breaks_copies = false;    // begins to answer well, and fails then
  bool gives_checksums = false;  // x-amz-checksum-sha256
  bool names_region = true;      // says where the bucket is when it is asked for elsewhere
  std::size_t page_max = 100;
  Duration clock_ahead{};  // of the real clock
};

class FakeS3 {
 public:
  explicit FakeS3(FakeS3Options options = {}, Faults faults = {});

  // "http://127.0.0.1:PORT"
  std::string endpoint() const { return server_.endpoint(); }
  // "s3://bucket/prefix?endpoint=…&region=…"
  std::string url(const std::string& prefix = "") const;
  // An environment with the right keys, and nothing of the real one.
  cloud::Variables environment() const;

  int requests() const { return server_.requests(); }
  // "PUT /bucket/a", in the order in which they came.
  std::vector<std::string> log() const { return server_.log(); }
  // Lines of the log that begin so.
  std::size_t count(const std::string& start) const { return server_.count(start); }
  // Past all checks, as another program would: to damage, to be first, or to look.
  void place(const std::string& key, const std::string& bytes);
  void damage(const std::string& key, const std::string& bytes);  // the ETag stays what it was
  std::size_t unfinished_uploads() const;

 private:
  struct Object {
    std::string bytes;
    std::string etag;  // without quotes
    std::map<std::string, std::string> metadata;
    Time modified_at;
  };
  struct Upload {
    std::string key;
    std::map<int, std::string> parts;
  };
  struct Asked;  // a request, taken apart
  io::HttpResponse refusal_or_effect(const io::HttpRequest& request);
  io::HttpResponse act(const Asked& asked);
  io::HttpResponse copy(const Asked& asked, const std::string& source);
  io::HttpResponse put(const Asked& asked);
  io::HttpResponse get(const Asked& asked);
  io::HttpResponse list(const Asked& asked);
  io::HttpResponse begin_upload(const Asked& asked);
  io::HttpResponse take_part(const Asked& asked);
  io::HttpResponse complete_upload(const Asked& asked);
  io::HttpResponse remove(const Asked& asked);
  io::HttpResponse error(int status, const std::string& code, const std::string& more = "") const;
  bool verify(const Asked& asked, io::HttpResponse& refusal) const;
  Time now() const;

  const FakeS3Options options_;
  mutable std::mutex mutex_;
  std::map<std::string, Object> objects_;  // protected by mutex_
  std::map<std::string, Upload> uploads_;  // protected by mutex_
  FakeServer server_;                      // last: its threads use the rest
};

}  // namespace tradewind::objectstore
