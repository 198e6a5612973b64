#include "core/task/sbatch_values.h"

#include <gtest/gtest.h>

namespace tradewind::task {
namespace {

TEST(SbatchValues, ReadsAllFormsOfATime) {
  const std::pair<const char*, std::int64_t> forms[] = {
      {"90", 90 * 60},     {"90:30", 90 * 60 + 30},   {"1:30:00", 5400}, {"2-12", 60 * 3600},
      {"2-12:30", 217800}, {"2-12:30:15", 217815},    {"0:30", 30},      {"00:00:30", 30},
      {"1-0", 86400},      {"100:00:00", 100 * 3600},
  };
  for (const auto& [text, seconds] : forms) {
    const auto time = parse_slurm_time(text);
    ASSERT_TRUE(time.ok()) << text;
    ASSERT_TRUE(time->has_value()) << text;
    EXPECT_EQ((*time)->count() / 1000, seconds) << text;
  }
  for (const char* text : {"UNLIMITED", "infinite", "0", "-1", "0-0"}) {
    const auto time = parse_slurm_time(text);
    ASSERT_TRUE(time.ok()) << text;
    EXPECT_FALSE(time->has_value()) << text;
  }
  for (const char* text :
       {"", "x", "1h", "1:2:3:4", "1-", "-5", "1-2:3:4:5", "1.5", "99999999999", "1--2", "1:"})
    EXPECT_FALSE(parse_slurm_time(text).ok()) << text;
}

TEST(SbatchValues, ASizeWithoutAUnitIsInMegabytes) {
  EXPECT_EQ(*parse_slurm_memory("2048"), 2);
  EXPECT_EQ(*parse_slurm_memory("16G"), 16);
  EXPECT_EQ(*parse_slurm_memory("16gb"), 16);
  EXPECT_EQ(*parse_slurm_memory("1048576K"), 1);
  EXPECT_EQ(*parse_slurm_memory("2T"), 2048);
  EXPECT_EQ(*parse_slurm_memory("0"), 0);
  for (const char* text : {"", "G", "1.5G", "16GiB", "-1", "1 G", "16X"})
    EXPECT_FALSE(parse_slurm_memory(text).ok()) << text;
}

TEST(SbatchValues, ReadsArrays) {
  EXPECT_EQ(*parse_slurm_array("0-3%2"), (SlurmArray{{0, 1, 2, 3}, 1, 2}));
  EXPECT_EQ(*parse_slurm_array("1,3-9:2"), (SlurmArray{{1, 3, 5, 7, 9}, 1, 0}));
  EXPECT_EQ(*parse_slurm_array("0-15:4"), (SlurmArray{{0, 4, 8, 12}, 4, 0}));
  EXPECT_EQ(*parse_slurm_array("[5,1-2]"), (SlurmArray{{1, 2, 5}, 1, 0}));
  EXPECT_EQ(*parse_slurm_array("7"), (SlurmArray{{7}, 1, 0}));
  EXPECT_EQ(*parse_slurm_array("2,2,1-2"), (SlurmArray{{1, 2}, 1, 0}));
  for (const char* text :
       {"", "a", "3-1", "1-", "1,,2", "1-3:0", "0-3%", "0-3%0", "1:2", "4000001", "-1", "1 2"})
    EXPECT_FALSE(parse_slurm_array(text).ok()) << text;
  EXPECT_EQ(parse_slurm_array("0-9999")->indexes.size(), 10'000U);
  EXPECT_FALSE(parse_slurm_array("0-10000").ok()) << "more than anybody means";
  EXPECT_FALSE(parse_slurm_array("0-4000000").ok());
}

TEST(SbatchValues, ReadsGpus) {
  EXPECT_EQ(*parse_slurm_gpus("2"), (SlurmGpus{"", 2}));
  EXPECT_EQ(*parse_slurm_gpus("a100:2"), (SlurmGpus{"a100", 2}));
  EXPECT_EQ(*parse_slurm_gpus("a100"), (SlurmGpus{"a100", 1}));
  for (const char* text : {"", "a100:", ":2", "a100:2,v100:1", "a:b:c"})
    EXPECT_FALSE(parse_slurm_gpus(text).ok()) << text;
  EXPECT_EQ(parse_slurm_gres("gpu")->gpus, (SlurmGpus{"", 1}));
  EXPECT_EQ(parse_slurm_gres("gpu:a100:2(S:0-1)")->gpus, (SlurmGpus{"a100", 2}));
  EXPECT_EQ(parse_slurm_gres("gres/gpu:4")->gpus, (SlurmGpus{"", 4}));
  const auto mixed = parse_slurm_gres("tmp:100,gpu:1");
  EXPECT_EQ(mixed->gpus.count, 1);
  EXPECT_EQ(mixed->others, std::vector<std::string>{"tmp:100"});
  EXPECT_EQ(parse_slurm_gres("none")->gpus.count, 0);
  EXPECT_FALSE(parse_slurm_gres("gpu:a100:2,gpu:v100:1").ok());
  EXPECT_FALSE(parse_slurm_gres("gpu:a:b:c").ok());
}

TEST(SbatchValues, ReadsSignals) {
  EXPECT_EQ(*parse_slurm_signal("USR1"), (SlurmSignal{"SIGUSR1", false, 60}));
  EXPECT_EQ(*parse_slurm_signal("B:SIGUSR2@120"), (SlurmSignal{"SIGUSR2", true, 120}));
  EXPECT_EQ(*parse_slurm_signal("10@30"), (SlurmSignal{"SIGUSR1", false, 30}));
  EXPECT_EQ(*parse_slurm_signal("RB:term"), (SlurmSignal{"SIGTERM", true, 60}));
  for (const char* text : {"", "KILL", "9", "X:USR1", "USR1@", "USR1@x", "USR1@65536"})
    EXPECT_FALSE(parse_slurm_signal(text).ok()) << text;
}

TEST(SbatchValues, ReadsOffsets) {
  EXPECT_EQ(*parse_slurm_offset("now+2hours"), std::chrono::hours(2));
  EXPECT_EQ(*parse_slurm_offset("now+90"), std::chrono::seconds(90));
  EXPECT_EQ(*parse_slurm_offset("now+1week"), std::chrono::hours(168));
  for (const char* text : {"now", "now+", "now+0", "now+x", "now+2fortnights", "12:30"})
    EXPECT_FALSE(parse_slurm_offset(text)) << text;
}

TEST(SbatchValues, PatternsMakeFileNames) {
  const SlurmFileFacts facts{"j-2", "j-1", 7, "sweep v1", "ana"};
  EXPECT_EQ(slurm_file_name("slurm-%A_%a.out", facts), "slurm-j-1_7.out");
  EXPECT_EQ(slurm_file_name("%x.%j.%3a.%u%%", facts), "sweep v1.j-2.007.ana%");
  EXPECT_EQ(slurm_file_name("out.%N.%q", facts), "out.%N.%q");
  EXPECT_EQ(slurm_file_name("a\\%j", facts), "a%j");
  EXPECT_EQ(slurm_file_name("end%", facts), "end%");
  EXPECT_EQ(slurm_file_name("%a", {"j-1", "j-1", std::nullopt, "x", "u"}), "4294967294") << "as Slurm has it";
  EXPECT_EQ(unknown_patterns("%j.%N.%03q"), (std::vector<std::string>{"%N", "%03q"}));
  EXPECT_TRUE(unknown_patterns("%A%a%j%x%u%%").empty());
}

}  // namespace
}  // namespace tradewind::task
