// SHA-256 of two chunks: one after the other, and beside each other on one processor.
#include <benchmark/benchmark.h>

#include "edge/io/hash.h"
#include "edge/io/sha256_pair.h"

namespace {

using namespace tradewind::objectstore;

constexpr std::size_t chunk_bytes = std::size_t{4} << 20;

void one_after_the_other(benchmark::State& state) {
  const std::string first(chunk_bytes, 'a');
  const std::string second(chunk_bytes, 'b');
  for (auto _ : state) {
    benchmark::DoNotOptimize(sha256_alone(first));
    benchmark::DoNotOptimize(sha256_alone(second));
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * 2 * chunk_bytes));
}
BENCHMARK(one_after_the_other);

void beside_each_other(benchmark::State& state) {
  if (!hashes_in_pairs()) state.SkipWithError("this processor has no SHA instructions");
  const std::string first(chunk_bytes, 'a');
  const std::string second(chunk_bytes, 'b');
  for (auto _ : state) benchmark::DoNotOptimize(sha256_of_both(first, second));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * 2 * chunk_bytes));
}
BENCHMARK(beside_each_other);

}  // namespace

BENCHMARK_MAIN();
