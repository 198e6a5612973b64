#include "edge/drivers/exec/exec_provider.h"

#include <gtest/gtest.h>
#include <thread>

#include "edge/drivers/exec/testing/scripted.h"
#include "edge/io/process.h"
#include "edge/io/system_clock.h"
#include "edge/provider/testing/conformance.h"

namespace tradewind::exec {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// The recipe, as a user copies it.
class RecipeSubject final : public provider::ConformanceSubject {
 public:
  RecipeSubject() : folder_("#!/bin/sh\nexec sleep 600\n"), first_(open()), second_(open()) {}
  RecipeSubject(const RecipeSubject&) = delete;
  RecipeSubject& operator=(const RecipeSubject&) = delete;
  ~RecipeSubject() override {
    for (const OwnerId& who : {owner(), other_owner()}) {
      for (int i = 0; i < 600; ++i) {
        bool alive = false;
        for (const Instance& instance : provider::list_all(*first_, who)) {
          if (instance.state == InstanceState::terminated) continue;
          alive = true;
          static_cast<void>(first_->terminate(instance.ref).ok());
        }
        if (!alive) break;
        wait(milliseconds(50));
      }
    }
  }
  provider::Provider& provider() override { return *first_; }
  provider::Provider& reopened() override { return *second_; }
  Offer offer() override {
    Offer offer;
    offer.location = {"rented", "here"};
    offer.instance_type = "small";
    offer.purchase = Purchase::spot;
    return offer;
  }
  int capacity() override { return 3; }
  void wait(Duration span) override { std::this_thread::sleep_for(span); }

 private:
  std::unique_ptr<ExecProvider> open() {
    ExecOptions options;
    options.config.name = "rented";
    options.config.command = {"/usr/bin/python3", "-B", TRADEWIND_SOURCE_DIR "/recipes/supplier/supplier.py",
                              "--capacity", "3"};
    options.environment = io::current_environment();
    options.folder = folder_.path();
    options.state_folder = folder_.state();
    options.agent_program = folder_.program().string();
    options.log = folder_.log();
    return ExecProvider::open(std::move(options), clock_).value();
  }
  io::SystemClock clock_;
  ScriptFolder folder_;
  std::unique_ptr<ExecProvider> first_;
  std::unique_ptr<ExecProvider> second_;
};

const bool registered =
    provider::register_conformance("ExecRecipe", [] { return std::make_unique<RecipeSubject>(); });

class ExecSupplier : public testing::Test {
 protected:
  void use(const std::string& script) {
    folder_ = std::make_unique<ScriptFolder>(script);
    options_ = {};
    options_.config.name = "volt";
    options_.config.command = {"./supplier"};
    options_.config.timeout = seconds(20);
    options_.environment = {{"PATH", "/usr/bin:/bin"}, {"VOLT_TOKEN", "t-1"}, {"OTHER", "o"}};
    options_.folder = folder_->path();
    options_.state_folder = folder_->state();
    options_.facts_file = folder_->path() / "facts" / "volt.json";
    options_.agent_program = "/usr/bin/tradewind-agent";
    options_.log = folder_->log();
    options_.first_pause = milliseconds(50);
  }
  std::unique_ptr<ExecProvider> open() { return ExecProvider::open(options_, clock_).value(); }
  provider::LaunchRequest request() {
    provider::LaunchRequest request;
    request.token = "l-1";
    request.owner = OwnerId("me");
    request.offer.location = {"volt", "eu"};
    request.offer.instance_type = "small";
    return request;
  }
  static std::string offer_in(const std::string& region) {
    return R"({"region":")" + region +
           R"(","instance_type":"small","purchase":"spot","price_per_hour":{"amount":"0.40","currency":"USD"}})";
  }

  io::SystemClock clock_;
  std::unique_ptr<ScriptFolder> folder_;
  ExecOptions options_;
};

