#include "edge/objectstore/relay/relay_pass.h"

#include <openssl/crypto.h>

#include "core/model/json.h"
#include "edge/io/hash.h"

namespace tradewind::objectstore {

std::string sign_pass(const RelayPass& pass, std::string_view secret) {
  const std::string said = to_text(json::object{{"prefix", pass.prefix}, {"stores", to_json(pass.stores)}});
  return io::base64(said) + "." + io::hex(io::hmac_sha256(secret, said));
}

Result<RelayPass> read_pass(std::string_view text, std::string_view secret) {
  const Error refused{Code::unauthorized, "the relay does not know this pass",
                      "the control plane gives one to each agent that it starts"};
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos) return refused;
  const std::optional<std::string> said = io::decode_base64(text.substr(0, dot));
  const std::optional<std::string> signature = io::decode_hex(text.substr(dot + 1));
  if (!said || !signature) return refused;
  const std::string expected = io::hmac_sha256(secret, *said);
  if (signature->size() != expected.size() ||
      ::CRYPTO_memcmp(signature->data(), expected.data(), expected.size()) != 0) {
    return refused;
  }
  const Result<json::value> document = parse_json(*said);
  if (!document.ok()) return refused;
  JsonReader reader(*document, "pass");
  RelayPass pass;
  pass.prefix = reader.text("prefix");
  pass.stores = reader.texts_or_empty("stores");
  if (!reader.status().ok() || pass.prefix.empty()) return refused;
  return pass;
}

}  // namespace tradewind::objectstore
