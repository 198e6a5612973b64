#include "app/cli/testing/offline_verbs.h"
#include "edge/provider/testing/fake_provider.h"

namespace tradewind::cli {
namespace {

// What main makes of the program; the fake behind it is the test's.
class Front final : public provider::Provider {
 public:
  explicit Front(provider::FakeProvider& fake) : fake_(fake) {}
  const provider::Capabilities& capabilities() const override { return fake_.capabilities(); }
  Result<std::vector<Offer>> offers(const provider::OfferQuery& query) override {
    return fake_.offers(query);
  }
  Result<provider::Launched> launch(const provider::LaunchRequest& request) override {
    return fake_.launch(request);
  }
  Result<InstancePage> instances(const OwnerId& owner, const provider::PageToken& page) override {
    return fake_.instances(owner, page);
  }
  Result<provider::TerminateState> terminate(const InstanceRef& instance) override {
    return fake_.terminate(instance);
  }

 private:
  provider::FakeProvider& fake_;
};

class ProviderTestVerb : public OfflineVerbsTest {
 protected:
  ProviderTestVerb() { use(provider::simple_fake_options()); }
  void use(provider::FakeOptions options) {
    fake_ = std::make_unique<provider::FakeProvider>(clock_, std::move(options));
    wiring_.supplier_on_trial =
        [this](const SupplierOnTrial& trial) -> Result<std::unique_ptr<provider::Provider>> {
      asked_ = trial;
      return std::unique_ptr<provider::Provider>(std::make_unique<Front>(*fake_));
    };
    options_.command = {"./supplier", "--flag"};
  }

  std::unique_ptr<provider::FakeProvider> fake_;
  SupplierOnTrial asked_;
  ProviderTestOptions options_;
};

TEST_F(ProviderTestVerb, SaysWhatItWillCostAndLaunchesNothingWithoutAYes) {
  const Result<ExitCode> code = run(run_provider_test, options_);
  ASSERT_FALSE(code.ok());
  EXPECT_EQ(exit_code_of(code.error().code), ExitCode::refused);
  EXPECT_NE(code.error().hint.find("--yes"), std::string::npos);
  EXPECT_NE(err_.str().find("12 checks launch up to 11 instances of fake/one:cpu:spot, 3 at once"),
            std::string::npos)
      << err_.str();
  EXPECT_NE(err_.str().find("At $0.40 an hour that is $2.20 at most"), std::string::npos) << err_.str();
  EXPECT_TRUE(fake_->launches().empty());
  EXPECT_EQ(asked_.command, options_.command);
  EXPECT_EQ(asked_.timeout, std::chrono::minutes(1));
}

TEST_F(ProviderTestVerb, PrintsEachCheckAndASummary) {
  options_.yes = true;
  options_.timeout = "30s";
  const Result<ExitCode> code = run(run_provider_test, options_);
  ASSERT_TRUE(code.ok()) << code.error().message;
  EXPECT_EQ(*code, ExitCode::done) << out();
  EXPECT_NE(out().find("ok          OffersNameTheirSupplier "), std::string::npos) << out();
  EXPECT_NE(out().find("not_run     FullSupplierSaysSoUntilThereIsRoom "), std::string::npos) << out();
  EXPECT_NE(out().find("12 of 13 checks hold, 1 was not run. Nothing is left running."), std::string::npos)
      << out();
  EXPECT_EQ(asked_.timeout, std::chrono::seconds(30));
  EXPECT_FALSE(io::path_exists(asked_.state_folder)) << "it goes with the trial";
}

TEST_F(ProviderTestVerb, ABrokenRuleFailsWithItsCure) {
  provider::FakeOptions two_of_one = provider::simple_fake_options();
  two_of_one.offers.push_back(two_of_one.offers[0]);
  two_of_one.offers[0].price_per_hour = two_of_one.offers[2].price_per_hour = Money(0);
  use(two_of_one);
  json_ = true;
  options_.offer = "one:cpu:spot";
  options_.yes = true;
  const Result<ExitCode> code = run(run_provider_test, options_);
  ASSERT_TRUE(code.ok()) << code.error().message;
  EXPECT_EQ(*code, ExitCode::failed);
  const json::value report = document();
  EXPECT_FALSE(report.at("conforms").as_bool());
  EXPECT_TRUE(report.at("nothing_left").as_bool());
  EXPECT_EQ(report.at("offer"), "fake/one:cpu:spot");
  const json::value& first = report.at("checks").at(0);
  EXPECT_EQ(first.at("status"), "broken");
  EXPECT_EQ(first.at("problems").at(0), "fake/one:cpu:on_demand is there twice");
  EXPECT_NE(first.at("cure").as_string().find("unique"), std::string::npos);
  EXPECT_TRUE(report.at("checks").at(1).at("cure").is_null());
}

TEST_F(ProviderTestVerb, AnOfferIsNamedByItsKeyOrByWhatIsUniqueOfIt) {
  options_.offer = "cpu";
  const Result<ExitCode> several = run(run_provider_test, options_);
  ASSERT_FALSE(several.ok());
  EXPECT_EQ(several.error().code, Code::invalid_argument);
  EXPECT_NE(several.error().hint.find("fake/one:cpu:on_demand, fake/one:cpu:spot"), std::string::npos);
  options_.offer = "gpu";
  EXPECT_EQ(run(run_provider_test, options_).error().code, Code::not_found);
  options_.offer = "fake/one:cpu:on_demand";
  EXPECT_EQ(run(run_provider_test, options_).error().code, Code::unauthorized) << "it is not free";
  EXPECT_NE(err_.str().find("fake/one:cpu:on_demand"), std::string::npos);
}

TEST_F(ProviderTestVerb, AnInterruptIsToldAndNothingIsLeft) {
  options_.yes = true;
  interrupted_ = true;
  const Result<ExitCode> code = run(run_provider_test, options_);
  ASSERT_TRUE(code.ok());
  EXPECT_EQ(*code, ExitCode::interrupted);
  EXPECT_NE(out().find("; interrupted. Nothing is left running."), std::string::npos) << out();
  EXPECT_TRUE(fake_->launches().empty());
}

TEST_F(ProviderTestVerb, AProgramThatDoesNotAnswerIsItsError) {
  wiring_.supplier_on_trial = [](const SupplierOnTrial&) -> Result<std::unique_ptr<provider::Provider>> {
    return Error{Code::unavailable, "it did not answer"};
  };
  EXPECT_EQ(run(run_provider_test, options_).error().message, "it did not answer");
  options_.timeout = "soon";
  EXPECT_EQ(run(run_provider_test, options_).error().code, Code::invalid_argument);
}

}  // namespace
}  // namespace tradewind::cli
