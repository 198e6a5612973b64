// The supplier on the fake cluster, and what an API server does that Kubernetes' own cannot be asked to do.
#include "edge/drivers/kubernetes/kubernetes_provider.h"

#include <gtest/gtest.h>
#include <thread>

#include "edge/drivers/kubernetes/job_object.h"
#include "edge/drivers/kubernetes/json_path.h"
#include "edge/drivers/kubernetes/kubernetes_check.h"
#include "edge/drivers/kubernetes/testing/fake_cluster.h"
#include "edge/drivers/kubernetes/testing/kubelet.h"
#include "edge/io/system_clock.h"
#include "edge/provider/testing/conformance.h"

namespace tradewind::kubernetes {
namespace {

const OwnerId ours("0123456789abcdef0123456789abcdef");

class OneCluster {
 public:
  ClusterConfig config() const {
    ClusterConfig made;
    made.name = "lab";
    made.agent.path = "/usr/bin/tradewind-agent";
    PoolConfig pool;
    pool.name = "small";
    pool.max = 3;
    PoolConfig other = pool;
    other.name = "large";
    made.pools = {pool, other};
    return made;
  }
  std::unique_ptr<KubernetesProvider> open() const {
    return std::make_unique<KubernetesProvider>(config(), AccessOptions{cluster_.kubeconfig(), "", {}},
                                                clock_);
  }
  FakeCluster& cluster() { return cluster_; }
  const Clock& clock() const { return clock_; }

 private:
  FakeCluster cluster_;
  Kubelet kubelet_{cluster_.kubeconfig(), "tradewind"};
  io::SystemClock clock_;
};

class FakeSubject final : public provider::ConformanceSubject {
 public:
  provider::Provider& provider() override { return *first_; }
  provider::Provider& reopened() override { return *second_; }
  Offer offer() override { return first_->offers({})->front(); }
  int capacity() override { return 3; }
  void wait(Duration span) override { std::this_thread::sleep_for(span); }

