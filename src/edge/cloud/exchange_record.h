// What was said to an API and what it answered, without what is secret: written down once, and played in
// tests.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "core/model/json.h"
#include "edge/cloud/api_client.h"

namespace tradewind::cloud {

struct Exchange {
  std::string endpoint;  // "https://ec2.us-east-1.amazonaws.com:443"
  io::HttpRequest request;
  io::HttpResponse response;
  bool operator==(const Exchange&) const;
};

// One JSON document for a line of a file.
json::value to_json(const Exchange& exchange);
Result<Exchange> exchange_from_json(const json::value& value);

// A text as forms, JSON and XML write it, with the values of names that hold secrets taken out ("UserData",
// "access_token", "SecretAccessKey" and the like).
std::string without_secrets(std::string_view text);
// The same of headers, of the query in the target, and of both bodies.
Exchange without_secrets(Exchange exchange);

// Hands each exchange that was answered to `take`, without its secrets. `take` may be called by several
// threads at once.
Transport recorded(Transport inner, std::function<void(const Exchange&)> take);
// Answers in the order of the record. internal: another request came than was written down, or one more.
// Headers are not compared: they hold dates and signatures.
Transport replayed(std::vector<Exchange> exchanges);

}  // namespace tradewind::cloud
