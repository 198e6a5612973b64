// A store that is used through a relay (relay_server.h).
//   relay:///run/tradewind/relay.sock?store=home
//   relay://?store=home                             the socket is named in the environment
// names the relay's socket on this machine and the store as the relay knows it. The pass is in the
// environment.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "edge/cloud/variables.h"
#include "edge/objectstore/object_store.h"

namespace tradewind::objectstore {

struct RelayUrl {
  std::string socket;  // absolute; empty: as $TRADEWIND_RELAY_SOCKET says
  std::string store;
};
// invalid_argument: no absolute path or no store.
Result<RelayUrl> parse_relay_url(std::string_view url);
std::string to_text(const RelayUrl& url);

// invalid_argument: the URL. A relay that is not there makes the store's calls `unavailable`: it may come
// back.
Result<std::unique_ptr<ObjectStore>> open_relay_store(std::string_view url,
                                                      const cloud::Variables& environment);

}  // namespace tradewind::objectstore