 private:
  OneCluster cluster_;
  std::unique_ptr<KubernetesProvider> first_ = cluster_.open();
  std::unique_ptr<KubernetesProvider> second_ = cluster_.open();
};

const bool registered =
    provider::register_conformance("Kubernetes", [] { return std::make_unique<FakeSubject>(); });

class KubernetesProviderTest : public testing::Test {
 protected:
  provider::LaunchRequest request(const std::string& token) {
    provider::LaunchRequest made;
    made.token = token;
    made.owner = ours;
    made.offer = provider_->offers({})->front();
    made.job = JobId("j-1");
    made.hard_limit = here_.clock().now() + std::chrono::hours(1);
    return made;
  }
  // One answer in place of that method's next one.
  void answer_once(const std::string& method, const io::HttpResponse& answer) {
    here_.cluster().fail([=, done = false](const io::HttpRequest& asked) mutable {
      if (done || asked.method != method) return std::optional<io::HttpResponse>();
      done = true;
      return std::optional(answer);
    });
  }
  OneCluster here_;
  std::unique_ptr<KubernetesProvider> provider_ = here_.open();
};

TEST_F(KubernetesProviderTest, PodsOfAGangNeedAVolumeAndRoomForAll) {
  provider::LaunchRequest gang = request("l-gang");
  gang.nodes = 2;
  EXPECT_EQ(provider_->offers({})->front().nodes_max, 1);
  EXPECT_EQ(provider_->launch(gang).error().code, Code::invalid_argument);
  ClusterConfig config = here_.config();
  config.shared_volume = "training";
  provider_ = std::make_unique<KubernetesProvider>(
      config, AccessOptions{here_.cluster().kubeconfig(), "", {}}, here_.clock());
  EXPECT_EQ(provider_->offers({})->front().nodes_max, 3);
  ASSERT_TRUE(provider_->launch(gang).ok());
  ASSERT_TRUE(provider_->launch(gang).ok()) << "it is there already";
  const auto service =
      provider_->client().get(core_path("tradewind", "services") + "/" + object_name(gang.owner, gang.token));
  EXPECT_TRUE(service.ok());
  gang.token = "l-more";
  const Error full = provider_->launch(gang).error();
  EXPECT_EQ(full.code, Code::insufficient_capacity);
  EXPECT_NE(full.message.find("2 of 3 places of the pool small are taken"), std::string::npos)
      << full.message;
  EXPECT_TRUE(provider_->launch(request("l-one")).ok());
}

TEST_F(KubernetesProviderTest, AListWhoseContinueTokenExpiredIsReadAnew) {
  for (const char* token : {"l-1", "l-2", "l-3"}) ASSERT_TRUE(provider_->launch(request(token)).ok());
  here_.cluster().expire_continues(1);
  EXPECT_EQ(provider::list_all(*provider_, ours).size(), 3U);
  here_.cluster().expire_continues(1000);
  EXPECT_EQ(provider_->instances(ours, "").error().code, Code::unavailable);
}

TEST_F(KubernetesProviderTest, AnApiThatIsDownOrBusyIsAskedAgainLater) {
  answer_once("POST", api_refusal(503, "ServiceUnavailable", "etcdserver: leader changed"));
  EXPECT_EQ(provider_->launch(request("l-1")).error().code, Code::unavailable);
  answer_once("POST", api_refusal(429, "TooManyRequests", "too many requests"));
  EXPECT_EQ(provider_->launch(request("l-1")).error().code, Code::rate_limited);
  answer_once("POST",
              api_refusal(403, "Forbidden", "jobs.batch \"x\" is forbidden: exceeded quota: compute"));
  EXPECT_EQ(provider_->launch(request("l-1")).error().code, Code::quota_exceeded);
  answer_once("POST", api_refusal(422, "Invalid", "spec.template.spec.priorityClassName: Invalid value"));
  EXPECT_EQ(provider_->launch(request("l-1")).error().code, Code::invalid_argument);
  EXPECT_TRUE(provider_->launch(request("l-1")).ok()) << "none of these made anything";
}

TEST_F(KubernetesProviderTest, AServerThatHasJustBegunKnowsNoRights) {
  const std::string denied = "jobs.batch is forbidden: User \"tw\" cannot list resource \"jobs\"";
  const auto expected = [](int readyz) { return readyz == 500 ? Code::unavailable : Code::unauthorized; };
  for (const int readyz : {403, 500, 200}) {
    here_.cluster().fail([=](const io::HttpRequest& asked) -> std::optional<io::HttpResponse> {
      if (asked.target == "/readyz") return io::HttpResponse{readyz, {}, "[-]rbac failed", {}};
      return api_refusal(403, "Forbidden", denied);
    });
    EXPECT_EQ(provider_->instances(ours, "").error().code, expected(readyz)) << readyz;
    EXPECT_EQ(provider_->launch(request("l-1")).error().code, expected(readyz)) << readyz;
  }
  here_.cluster().fail(nullptr);
  ASSERT_TRUE(provider_->instances(ours, "").ok());
  here_.cluster().fail([=](const io::HttpRequest&) { return api_refusal(403, "Forbidden", denied); });
  EXPECT_EQ(provider_->launch(request("l-1")).error().code, Code::unavailable)
      << "who was granted it before, and may not even ask /readyz, meets a server that begins";
}

TEST_F(KubernetesProviderTest, AnApiThatIsAwayIsNoEndOfAnything) {
  const std::string config = (here_.cluster().folder() / "away").string();
  ASSERT_TRUE(
      io::write_file_atomic(config,
                            "current-context: a\nclusters: [{name: a, cluster: {server: "
                            "\"http://127.0.0.1:1\"}}]\ncontexts: [{name: a, context: {cluster: a}}]\n")
          .ok());
  KubernetesProvider away(here_.config(), {config, "", {}}, here_.clock());
  const Error listing = away.instances(ours, "").error();
  EXPECT_EQ(listing.code, Code::unavailable) << describe(listing);
  EXPECT_NE(listing.hint.find("kubeconfig"), std::string::npos);
  EXPECT_EQ(away.launch(request("l-1")).error().code, Code::unavailable);
  EXPECT_EQ(away.terminate({{"kubernetes", "lab"}, InstanceId("tw-x")}).error().code, Code::unavailable);
  EXPECT_EQ(prove_cluster(away, true).front().finding, provider::Finding::broken);
  EXPECT_FALSE(away.offers({})->empty()) << "the pools are the file's";
}

TEST_F(KubernetesProviderTest, ALaunchWhoseAnswerWasLostIsFoundAgain) {
  here_.cluster().fail([](const io::HttpRequest& asked) {
    const bool first_secret = asked.method == "POST" && asked.target.ends_with("/secrets");
    return first_secret ? std::optional(api_refusal(500, "InternalError", "lost")) : std::nullopt;
  });
  provider::LaunchRequest with = request("l-1");
  with.secrets = {{"KEY", "x"}};
  EXPECT_EQ(provider_->launch(with).error().code, Code::unavailable) << "the Job is there, its Secret not";
  here_.cluster().fail(nullptr);
  const auto found = here_.open()->launch(with);
  ASSERT_TRUE(found.ok()) << describe(found.error());
  const auto secret = provider_->client().get(core_path("tradewind", "secrets/" + found->ref.id.text()));
  EXPECT_TRUE(secret.ok()) << "the second launch brings what the first could not";
  EXPECT_EQ(provider::list_all(*provider_, ours).size(), 1U);
}

TEST_F(KubernetesProviderTest, CredentialsThatWereTakenBackAreReadAnew) {
  ASSERT_TRUE(provider_->instances(ours, "").ok());
  answer_once("GET", api_refusal(401, "Unauthorized", "Unauthorized"));
  EXPECT_TRUE(provider_->instances(ours, "").ok());
  here_.cluster().fail([](const io::HttpRequest&) { return api_refusal(401, "Unauthorized", ""); });
  const Error refused = here_.open()->instances(ours, "").error();
  EXPECT_EQ(refused.code, Code::unauthorized);
  EXPECT_NE(refused.message.find("kubernetes/lab: the credentials are not accepted"), std::string::npos);
}

TEST_F(KubernetesProviderTest, AStoreThatPodsCannotReachIsRefusedWithTheCure) {
  provider::LaunchRequest near = request("l-1");
  near.agent_arguments = {"--store=file:///home/ana/stores", "--job=j-1"};
  const Error error = provider_->launch(near).error();
  EXPECT_EQ(error.code, Code::invalid_argument);
  EXPECT_NE(error.message.find("file:///home/ana/stores"), std::string::npos);
  EXPECT_NE(error.hint.find("checkpoint.stores"), std::string::npos);
  EXPECT_TRUE(provider::list_all(*provider_, ours).empty());
}

TEST_F(KubernetesProviderTest, AJobOfSomebodyElseIsLeftAlone) {
  const json::object foreign{{"metadata", json::object{{"name", "nightly-report"}}},
                             {"spec", json::object{{"template", json::object{}}}}};
  ASSERT_TRUE(provider_->client().create(jobs_path("tradewind"), foreign).ok());
  EXPECT_EQ(provider_->terminate({{"kubernetes", "lab"}, InstanceId("nightly-report")}).error().code,
            Code::invalid_argument);
  EXPECT_TRUE(provider::list_all(*provider_, ours).empty());
  EXPECT_FALSE(provider_->client()
                   .get(jobs_path("tradewind") + "/nightly-report")
                   ->as_object()
                   .contains("annotations"));
}

TEST_F(KubernetesProviderTest, CheckNamesTheRightThatIsMissing) {
  here_.cluster().fail([](const io::HttpRequest& asked) -> std::optional<io::HttpResponse> {
    const bool review = asked.target.ends_with("/selfsubjectaccessreviews");
    const bool denied = review && asked.body.find("\"patch\"") != std::string::npos;
    return denied ? std::optional(api_answer(201, json::object{{"status", json::object{{"allowed", false}}}}))
                  : std::nullopt;
  });
  const std::vector<provider::Proof> proofs = prove_cluster(*provider_, true);
  ASSERT_EQ(proofs.size(), 6U);
  EXPECT_EQ(proofs[0].detail, "Kubernetes v1.34.0-fake, namespace tradewind");
  EXPECT_EQ(proofs[2].name, "kubernetes/lab rights");
  EXPECT_EQ(proofs[2].finding, provider::Finding::broken);
  EXPECT_EQ(proofs[2].detail, "missing: patch jobs.batch");
  EXPECT_NE(proofs[2].cure.find("role.yaml"), std::string::npos);
}

TEST(ObjectNames, AreOneForATokenAndFitPods) {
  EXPECT_EQ(object_name(ours, "l-abc").substr(0, 9), "tw-l-abc-");
  EXPECT_NE(object_name(ours, "l-abc"), object_name(OwnerId("another"), "l-abc"));
  EXPECT_NE(object_name(ours, "l_abc"), object_name(ours, "l.abc"));
  EXPECT_LE(object_name(ours, std::string(200, 'x')).size(), 57U);
  EXPECT_EQ(label_value("j-1"), "j-1");
  EXPECT_EQ(label_value("-no").substr(0, 2), "h-");
  EXPECT_EQ(label_value(std::string(64, 'x')).size(), 42U);
}

}  // namespace
}  // namespace tradewind::kubernetes
