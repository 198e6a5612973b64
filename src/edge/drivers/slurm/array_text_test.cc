#include "edge/drivers/slurm/array_text.h"

#include <gtest/gtest.h>

namespace tradewind::slurm {
namespace {

TEST(ArrayText, FoldsAndExpandsIndices) {
  EXPECT_EQ(fold_numbers({4, 5, 7}), "4-5,7");
  EXPECT_EQ(fold_numbers({}), "");
  EXPECT_EQ(expand_numbers("4-6,9%8"), (std::vector<long>{4, 5, 6, 9}));
  EXPECT_EQ(expand_numbers("1,3-4,..."), (std::vector<long>{1, 3, 4})) << "what is left out is not there";
  EXPECT_TRUE(expand_numbers("").empty());
  EXPECT_TRUE(expand_numbers("a-b,-1").empty());
  EXPECT_EQ(expand_numbers("0-99999999999").size(), 1'000'000U);
}

TEST(ArrayText, FoldsIdsForScancel) {
  EXPECT_EQ(fold_ids({"17_5", "18", "17_4", "17_7", "17_7", "9_1"}),
            (std::vector<std::string>{"18", "17_[4-5,7]", "9_1"}));
  EXPECT_EQ(index_of("17_4"), 4);
  EXPECT_EQ(index_of("17"), std::nullopt);
  EXPECT_EQ(index_of("17_..."), std::nullopt);
  EXPECT_EQ(index_of("_4"), std::nullopt);
}

TEST(ArrayText, ReadsHowLongAnArrayMayBe) {
  EXPECT_EQ(parse_array_max("MaxArraySize            = 1001\nMaxJobCount             = 10000\n"), 1001);
  EXPECT_EQ(parse_array_max("MaxArraySize = 4001\nSchedulerParameters = bf_interval=1,max_array_tasks=500\n"),
            500);
  EXPECT_EQ(parse_array_max("MaxArraySize = 0\n"), 0);
  EXPECT_EQ(parse_array_max("slurmctld is down\n"), 0);
}

}  // namespace
}  // namespace tradewind::slurm