TEST_F(ExecSupplier, SellsUnderItsOwnName) {
  use(scripted("offers) answer '{\"offers\":[" + offer_in("eu") + "]}' ;;"));
  const auto provider = open();
  EXPECT_EQ(provider::supplier_name(provider->capabilities()), "volt");
  EXPECT_EQ(provider->capabilities().regions, std::vector<std::string>{"eu"});
  EXPECT_TRUE(provider->capabilities().offers_change);
  const auto offers = provider->offers({});
  ASSERT_TRUE(offers.ok()) << offers.error().message;
  ASSERT_EQ(offers->size(), 1U);
  EXPECT_EQ(offer_key(offers->front()), "volt/eu:small:spot");
  EXPECT_EQ(offers->front().observed_on, format_utc(clock_.now()).substr(0, 10));
}

TEST_F(ExecSupplier, OnlyTheRegionsOfTheFileAreUsed) {
  use(
      scripted("capabilities) answer '{\"protocol\":1,\"regions\":[\"eu\",\"us\"],\"spot\":true}' ;; "
               "offers) answer '{\"offers\":[" +
               offer_in("eu") + "," + offer_in("us") + "]}' ;;"));
  options_.config.regions = {"us"};
  const auto provider = open();
  const auto offers = provider->offers({});
  ASSERT_TRUE(offers.ok()) << offers.error().message;
  ASSERT_EQ(offers->size(), 1U);
  EXPECT_EQ(offers->front().location.region, "us");
  EXPECT_TRUE(provider->offers({"eu"})->empty());
  const auto launched = provider->launch(request());
  ASSERT_FALSE(launched.ok());
  EXPECT_EQ(launched.error().code, Code::invalid_argument);
}

TEST_F(ExecSupplier, TheProgramGetsTheVariablesThatItsFileNamesAndNoOthers) {
  use(scripted("offers) env >\"$TRADEWIND_SUPPLIER_STATE/env\"; answer '{\"offers\":[]}' ;;"));
  options_.config.environment = {"VOLT_TOKEN"};
  const auto provider = open();
  ASSERT_TRUE(provider->offers({}).ok());
  const std::string environment = folder_->note("env");
  EXPECT_NE(environment.find("VOLT_TOKEN=t-1\n"), std::string::npos);
  EXPECT_NE(environment.find("TRADEWIND_SUPPLIER=volt\n"), std::string::npos);
  EXPECT_EQ(environment.find("OTHER="), std::string::npos);
}

TEST_F(ExecSupplier, WrongAnswersNameProgramMethodAndFieldAndLeaveTheOutcomeOpen) {
  use(scripted("offers) answer '{\"offers\":[" + offer_in("mars") +
               "]}' ;; launch) answer '{}' ;; "
               "instances) answer '{\"instances\":3}' ;; terminate) answer '{\"state\":\"gone\"}' ;;"));
  const auto provider = open();
  const auto told = [](const auto& result) {
    EXPECT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, Code::unavailable);
    return result.ok() ? "" : result.error().message;
  };
  const std::string who = "the program of the supplier volt (./supplier) answered ";
  EXPECT_EQ(told(provider->offers({})),
            who + "offers wrongly: result.offers[0].region is 'mars', which capabilities do not name");
  EXPECT_EQ(told(provider->launch(request())), who + "launch wrongly: result.region is missing");
  EXPECT_EQ(told(provider->instances(OwnerId("me"), "")),
            who + "instances wrongly: result.instances is not an array");
  EXPECT_EQ(told(provider->terminate({{"volt", "eu"}, InstanceId("i")})),
            who + "terminate wrongly: result.state is 'gone', not done or in_progress");
  EXPECT_EQ(folder_->starts(), 1) << "wrong content is no reason to end it";
}

