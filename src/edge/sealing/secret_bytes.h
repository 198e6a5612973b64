// Bytes that are wiped from memory when they are no longer needed.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace tradewind::sealing {

// Never printed, never compared in a way that tells how much was right.
class SecretBytes {
 public:
  SecretBytes() = default;
  explicit SecretBytes(std::string bytes) : bytes_(std::move(bytes)) {}
  SecretBytes(const SecretBytes&) = default;
  SecretBytes(SecretBytes&& other) noexcept : bytes_(std::move(other.bytes_)) { other.wipe(); }
  SecretBytes& operator=(const SecretBytes& other) {
    if (this != &other) {
      wipe();
      bytes_ = other.bytes_;
    }
    return *this;
  }
  SecretBytes& operator=(SecretBytes&& other) noexcept {
    if (this != &other) {
      wipe();
      bytes_ = std::move(other.bytes_);
      other.wipe();
    }
    return *this;
  }
  ~SecretBytes() { wipe(); }

  std::string_view view() const { return bytes_; }
  bool empty() const { return bytes_.empty(); }

 private:
  void wipe() noexcept;
  std::string bytes_;
};

}  // namespace tradewind::sealing
