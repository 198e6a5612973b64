// What lets the agent of one lease use a relay: a statement of which stores it may use below which prefix,
// signed by whoever runs the relay. It needs no list of passes: a relay that was started anew knows its own
// hand.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tradewind::objectstore {

struct RelayPass {
  std::string prefix;               // "tradewind/<owner>/jobs/<job>/": keys begin so
  std::vector<std::string> stores;  // by the names that the relay knows them by
  bool operator==(const RelayPass&) const = default;
};

// The variable of the agent's environment that holds it.
inline constexpr const char* relay_pass_variable = "TRADEWIND_RELAY_PASS";
// And that of the relay's socket, where the store's URL names none.
inline constexpr const char* relay_socket_variable = "TRADEWIND_RELAY_SOCKET";

// "<base64 of a JSON document>.<HMAC-SHA-256 in hex>". `secret`: at least 16 bytes that the relay alone has.
std::string sign_pass(const RelayPass& pass, std::string_view secret);
// unauthorized: it is none, or another hand signed it.
Result<RelayPass> read_pass(std::string_view text, std::string_view secret);

}  // namespace tradewind::objectstore
