// When a file was last written, as the time of an object.
#pragma once

#include <chrono>
#include <sys/stat.h>

#include "base/time.h"

namespace tradewind::objectstore {

inline Time modified_at(const struct stat& facts) {
  const auto since_epoch =
      std::chrono::seconds(facts.st_mtim.tv_sec) + std::chrono::nanoseconds(facts.st_mtim.tv_nsec);
  return Time(std::chrono::floor<Duration>(since_epoch));
}

}  // namespace tradewind::objectstore
