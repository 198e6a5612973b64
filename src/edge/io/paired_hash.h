// SHA-256 of large messages that several threads hash at the same time: two at once on one processor.
#pragma once

#include <string>
#include <string_view>

namespace tradewind::io {

// While it lives, this thread is about to hash: another may wait some milliseconds for it.
class HashingSoon {
 public:
  HashingSoon();
  ~HashingSoon();
  HashingSoon(const HashingSoon&) = delete;
  HashingSoon& operator=(const HashingSoon&) = delete;
};

// Of what is smaller, waiting would cost more than it gains.
inline constexpr std::size_t paired_bytes_min = std::size_t{1} << 20;

// 32 raw bytes, of a message alone or together with that of another thread that asks at about the same time.
std::string paired_sha256(std::string_view bytes);

}  // namespace tradewind::io
