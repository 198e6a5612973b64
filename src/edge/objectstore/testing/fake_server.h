// A server of stores on loopback, in this process, that fails as a test asks for. What it answers is the
// business of whoever makes one: fake_s3.h, fake_azblob.h, fake_gcs.h.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "edge/io/http_server.h"

namespace tradewind::objectstore {

// What befalls one request.
enum class Fault {
  none,
  slow_down,   // 503, nothing done
  broken,      // 500, nothing done
  reset,       // no answer, nothing done
  lost_reply,  // done, no answer
  late_error,  // done, answered 500
  race,        // 409 ConditionalRequestConflict, nothing done; of S3 alone
  denied,      // 403, nothing done
};
// Asked of each request, on the server's threads.
using Faults = std::function<Fault(const io::HttpRequest&)>;

// That fault for the first request of that method, none afterwards.
Faults fail_first(const std::string& method, Fault fault);

class FakeServer {
 public:
  using Answer = std::function<io::HttpResponse(const io::HttpRequest&)>;
  // How this kind of server says slow_down, broken, race and denied.
  using Refuse = std::function<io::HttpResponse(Fault)>;
  FakeServer(Faults faults, Answer answer, Refuse refuse);

  // "http://127.0.0.1:PORT"
  std::string endpoint() const;
  int requests() const { return requests_; }
  // "PUT /bucket/a", in the order in which they came.
  std::vector<std::string> log() const;
  // Lines of the log that begin so.
  std::size_t count(const std::string& start) const;

 private:
  io::HttpResponse answer(const io::HttpRequest& request);

  const Faults faults_;
  const Answer answer_;
  const Refuse refuse_;
  std::atomic<int> requests_{0};
  mutable std::mutex mutex_;
  std::vector<std::string> log_;  // protected by mutex_
  std::uint16_t port_ = 0;
  std::unique_ptr<io::HttpServer> server_;  // last: its threads use the rest
};

}  // namespace tradewind::objectstore
