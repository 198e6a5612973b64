#include "edge/io/cancellation.h"

#include <cstdint>
#include <poll.h>
#include <sys/eventfd.h>

namespace tradewind::io {

Cancellation::Cancellation() : wish_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

void Cancellation::ask() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(wish_.get(), &one, sizeof one);
}

void Cancellation::take_back() {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t read = ::read(wish_.get(), &count, sizeof count);
}

bool Cancellation::asked() const {
  pollfd waiting{wish_.get(), POLLIN, 0};
  return ::poll(&waiting, 1, 0) > 0;
}

}  // namespace tradewind::io
