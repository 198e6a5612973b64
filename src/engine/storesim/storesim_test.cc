#include "engine/storesim/storesim.h"

#include <cstdlib>
#include <gtest/gtest.h>
#include <iostream>

#include "edge/checkpoint/chunk.h"
#include "engine/storesim/oracle.h"

namespace tradewind::storesim {
namespace {

// STORESIM_SEEDS=10000 runs as many as the release was proved with; STORESIM_FROM names the first.
std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets it
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

std::string text_of(const Outcome& outcome) {
  std::string text = "seed " + std::to_string(outcome.seed) + ", which `storesim --seed` plays again:\n";
  for (const std::string& line : outcome.trace) text += line + "\n";
  return text;
}

class StoreSim : public testing::Test {
 protected:
  void SetUp() override {
    auto made = Simulator::make();
    ASSERT_TRUE(made.ok()) << describe(made.error());
    simulator_ = *std::move(made);
  }
  std::unique_ptr<Simulator> simulator_;
};

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr std::uint64_t seeds = 60;
#else
constexpr std::uint64_t seeds = 300;
#endif

TEST_F(StoreSim, NoSeedLosesACheckpointOrReadsATornOne) {
  const std::uint64_t first = from_environment("STORESIM_FROM", 1);
  const std::uint64_t count = from_environment("STORESIM_SEEDS", seeds);
  Coverage coverage;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    const Outcome outcome = simulator_->run(seed);
    for (const auto& [what, times] : outcome.coverage) coverage[what] += times;
    ASSERT_FALSE(outcome.violation) << *outcome.violation << "\n"
                                    << text_of(simulator_->run(seed, Mutant::none, true));
  }
  // A run proves nothing about what it never met.
  for (const char* what : {"checkpoints",
                           "crashes",
                           "requests lost",
                           "replies lost",
                           "requests late",
                           "calls of a store that is away",
                           "lists in pages",
                           "local disk full",
                           "objects rotted",
                           "objects removed",
                           "prunes",
                           "prunes cut",
                           "prunes between others",
                           "chunks spared, since they were put again",
                           "restores",
                           "restores put off",
                           "restores of what was pruned meanwhile",
                           "restores that went on with what came before",
                           "saves failed",
                           "saves that went on after a crash",
                           "saves without a standby copy",
                           "saves longer than pruning's grace",
                           "copies longer than pruning's grace",
                           "copies",
                           "repairs",
                           "claims",
                           "writers fenced",
                           "races for the ledger lost"}) {
    EXPECT_GT(coverage[what], 0U) << what;
  }
  for (const auto& [what, times] : coverage) std::cout << times << " " << what << "\n";
}

TEST_F(StoreSim, TheSameSeedIsTheSameRun) {
  for (const std::uint64_t seed : {3U, 8U, 24U}) {
    const Outcome once = simulator_->run(seed, Mutant::none, true);
    const Outcome again = simulator_->run(seed, Mutant::none, true);
    EXPECT_GT(once.trace.size(), 20U);
    EXPECT_EQ(once.trace, again.trace);
    EXPECT_EQ(once.coverage, again.coverage);
  }
  // In another process, too: nothing of a path, a date of the disk or an address comes in.
  const auto other = Simulator::make();
  ASSERT_TRUE(other.ok());
  EXPECT_EQ((*other)->run(8, Mutant::none, true).trace, simulator_->run(8, Mutant::none, true).trace);
}

TEST_F(StoreSim, EachPlantedDefectIsNoticed) {
  // Seeds that meet the defect within the next few hundred: a search from 1 would only take longer. Which
  // ones they are changes with the calls that the engine makes: storesim --mutant NAME finds new ones.
  const std::map<Mutant, std::uint64_t> near = {
      {Mutant::long_save_tells_nothing, 80},
      {Mutant::long_copy_tells_nothing, 400},
      {Mutant::prune_looks_and_removes_in_two_steps, 170},
      {Mutant::prune_passes_over_unreadable, 225},
  };
  constexpr std::uint64_t patience = 400;
  for (const MutantFacts& each : all_mutants()) {
    const auto hint = near.find(each.mutant);
    const std::uint64_t first = hint == near.end() ? 1 : hint->second;
    std::optional<std::string> violation;
    std::uint64_t seed = first;
    for (; seed < first + patience && !violation; ++seed) {
      violation = simulator_->run(seed, each.mutant).violation;
    }
    EXPECT_TRUE(violation) << each.name << " breaks a rule, \"" << each.rule << "\", and nothing came of it";
    if (violation) std::cout << each.name << ", seed " << seed - 1 << ": " << *violation << "\n";
  }
}

TEST(Mutants, AreKnownByTheirNames) {
  std::set<std::string_view> names;
  for (const MutantFacts& each : all_mutants()) {
    EXPECT_TRUE(names.insert(each.name).second) << each.name;
    EXPECT_EQ(mutant_of(each.name), each.mutant);
    EXPECT_FALSE(each.rule.empty());
  }
  EXPECT_GT(names.size(), 20U);
  EXPECT_FALSE(mutant_of("none-such"));
}

}  // namespace
}  // namespace tradewind::storesim
