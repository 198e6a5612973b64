// Seeded randomness: chance comes into the core as a value, so one seed is one run.
#pragma once

#include <cstdint>

namespace tradewind {

// xoshiro256** (Blackman, Vigna 2018), seeded by splitmix64. Not for secrets.
class Random {
 public:
  explicit Random(std::uint64_t seed);
  std::uint64_t next();
  // Uniform in [0, bound). REQUIRES: bound > 0
  std::uint64_t below(std::uint64_t bound);
  // Uniform in [0, 1).
  double unit();
  bool chance(double probability) { return unit() < probability; }
  // Exponential with the given mean.
  double exponential(double mean);

 private:
  std::uint64_t state_[4];
};

}  // namespace tradewind
