// A small Azure Blob Storage on loopback, in this process: strict about who asks, honest about conditions,
// and as unreliable as a test asks for. It verifies signatures with code of its own, from the bytes that
// came.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/time.h"
#include "edge/cloud/variables.h"
#include "edge/objectstore/testing/fake_server.h"

namespace tradewind::objectstore {

struct FakeAzblobOptions {
  std::string account = "acme1";
  std::string container = "runs";
  std::string key = "a2V5IG9mIHRoZSBmYWtl";                 // base64, as it is handed out
  std::string sas = {};                                     // "sv=…&sig=…", taken too when set
  std::string token = {};                                   // a bearer's, taken too when set
  std::string refusal = "AuthorizationPermissionMismatch";  // the code of Fault::denied
  std::size_t page_max = 100;
  Duration clock_ahead{};  // of the real clock
};

class FakeAzblob {
 public:
  explicit FakeAzblob(FakeAzblobOptions options = {}, Faults faults = {});

  // "http://127.0.0.1:PORT"
  std::string endpoint() const { return server_.endpoint(); }
  // "azblob://runs/prefix?account=acme1&endpoint=…"
  std::string url(const std::string& prefix = "") const;
  // An environment with the right key, and nothing of the real one.
  cloud::Variables environment() const;

  int requests() const { return server_.requests(); }
  // "PUT /acme1/runs/a", in the order in which they came.
  std::vector<std::string> log() const { return server_.log(); }
  std::size_t count(const std::string& start) const { return server_.count(start); }
  // Past all checks, as another program would: to damage, to be first, or to look.
  void place(const std::string& name, const std::string& bytes);
  void damage(const std::string& name, const std::string& bytes);  // its MD5 stays what it was
  // As a write of another program does: blocks that were sent and not yet listed are gone.
  void drop_blocks();
  std::size_t unlisted_blocks() const;

 private:
  struct Object {
    std::string bytes;
    std::string md5;  // base64
    std::map<std::string, std::string> metadata;
    std::map<std::string, std::string> blocks;  // that it was made of, by their names
    Time modified_at;
  };
  struct Asked;  // a request, taken apart
  io::HttpResponse refusal_or_effect(const io::HttpRequest& request);
  io::HttpResponse act(const Asked& asked);
  io::HttpResponse copy(const Asked& asked, const std::string& source);
  io::HttpResponse put(const Asked& asked);
  io::HttpResponse put_block(const Asked& asked);
  io::HttpResponse put_block_list(const Asked& asked);
  io::HttpResponse get(const Asked& asked);
  io::HttpResponse list(const Asked& asked);
  io::HttpResponse remove(const Asked& asked);
  io::HttpResponse store(const Asked& asked, Object made);
  io::HttpResponse error(int status, const std::string& code, const std::string& detail = "") const;
  bool verify(const Asked& asked, io::HttpResponse& refusal) const;
  std::string text_to_sign(const Asked& asked) const;
  Time now() const;

  const FakeAzblobOptions options_;
  mutable std::mutex mutex_;
  std::map<std::string, Object> objects_;                             // protected by mutex_
  std::map<std::string, std::map<std::string, std::string>> staged_;  // protected by mutex_; blocks by object
  FakeServer server_;                                                 // last: its threads use the rest
};

}  // namespace tradewind::objectstore
