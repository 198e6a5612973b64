// Who may ask at all. The Unix socket's file rights are its guard; on TCP a bearer token is needed, and
// browsers are kept out: a page from elsewhere must not be able to speak to a port of this machine, by its
// own name or by a name that was pointed here (DNS rebinding).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "edge/io/http_message.h"

namespace tradewind::server {

struct GuardRules {
  std::string token;       // for TCP; empty: nobody may
  std::uint16_t port = 0;  // of our TCP listener
};

// The refusal, or nothing when the request may pass. GET /v1/health needs no token.
std::optional<io::HttpResponse> refuse(const GuardRules& rules, const io::HttpRequest& request);

// In a time that depends on the lengths alone.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace tradewind::server
