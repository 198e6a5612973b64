#include "edge/objectstore/sharedkey.h"

#include <map>

#include "base/text.h"
#include "edge/io/hash.h"

namespace tradewind::objectstore {

std::string sharedkey_text(const SharedKeyRequest& request, std::string_view account) {
  std::string text = request.method + "\n";
  const auto add = [&](std::string_view name) {
    text += std::string(trim(io::header_of(request.headers, name))) + "\n";
  };
  add("Content-Encoding");
  add("Content-Language");
  text += (request.body_bytes == 0 ? "" : std::to_string(request.body_bytes)) + "\n";
  for (const std::string_view name : {"Content-MD5", "Content-Type", "Date", "If-Modified-Since", "If-Match",
                                      "If-None-Match", "If-Unmodified-Since", "Range"}) {
    add(name);
  }
  std::map<std::string, std::string> own;
  for (const io::HttpHeader& header : request.headers) {
    const std::string name = lower(header.name);
    if (name.starts_with("x-ms-")) own.insert_or_assign(name, std::string(trim(header.value)));
  }
  for (const auto& [name, value] : own) text.append(name).append(":").append(value).append("\n");
  text.append("/").append(account).append(request.path);
  std::map<std::string, std::string> parameters;
  for (const auto& [name, value] : request.query) parameters.insert_or_assign(lower(name), value);
  for (const auto& [name, value] : parameters) text.append("\n").append(name).append(":").append(value);
  return text;
}

std::string sharedkey_authorization(const SharedKeyRequest& request, std::string_view account,
                                    std::string_view key) {
  return "SharedKey " + std::string(account) + ":" +
         io::base64(io::hmac_sha256(key, sharedkey_text(request, account)));
}

}  // namespace tradewind::objectstore