TEST_F(ExecSupplier, AnotherSuppliersInstanceIsNotItsToEnd) {
  use(scripted("terminate) touch \"$TRADEWIND_SUPPLIER_STATE/asked\"; answer '{\"state\":\"done\"}' ;;"));
  const auto provider = open();
  EXPECT_EQ(provider->terminate({{"aws", "eu"}, InstanceId("i")}).value(), provider::TerminateState::done);
  EXPECT_FALSE(io::path_exists(folder_->state() / "asked"));
  provider::LaunchRequest elsewhere = request();
  elsewhere.offer.location.provider = "aws";
  EXPECT_EQ(provider->launch(elsewhere).error().code, Code::invalid_argument);
}

TEST_F(ExecSupplier, OneThatDoesNotAnswerIsTakenForTheMostCarefulOrForWhatItWas) {
  use("#!/bin/sh\nexit 1\n");
  {
    const auto unknown = open();
    EXPECT_TRUE(unknown->capabilities().far);
    EXPECT_TRUE(unknown->capabilities().network_stores_only);
    EXPECT_GT(unknown->capabilities().list_delay, seconds(0));
    EXPECT_EQ(unknown->offers({}).error().code, Code::unavailable);
    EXPECT_NE(unknown->prove_started().error().message.find("ended: exit code 1"), std::string::npos);
  }
  ASSERT_TRUE(io::write_file_atomic(folder_->program(), scripted(""), {0755, false}).ok());
  EXPECT_FALSE(open()->capabilities().far);
  ASSERT_TRUE(io::write_file_atomic(folder_->program(), "#!/bin/sh\nexit 1\n", {0755, false}).ok());
  const auto known = open();
  EXPECT_FALSE(known->capabilities().far) << "as it was last time";
  EXPECT_EQ(known->capabilities().regions, std::vector<std::string>{"eu"});
}

TEST_F(ExecSupplier, OneThatComesBackAskingForMoreCareIsRefused) {
  use(scripted("offers) exit 1 ;;"));
  const auto provider = open();
  EXPECT_FALSE(provider->offers({}).ok());
  const std::string slower =
      "capabilities) answer '{\"protocol\":1,\"regions\":[\"eu\"],\"far\":false,\"list_delay_s\":60}' ;;";
  ASSERT_TRUE(io::write_file_atomic(folder_->program(), scripted(slower), {0755, false}).ok());
  std::string message;
  for (int i = 0; i < 100 && message.find("list_delay_s is 1m") == std::string::npos; ++i) {
    message = provider->offers({}).error().message;
    std::this_thread::sleep_for(milliseconds(20));
  }
  EXPECT_NE(message.find("list_delay_s is 1m 00s now, and was"), std::string::npos) << message;
}

TEST_F(ExecSupplier, CheckProvesWhatCanBeProvedWithoutALaunch) {
  use(scripted("offers) answer '{\"offers\":[" + offer_in("eu") +
               "]}' ;; instances) answer "
               "'{\"instances\":[]}' ;; launch) touch \"$TRADEWIND_SUPPLIER_STATE/launched\" ;;"));
  options_.config.environment = {"VOLT_TOKEN", "VOLT_URL"};
  const auto proofs = open()->prove();
  ASSERT_EQ(proofs.size(), 4U);
  EXPECT_EQ(proofs[0].detail, "the program answers; 1 region, with spot, asked 1 at once");
  EXPECT_EQ(proofs[1].finding, provider::Finding::warning);
  EXPECT_NE(proofs[1].detail.find("VOLT_URL"), std::string::npos);
  EXPECT_EQ(proofs[2].detail, "1 offer");
  EXPECT_EQ(proofs[3].finding, provider::Finding::ok);
  EXPECT_FALSE(io::path_exists(folder_->state() / "launched"));
  use("#!/bin/sh\necho 'no such account' >&2\nexit 1\n");
  const auto broken = open()->prove();
  ASSERT_EQ(broken.size(), 1U);
  EXPECT_EQ(broken[0].finding, provider::Finding::broken);
  EXPECT_NE(broken[0].detail.find("no such account"), std::string::npos) << broken[0].detail;
}

}  // namespace
}  // namespace tradewind::exec
