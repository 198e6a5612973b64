#include "edge/sealing/secret_bytes.h"

#include <openssl/crypto.h>

namespace tradewind::sealing {

void SecretBytes::wipe() noexcept {
  // To its capacity: a short string lies in the object itself, and a moved one leaves its bytes there.
  bytes_.resize(bytes_.capacity());
  OPENSSL_cleanse(bytes_.data(), bytes_.size());
  bytes_.clear();
}

}  // namespace tradewind::sealing
