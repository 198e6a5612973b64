// The data key of a sealed store, wrapped by the keys of the people who may open it, as it lies in the store.
// Format: docs/formats/sealed.md.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "edge/sealing/secret_bytes.h"
#include "edge/sealing/user_key.h"

namespace tradewind::sealing {

// What seals the objects of one store. Made once, and never changed: rotation wraps it anew.
class DataKey {
 public:
  static DataKey fresh();
  // REQUIRES: 32 bytes.
  explicit DataKey(SecretBytes bytes);
  const SecretBytes& bytes() const { return bytes_; }
  const SecretBytes& for_content() const { return content_; }
  const SecretBytes& for_names() const { return names_; }

 private:
  SecretBytes bytes_;
  SecretBytes content_;
  SecretBytes names_;
};

struct WrappedKey {
  int stretch_cost = 0;  // of a passphrase (cipher.h); 0: of a key
  std::string salt;      // 16 raw bytes
  std::string wrapped;   // the sealed data key, raw
  bool operator==(const WrappedKey&) const = default;
};

struct KeyObject {
  std::vector<WrappedKey> keys;  // any one of them opens the store
  bool operator==(const KeyObject&) const = default;
};

std::string to_text(const KeyObject& object);
// Without the key the text proves nothing: its bounds keep it from costing time and memory. corrupt.
Result<KeyObject> key_object_from_text(std::string_view text);

WrappedKey wrap(const DataKey& key, const UserKey& by);
// unauthorized: no wrapped key of it is this user's.
Result<DataKey> unwrap(const KeyObject& object, const UserKey& by);

}  // namespace tradewind::sealing
