// The driver against moto, which others wrote from the same documents: it reads our requests in its own way.
// It keeps no ClientToken and has no end of capacity, so that a front in this process adds both, as AWS
// documents them.
#include <cstdlib>
#include <gtest/gtest.h>
#include <mutex>
#include <thread>

#include "edge/drivers/aws/aws_check.h"
#include "edge/drivers/aws/aws_provider.h"
#include "edge/io/http_target.h"
#include "edge/io/system_clock.h"
#include "edge/provider/testing/conformance.h"

namespace tradewind::aws {
namespace {

constexpr int room = 3;

std::string endpoint() {
  const char* named = std::getenv("TRADEWIND_TEST_MOTO");
  return named == nullptr ? "" : named;
}

io::HttpResponse refusal(int status, const std::string& code) {
  return {status, {}, "<Response><Errors><Error><Code>" + code + "</Code></Error></Errors></Response>", {}};
}

// What moto lacks.
class Front {
 public:
  cloud::Transport transport() {
    return [this](const io::HttpEndpoint& where, const io::HttpRequest& request) -> Result<io::HttpResponse> {
      const Result<io::HttpTarget> form = io::parse_http_target("/?" + std::string(body_of(request)));
      const bool plain = !form.ok() || !form->query.contains("Action");
      const std::string action = plain ? "" : form->query.at("Action");
      const std::lock_guard lock(mutex_);
      if (action != "RunInstances" || form->query.contains("DryRun")) return pool_.send(where, request);
      std::map<std::string, std::string> parameters = form->query;
      const std::string token = parameters["ClientToken"];
      parameters.erase("ClientToken");
      if (const auto known = launched_.find(token); known != launched_.end()) {
        if (known->second.parameters != parameters) return refusal(400, "IdempotentParameterMismatch");
        return ended(where, known->second.id) ? refusal(400, "IdempotentInstanceTerminated")
                                              : known->second.answer;
      }
      int living = 0;
      for (const auto& [name, made] : launched_) living += ended(where, made.id) ? 0 : 1;
      if (living >= room) return refusal(500, "InsufficientInstanceCapacity");
      Result<io::HttpResponse> answer = pool_.send(where, request);
      const std::string id = answer.ok() ? between(answer->body, "<instanceId>", "</instanceId>") : "";
      if (!id.empty()) launched_[token] = {parameters, *answer, id};
      return answer;
    };
  }

 private:
  struct Launched {
    std::map<std::string, std::string> parameters;
    io::HttpResponse answer;
    std::string id;
  };
  static std::string between(const std::string& text, const std::string& from, const std::string& to) {
    const std::size_t at = text.find(from);
    if (at == std::string::npos) return "";
    return text.substr(at + from.size(), text.find(to, at) - at - from.size());
  }
  bool ended(const io::HttpEndpoint& where, const std::string& id) {
    const Result<io::HttpResponse> seen = pool_.send(
        where,
        {"POST",
         "/",
         {{"Authorization",
           "AWS4-HMAC-SHA256 Credential=front/20260101/us-east-1/ec2/aws4_request, SignedHeaders=host, "
           "Signature=0"},
          {"Content-Type", "application/x-www-form-urlencoded"}},
         "Action=DescribeInstances&Version=2016-11-15&InstanceId.1=" + id});
    return seen.ok() && seen->body.find("<name>terminated</name>") != std::string::npos;
  }

  std::mutex mutex_;
  io::HttpPool pool_;
  std::map<std::string, Launched> launched_;  // protected by mutex_
};

AwsOptions options_for(Front& front) {
  AwsOptions options;
  options.region.name = "us-east-1";
  options.region.endpoint = endpoint();
  for (const Purchase purchase : {Purchase::on_demand, Purchase::spot}) {
    Offer offer;
    offer.location = {"aws", "us-east-1"};
    offer.instance_type = "m5.large";
    offer.purchase = purchase;
    offer.price_per_hour = Money(96'000'000);
    options.catalogue.push_back(offer);
  }
  options.environment = {{"AWS_ACCESS_KEY_ID", "testing"},
                         {"AWS_SECRET_ACCESS_KEY", "testing"},
                         {"AWS_EC2_METADATA_DISABLED", "true"},
                         {"HOME", "/nonexistent"}};
  options.agent = [](const provider::LaunchRequest&) -> Result<boot::AgentDownloads> {
    return boot::AgentDownloads{{"x86_64", {"https://store.example/agent", std::string(64, 'a')}}};
  };
  options.network.transport = front.transport();
  options.network.reads = {1e6, 1e6};
  options.network.changes = {1e6, 1e6};
  return options;
}

class MotoSubject final : public provider::ConformanceSubject {
 public:
  MotoSubject() {
    io::HttpPool pool;
    const Result<io::HttpResponse> emptied =
        pool.send(*io::parse_http_endpoint(endpoint()), {"POST", "/moto-api/reset"});
    EXPECT_TRUE(emptied.ok() && emptied->status == 200);
    for (auto& each : made_) each = std::make_unique<AwsProvider>(options_for(front_), clock_);
  }
  AwsProvider& region() { return *made_[0]; }
  provider::Provider& provider() override { return *made_[0]; }
  provider::Provider& reopened() override { return *made_[1]; }
  Offer offer() override { return options_for(front_).catalogue.front(); }
  int capacity() override { return room; }
  void wait(Duration span) override { std::this_thread::sleep_for(span); }

 private:
  const io::SystemClock clock_;
  Front front_;
  std::unique_ptr<AwsProvider> made_[2];
};

const bool registered =
    !endpoint().empty() &&
    provider::register_conformance("RealEc2", []() -> std::unique_ptr<provider::ConformanceSubject> {
      return std::make_unique<MotoSubject>();
    });

TEST(RealEc2, TheCheckFindsAllThatItNeeds) {
  if (endpoint().empty()) GTEST_SKIP() << "tests/doubles/moto.sh runs this";
  MotoSubject subject;
  const io::SystemClock clock;
  for (const provider::Proof& proof : prove_region(subject.region(), clock)) {
    const bool without = proof.name.ends_with("quotas");  // moto knows few of them
    EXPECT_TRUE(without || proof.finding == provider::Finding::ok) << proof.name << ": " << proof.detail;
  }
}

}  // namespace
}  // namespace tradewind::aws
