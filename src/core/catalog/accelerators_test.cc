#include "core/catalog/accelerators.h"

#include <fstream>
#include <gtest/gtest.h>
#include <set>
#include <sstream>
#include <string>

namespace tradewind::catalog {
namespace {

TEST(Accelerators, have_plausible_figures_a_source_and_a_name_that_reads_back) {
  std::set<std::pair<std::string_view, std::string_view>> seen;
  for (const AcceleratorFacts& facts : all_accelerators()) {
    SCOPED_TRACE(std::string(facts.name) + " " + std::string(facts.variant));
    EXPECT_TRUE(seen.insert({facts.name, facts.variant}).second);
    EXPECT_GE(facts.memory_gib, 8);
    EXPECT_LE(facts.memory_gib, 288);
    EXPECT_GE(facts.memory_gb_per_s, 50);
    EXPECT_LE(facts.memory_gb_per_s, 8000);
    EXPECT_GT(training_tflops(facts), 4);
    EXPECT_LE(training_tflops(facts), 2500);
    // Dense FP8 is at most four times BF16 (Trainium3); a sparse figure that slipped in would be more.
    EXPECT_LE(facts.fp8_tflops, 4 * facts.bf16_tflops);
    EXPECT_FALSE(facts.source.empty());
    EXPECT_EQ(facts.source_date.size(), 4U);
    const Result<AcceleratorWish> wish = read_accelerator(facts.name);
    ASSERT_TRUE(wish.ok());
    EXPECT_EQ(wish->name, facts.name);
    for (const std::string_view alias : facts.aliases) {
      if (alias.empty()) continue;
      EXPECT_EQ(read_accelerator(alias).value_or({}).name, facts.name) << alias;
    }
  }
  EXPECT_GE(seen.size(), 35U);
}

TEST(Accelerators, are_all_listed_in_the_users_guide) {
  const std::ifstream file(std::string(TRADEWIND_SOURCE_DIR) + "/docs/catalogue.md");
  ASSERT_TRUE(file.is_open());
  std::stringstream guide;
  guide << file.rdbuf();
  for (const AcceleratorFacts& facts : all_accelerators()) {
    EXPECT_NE(guide.str().find(" " + std::string(facts.name) + " "), std::string::npos) << facts.name;
  }
}

TEST(Accelerators, of_every_kind_are_in_the_table) {
  std::set<AcceleratorKind> kinds;
  for (const AcceleratorFacts& facts : all_accelerators()) kinds.insert(facts.kind);
  EXPECT_EQ(kinds.size(), 5U);
  EXPECT_EQ(to_text(AcceleratorKind::inferentia), "inferentia");
}

TEST(Accelerators, are_read_whatever_the_case_the_blanks_and_the_vendor) {
  struct Case {
    std::string_view text;
    std::string_view name;
    double memory_gib;
  };
  for (const Case& c : {Case{"H100", "H100", 0},
                        Case{"h100", "H100", 0},
                        Case{"nvidia-h100-80gb", "H100", 80},
                        Case{"NVIDIA H100 80GB HBM3", "H100", 80},
                        Case{"H100 NVL", "H100-NVL", 0},
                        Case{"H100NVL", "H100-NVL", 0},
                        Case{"A100-80GB", "A100", 80},
                        Case{"NVIDIA A100-SXM4-80GB", "A100", 80},
                        Case{"Tesla V100-SXM2-32GB", "V100", 32},
                        Case{"RTX 4090", "RTX4090", 0},
                        Case{"NVIDIA GeForce RTX 4090", "RTX4090", 0},
                        Case{"rtx_6000_ada", "RTX6000Ada", 0},
                        Case{"NVIDIA RTX 6000 Ada Generation", "RTX6000Ada", 0},
                        Case{"RTX A6000", "A6000", 0},
                        Case{"NVIDIA RTX PRO 6000 Blackwell Server Edition", "RTXPRO6000", 0},
                        Case{"tpu-v5e", "TPU-v5e", 0},
                        Case{"v5litepod", "TPU-v5e", 0},
                        Case{"TPU v6e", "TPU-v6e", 0},
                        Case{"Trainium", "Trainium1", 0},
                        Case{"trn2", "Trainium2", 0},
                        Case{"Inferentia", "Inferentia1", 0},
                        Case{"Gaudi", "Gaudi1", 0},
                        Case{"AMD Instinct MI300X", "MI300X", 0}}) {
    const Result<AcceleratorWish> wish = read_accelerator(c.text);
    ASSERT_TRUE(wish.ok()) << c.text << ": " << describe(wish.error());
    EXPECT_EQ(wish->name, c.name) << c.text;
    EXPECT_EQ(wish->memory_gib, c.memory_gib) << c.text;
  }
}

TEST(Accelerators, that_are_unknown_are_refused_with_the_nearest_word) {
  const Result<AcceleratorWish> wish = read_accelerator("H10O");
  ASSERT_FALSE(wish.ok());
  EXPECT_EQ(wish.error().code, Code::not_found);
  EXPECT_EQ(wish.error().message, "'H10O' is not an accelerator of the table");
  EXPECT_EQ(wish.error().hint, "did you mean H100?");
  EXPECT_FALSE(read_accelerator("").ok());
  EXPECT_FALSE(read_accelerator("nvidia").ok());
  EXPECT_FALSE(read_accelerator("H100 toaster").ok());
  EXPECT_FALSE(read_accelerator(std::string(100000, 'x')).ok());
}

TEST(Accelerators, without_a_memory_in_the_wish_accept_every_variant) {
  const AcceleratorWish any = *read_accelerator("A100");
  EXPECT_TRUE(accepts(any, {"A100", 8, 40}));
  EXPECT_TRUE(accepts(any, {"A100", 8, 80}));
  EXPECT_FALSE(accepts(any, {"H100", 8, 80}));
  const AcceleratorWish large = *read_accelerator("A100-80GB");
  EXPECT_FALSE(accepts(large, {"A100", 8, 40}));
  EXPECT_TRUE(accepts(large, {"A100", 8, 79.6}));
  EXPECT_FALSE(accepts(large, {"A100", 8, 0}));  // the usual A100 has 40
  EXPECT_FALSE(accepts(*read_accelerator("H100"), {"H100-NVL", 1, 94}));
}

TEST(Accelerators, tell_their_variant_by_memory_and_by_the_form_in_the_instance_type) {
  EXPECT_EQ(facts_of({"A100", 8, 80}, "p4de.24xlarge")->variant, "80GB");
  EXPECT_EQ(facts_of({"A100", 8, 40}, "p4d.24xlarge")->memory_gib, 40);
  EXPECT_EQ(facts_of({"H100", 1, 80}, "gpu_1x_h100_pcie")->bf16_tflops, 756.5);
  EXPECT_EQ(facts_of({"H100", 1, 80}, "gpu_1x_h100_sxm5")->bf16_tflops, 989.4);
  EXPECT_EQ(facts_of({"V100", 1, 0}, "")->memory_gib, 16);
  EXPECT_EQ(facts_of({"B300", 1, 262}, "")->memory_gib, 288);
  EXPECT_EQ(facts_of({"Abacus", 1, 1}, ""), nullptr);
  EXPECT_EQ(find_accelerator("V100-32GB")->variant, "32GB");
  EXPECT_EQ(find_accelerator("Abacus"), nullptr);
}

TEST(Accelerators, without_bf16_train_at_their_fp16_rate_and_the_oldest_at_fp32) {
  EXPECT_EQ(training_tflops(*find_accelerator("H100")), 989.4);
  EXPECT_EQ(training_tflops(*find_accelerator("V100")), 125);
  EXPECT_EQ(training_tflops(*find_accelerator("K80")), 4.4);
}

}  // namespace
}  // namespace tradewind::catalog
