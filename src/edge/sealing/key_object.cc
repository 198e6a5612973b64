#include "edge/sealing/key_object.h"

#include <cstdlib>

#include "core/model/json.h"
#include "edge/io/hash.h"
#include "edge/sealing/cipher.h"

namespace tradewind::sealing {
namespace {

constexpr int version = 1;
constexpr std::size_t data_key_bytes = 32;
constexpr std::size_t salt_bytes = 16;
constexpr std::size_t text_bytes_max = std::size_t{64} << 10;
constexpr std::size_t keys_max = 32;
// 64 MiB and some 0.2 s: what a person waits for at each command, and one who guesses at each guess.
constexpr int stretch_cost = 16;
constexpr std::string_view wrap_purpose = "tradewind sealed store 1: wrap";
constexpr std::string_view content_purpose = "tradewind sealed store 1: content";
constexpr std::string_view name_purpose = "tradewind sealed store 1: names";

SecretBytes wrapping_key(const UserKey& by, const std::string& salt, int cost) {
  if (!by.passphrase) return derive(by.bytes, salt, wrap_purpose, content_key_bytes);
  return derive(stretch(by.bytes, salt, cost), salt, wrap_purpose, content_key_bytes);
}

std::string raw(JsonReader& reader, std::string_view key, std::size_t size) {
  const std::optional<std::string> bytes = io::decode_base64(reader.text(key));
  if (bytes && bytes->size() == size) return *bytes;
  reader.fail(key, "is not " + std::to_string(size) + " bytes in base64");
  return {};
}

WrappedKey wrapped_from_json(JsonReader& reader) {
  WrappedKey key;
  const std::int64_t cost = reader.integer_or("scrypt_log2_n", 0);
  if (cost != 0 && (cost < stretch_cost_min || cost > stretch_cost_max)) {
    reader.fail("scrypt_log2_n", "is out of bounds");
  }
  key.stretch_cost = static_cast<int>(cost);
  key.salt = raw(reader, "salt", salt_bytes);
  key.wrapped = raw(reader, "data_key", data_key_bytes + seal_overhead);
  return key;
}

json::value to_json(const WrappedKey& key) {
  json::object object;
  if (key.stretch_cost != 0) object["scrypt_log2_n"] = key.stretch_cost;
  object["salt"] = io::base64(key.salt);
  object["data_key"] = io::base64(key.wrapped);
  return object;
}

Error damaged(const std::string& problem) {
  return {Code::corrupt, problem};
}

}  // namespace

DataKey DataKey::fresh() {
  return DataKey(SecretBytes(io::random_bytes(data_key_bytes)));
}

DataKey::DataKey(SecretBytes bytes)
    : bytes_(std::move(bytes)),
      content_(derive(bytes_, "", content_purpose, content_key_bytes)),
      names_(derive(bytes_, "", name_purpose, name_key_bytes)) {
  if (bytes_.view().size() != data_key_bytes) std::abort();
}

std::string to_text(const KeyObject& object) {
  json::array keys;
  for (const WrappedKey& key : object.keys) keys.push_back(to_json(key));
  return tradewind::to_text(json::object{{"version", version}, {"keys", std::move(keys)}});
}

Result<KeyObject> key_object_from_text(std::string_view text) {
  const Result<json::value> document = parse_json(text, text_bytes_max);
  if (!document.ok()) return damaged(document.error().message);
  JsonReader reader(*document, "key object");
  if (reader.integer("version") != version) {
    reader.fail("version", "is not 1: a newer Tradewind wrote it");
  }
  KeyObject object;
  const json::array& keys = reader.array("keys");
  if (keys.empty() || keys.size() > keys_max) reader.fail("keys", "are none, or more than 32");
  if (!reader.status().ok()) return damaged(reader.status().error().message);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    JsonReader one(keys[i], "key object.keys[" + std::to_string(i) + "]");
    object.keys.push_back(wrapped_from_json(one));
    reader.merge(one.status());
  }
  if (!reader.status().ok()) return damaged(reader.status().error().message);
  return object;
}

WrappedKey wrap(const DataKey& key, const UserKey& by) {
  WrappedKey wrapped;
  wrapped.stretch_cost = by.passphrase ? stretch_cost : 0;
  wrapped.salt = io::random_bytes(salt_bytes);
  wrapped.wrapped =
      seal(wrapping_key(by, wrapped.salt, wrapped.stretch_cost), wrap_purpose, key.bytes().view());
  return wrapped;
}

Result<DataKey> unwrap(const KeyObject& object, const UserKey& by) {
  for (const WrappedKey& key : object.keys) {
    if (by.passphrase != (key.stretch_cost != 0)) continue;
    std::optional<std::string> opened =
        unseal(wrapping_key(by, key.salt, key.stretch_cost), wrap_purpose, key.wrapped);
    if (opened) return DataKey(SecretBytes(*std::move(opened)));
  }
  const std::string what = by.passphrase ? "passphrase" : "key";
  return Error{Code::unauthorized, "the " + what + " from " + by.from + " does not open it",
               "it was encrypted with another one, or that one was taken out by rekey"};
}

}  // namespace tradewind::sealing
