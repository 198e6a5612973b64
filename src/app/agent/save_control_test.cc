#include "app/agent/save_control.h"

#include <gtest/gtest.h>

namespace tradewind::agent {
namespace {

using std::chrono::seconds;

// "paced" or "at once" for a capture, "lift" for the word to the one under way.
std::vector<std::string> due(SaveControl& saves, Duration now) {
  std::vector<std::string> names;
  for (const Action& action : saves.take(now)) {
    if (std::holds_alternative<LiftBandwidth>(action)) names.emplace_back("lift");
    const auto* run = std::get_if<RunTask>(&action);
    if (run != nullptr) names.emplace_back(std::get<Capture>(run->task).paced ? "paced" : "at once");
  }
  return names;
}

using Names = std::vector<std::string>;

TEST(SaveControl, ALimitHoldsForSavesThatNobodyWaitsFor) {
  SaveOptions options;
  options.checkpoint.path = "state";
  options.checkpoint.bandwidth = "1M";
  SaveControl saves(options);
  saves.program_started(seconds(0));
  saves.announced(10, seconds(1));
  EXPECT_EQ(due(saves, seconds(1)), Names{"paced"});
  saves.hurry();
  EXPECT_EQ(due(saves, seconds(2)), Names{"lift"}) << "the one under way goes on without a limit";
  saves.announced(12, seconds(3));
  EXPECT_EQ(due(saves, seconds(3)), Names{});
  saves.captured({true, 10}, seconds(4));
  EXPECT_EQ(due(saves, seconds(4)), Names{"at once"}) << "it was wanted before the first had ended";
  saves.captured({true, 12}, seconds(5));
  saves.announced(14, seconds(6));
  EXPECT_EQ(due(saves, seconds(6)), Names{"paced"});
  saves.program_ended(Life::ended, seconds(7));
  EXPECT_EQ(due(saves, seconds(7)), Names{"lift"});
  saves.captured({true, 14}, seconds(8));
  EXPECT_EQ(due(saves, seconds(8)), Names{"at once"});
}

TEST(SaveControl, WithoutALimitThereIsNothingToLift) {
  SaveOptions options;
  options.checkpoint.path = "state";
  SaveControl saves(options);
  saves.program_started(seconds(0));
  saves.announced(10, seconds(1));
  EXPECT_EQ(due(saves, seconds(1)), Names{"at once"});
  saves.hurry();
  EXPECT_EQ(due(saves, seconds(2)), Names{});
}

}  // namespace
}  // namespace tradewind::agent
