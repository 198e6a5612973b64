// Stores of this machine's for whom they are out of reach: an agent on a host that only SSH leads to uses
// them over a forwarded Unix socket, and needs neither their network nor their keys.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "edge/io/http_server.h"
#include "edge/objectstore/object_store.h"

namespace tradewind::objectstore {

class RelayServer {
 public:
  // A store by its name. Called on the server's threads, several at once; the stores outlive the server.
  using StoreNamed = std::function<Result<ObjectStore*>(const std::string& name)>;
  // Listens at `socket` (a path, 0600) until it is destroyed. `secret` signs the passes.
  static Result<std::unique_ptr<RelayServer>> start(const std::string& socket, std::string secret,
                                                    StoreNamed stores);
  const std::string& socket() const { return socket_; }

 private:
  RelayServer(std::string socket, std::string secret, StoreNamed stores)
      : socket_(std::move(socket)), secret_(std::move(secret)), stores_(std::move(stores)) {}
  io::HttpResponse answer(const io::HttpRequest& request) const;

  const std::string socket_;
  const std::string secret_;
  const StoreNamed stores_;
  std::unique_ptr<io::HttpServer> server_;  // last: its threads use the rest
};

}  // namespace tradewind::objectstore
