#include "edge/provider/testing/conformance.h"

#include <gtest/gtest.h>

namespace tradewind::provider {
namespace {

class ConformanceTest final : public testing::Test {
 public:
  ConformanceTest(const ConformanceCheck& check, SubjectMaker maker)
      : check_(check), maker_(std::move(maker)) {}
  void TestBody() override {
    const std::unique_ptr<ConformanceSubject> subject = maker_();
    ASSERT_NE(subject, nullptr);
    for (const std::string& problem : run_check(check_, *subject)) ADD_FAILURE() << problem;
  }

 private:
  const ConformanceCheck& check_;
  SubjectMaker maker_;
};

}  // namespace

bool register_conformance(const std::string& name, const SubjectMaker& maker) {
  for (const ConformanceCheck& check : conformance_checks()) {
    testing::RegisterTest((name + "Conformance").c_str(), std::string(check.name).c_str(), nullptr, nullptr,
                          __FILE__, __LINE__,
                          [&check, maker]() -> testing::Test* { return new ConformanceTest(check, maker); });
  }
  return true;
}

std::vector<Instance> list_all(Provider& provider, const OwnerId& owner) {
  const Result<std::vector<Instance>> all = all_instances(provider, owner);
  EXPECT_TRUE(all.ok()) << describe(all.ok() ? Error{} : all.error());
  return all.value_or({});
}

}  // namespace tradewind::provider
