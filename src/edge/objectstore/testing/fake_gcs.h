// A small Google Cloud Storage on loopback, in this process: strict about who asks and about sums, honest
// about generations, and as unreliable as a test asks for.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "edge/cloud/variables.h"
#include "edge/objectstore/testing/fake_server.h"

namespace tradewind::objectstore {

struct FakeGcsOptions {
  std::string bucket = "runs";
  std::string token = {};            // of the one who may ask; "": anybody may
  std::string payer = {};            // demanded as userProject when set
  std::string denial = "forbidden";  // the reason of Fault::denied
  std::size_t page_max = 100;
  bool says_what_is_missing = true;  // false: 404 in words that do not tell bucket from object
};

class FakeGcs {
 public:
  explicit FakeGcs(FakeGcsOptions options = {}, Faults faults = {});

  // "http://127.0.0.1:PORT"
  std::string endpoint() const { return server_.endpoint(); }
  // "gs://runs/prefix?endpoint=…"
  std::string url(const std::string& prefix = "") const;

  int requests() const { return server_.requests(); }
  // "PUT /upload/storage/v1/b/runs/o?…", in the order in which they came.
  std::vector<std::string> log() const { return server_.log(); }
  std::size_t count(const std::string& start) const { return server_.count(start); }
  // Past all checks, as another program would: to damage, to be first, or to look.
  void place(const std::string& name, const std::string& bytes);
  void damage(const std::string& name, const std::string& bytes);  // its sum stays what it was
  // Of the next chunk so many bytes arrive, and then the server is busy.
  void break_next_chunk(std::size_t kept);
  // The next chunk's bytes change on their way.
  void garble_next_chunk();
  // Sessions are lost, as they are after a week.
  void forget_sessions();
  void take_token(const std::string& token);  // from now on this one, and no other
  std::size_t open_sessions() const;
  std::uint64_t bytes_of_chunks() const;  // that came in all

 private:
  struct Object {
    std::string bytes;
    std::string crc32c;
    std::string mark;
    std::uint64_t generation = 0;
    Time modified_at;
  };
  struct Session {
    std::string name;
    std::string crc32c;  // as it was declared
    std::string mark;
    bool only_new = false;
    std::string bytes = {};
    bool ended = false;
  };
  struct Asked;  // a request, taken apart
  io::HttpResponse refusal_or_effect(const io::HttpRequest& request);
  static Result<Session> draft_of(const std::string& text, const Asked& asked);
  io::HttpResponse upload(const Asked& asked);
  io::HttpResponse begin(const Asked& asked);
  io::HttpResponse take_chunk(const Asked& asked);
  io::HttpResponse store(Session made);
  io::HttpResponse get(const Asked& asked, const std::string& name);
  io::HttpResponse rewrite(const Asked& asked, const std::string& from, const std::string& to);
  io::HttpResponse media(const Asked& asked, const Object& object) const;
  io::HttpResponse list(const Asked& asked);
  io::HttpResponse remove(const std::string& name);
  io::HttpResponse error(int status, const std::string& reason, const std::string& message) const;
  io::HttpResponse no_object(const std::string& name, bool in_text) const;

  const FakeGcsOptions options_;
  mutable std::mutex mutex_;
  std::map<std::string, Object> objects_;              // protected by mutex_
  std::map<std::string, Session> sessions_;            // protected by mutex_; by their ids
  std::string token_;                                  // protected by mutex_
  std::uint64_t generations_ = 1'700'000'000'000'000;  // protected by mutex_
  std::size_t kept_of_next_chunk_ = ~std::size_t{0};   // protected by mutex_
  bool garbles_ = false;                               // protected by mutex_
  std::uint64_t chunk_bytes_ = 0;                      // protected by mutex_
  FakeServer server_;                                  // last: its threads use the rest
};

}  // namespace tradewind::objectstore
