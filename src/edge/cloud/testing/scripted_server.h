// A server of credentials on loopback, which answers as a test says.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "edge/io/http_server.h"

namespace tradewind::cloud {

class ScriptedServer {
 public:
  using Answer = std::function<io::HttpResponse(const io::HttpRequest&)>;
  ScriptedServer();

  // "http://127.0.0.1:PORT"
  const std::string& url() const { return url_; }
  // Until one is assigned, and after nullptr, everything is answered 404. Played on the server's threads.
  ScriptedServer& operator=(Answer answer);
  // What it was asked, in order.
  std::vector<io::HttpRequest> asked() const;

 private:
  io::HttpResponse play(const io::HttpRequest& request);

  std::string url_;
  mutable std::mutex mutex_;
  Answer answer_;                           // protected by mutex_
  std::vector<io::HttpRequest> asked_;      // protected by mutex_
  std::unique_ptr<io::HttpServer> server_;  // last: its threads use the rest
};

}  // namespace tradewind::cloud
