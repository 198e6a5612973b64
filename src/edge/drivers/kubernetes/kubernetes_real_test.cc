// The supplier on Kubernetes' own API server, controllers and scheduler (tests/doubles/kubernetes.sh), as a
// user with packaging/kubernetes/role.yaml's rights alone. Without the double there is nothing here to run.
#include <cstdlib>
#include <gtest/gtest.h>
#include <thread>
#include <unistd.h>

#include "edge/drivers/kubernetes/job_object.h"
#include "edge/drivers/kubernetes/json_path.h"
#include "edge/drivers/kubernetes/kubernetes_provider.h"
#include "edge/drivers/kubernetes/testing/kubelet.h"
#include "edge/io/process.h"
#include "edge/io/system_clock.h"
#include "edge/provider/testing/conformance.h"

namespace tradewind::kubernetes {
namespace {

const OwnerId ours("0123456789abcdef0123456789abcdef");

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// A namespace of its own with the role's rights in it.
class RealNamespace {
 public:
  RealNamespace() : name_("tw-" + std::to_string(::getpid()) + "-" + std::to_string(next_++)) {
    KubeClient admin("admin", access("TRADEWIND_TEST_KUBECONFIG_ADMIN"), clock_);
    must(admin.create("/api/v1/namespaces", json::object{{"metadata", json::object{{"name", name_}}}}));
    const std::string rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/";
    for (const char* kind : {"roles", "rolebindings"}) {
      json::value object = must(admin.get(rbac + "tradewind/" + kind + "/tradewind"));
      object.as_object()["metadata"] = json::object{{"name", "tradewind"}};
      must(admin.create(rbac + name_ + "/" + kind, object));
    }
    // Pods need their namespace's service account, which a controller makes.
    for (int i = 0; i < 200; ++i) {
      if (admin.get(core_path(name_, "serviceaccounts/default")).ok()) break;
      std::this_thread::sleep_for(Duration(50));
    }
    kubelet_ = std::make_unique<Kubelet>(variable("TRADEWIND_TEST_KUBECONFIG_ADMIN"), name_);
  }
  ~RealNamespace() {
    const json::object gone{{"propagationPolicy", "Background"}};
    static_cast<void>(kubelet_->admin().remove(jobs_path(name_), gone));
  }
  RealNamespace(const RealNamespace&) = delete;
  RealNamespace& operator=(const RealNamespace&) = delete;

  ClusterConfig config() const {
    ClusterConfig made;
    made.name = "lab";
    made.namespace_name = name_;
    made.agent.image = "tradewind-agent:test";
    made.grace = std::chrono::seconds(30);
    PoolConfig pool;
    pool.name = "small";
    pool.max = 3;
    PoolConfig gpus = pool;
    gpus.name = "gpu";
    gpus.spot = true;
    gpus.accelerator = Accelerator{"A100", 8, 80};
    made.pools = {pool, gpus};
    return made;
  }
  std::unique_ptr<KubernetesProvider> open() const { return open(config()); }
  std::unique_ptr<KubernetesProvider> open(const ClusterConfig& config) const {
    return std::make_unique<KubernetesProvider>(config, access("TRADEWIND_TEST_KUBECONFIG"), clock_);
  }
  Kubelet& kubelet() { return *kubelet_; }

 private:
  static AccessOptions access(const char* name) { return {variable(name), "", io::current_environment()}; }
  static json::value must(const Result<json::value>& answer) {
    EXPECT_TRUE(answer.ok()) << describe(answer.ok() ? Error{} : answer.error());
    return answer.ok() ? *answer : json::value(json::object());
  }
  inline static int next_ = 0;
  const std::string name_;
  io::SystemClock clock_;
  std::unique_ptr<Kubelet> kubelet_;
};

class RealSubject final : public provider::ConformanceSubject {
 public:
  provider::Provider& provider() override { return *first_; }
  provider::Provider& reopened() override { return *second_; }
  Offer offer() override { return first_->offers({})->front(); }
  int capacity() override { return 3; }
  void wait(Duration span) override { std::this_thread::sleep_for(span); }

 private:
  RealNamespace namespace_;
  std::unique_ptr<KubernetesProvider> first_ = namespace_.open();
  std::unique_ptr<KubernetesProvider> second_ = namespace_.open();
};

const bool registered =
    !variable("TRADEWIND_TEST_KUBECONFIG").empty() &&
    provider::register_conformance("RealKubernetes", [] { return std::make_unique<RealSubject>(); });

// What befalls a lease on a true cluster.
class RealKubernetes : public testing::Test {
 protected:
  void SetUp() override {
    if (variable("TRADEWIND_TEST_KUBECONFIG").empty())
      GTEST_SKIP() << "tests/doubles/kubernetes.sh is not around";
    namespace_ = std::make_unique<RealNamespace>();
  }
  provider::LaunchRequest request(KubernetesProvider& provider, std::size_t pool = 0) const {
    provider::LaunchRequest made;
    made.token = "l-one";
    made.owner = ours;
    made.offer = provider.offers({})->at(pool);
    made.job = JobId("j-1");
    made.agent_arguments = {"--store=s3://bucket/runs"};
    made.hard_limit = clock_.now() + std::chrono::hours(24);
    return made;
  }
  std::string launch(KubernetesProvider& provider, const provider::LaunchRequest& request) {
    const auto launched = provider.launch(request);
    EXPECT_TRUE(launched.ok()) << describe(launched.ok() ? Error{} : launched.error());
    return launched.ok() ? launched->ref.id.text() : "";
  }
  // The instance once it is so; the last that was seen where it does not come to that.
  static Instance await(KubernetesProvider& provider, const std::function<bool(const Instance&)>& so) {
    Instance last;
    for (int i = 0; i < 600; ++i) {
      for (const Instance& seen : provider::list_all(provider, ours)) {
        last = seen;
        if (so(seen)) return seen;
      }
      std::this_thread::sleep_for(Duration(50));
    }
    ADD_FAILURE() << "it stays " << to_text(last.state) << ": " << last.reason;
    return last;
  }
  static auto in(InstanceState state) {
    return [state](const Instance& seen) { return seen.state == state; };
  }
  static auto says(const std::string& words) {
    return [words](const Instance& seen) { return seen.reason.find(words) != std::string::npos; };
  }
  json::value must(const Result<json::value>& answer) {
    EXPECT_TRUE(answer.ok()) << describe(answer.ok() ? Error{} : answer.error());
    return answer.ok() ? *answer : json::value(json::object());
  }
  json::object quota(const char* what, const char* most) {
    return {{"metadata", json::object{{"name", "tight"}}},
            {"spec", json::object{{"hard", json::object{{what, most}}}}}};
  }
  KubeClient& admin() { return namespace_->kubelet().admin(); }
  std::string where() const { return namespace_->kubelet().namespace_name(); }

  io::SystemClock clock_;
  std::unique_ptr<RealNamespace> namespace_;
};

TEST_F(RealKubernetes, AnEvictedPodIsAPreemption) {
  const auto provider = namespace_->open();
  const std::string job = launch(*provider, request(*provider));
  await(*provider, in(InstanceState::running));
  const Status evicted = namespace_->kubelet().evict(job);
  ASSERT_TRUE(evicted.ok()) << describe(evicted.error());
  const Instance ended = await(*provider, in(InstanceState::terminated));
  EXPECT_TRUE(ended.preempted) << ended.reason;
  EXPECT_FALSE(ended.reason.empty());
  EXPECT_EQ(launch(*provider, request(*provider)), job) << "and no second pod";
  EXPECT_EQ(must(admin().get(jobs_path(where()) + "/" + job)).at("status").as_object().contains("active"),
            false);
}

TEST_F(RealKubernetes, AnAgentThatEndsEndsItsInstanceWithItsCode) {
  const auto provider = namespace_->open();
  const std::string job = launch(*provider, request(*provider));
  await(*provider, in(InstanceState::running));
  const json::value terminated = parse_json(R"({"exitCode": 3, "reason": "Error"})").value();
  namespace_->kubelet().say(
      job, json::object{{"phase", "Failed"},
                        {"containerStatuses",
                         json::array{json::object{{"name", "agent"},
                                                  {"image", "i"},
                                                  {"imageID", ""},
                                                  {"ready", false},
                                                  {"restartCount", 0},
                                                  {"state", json::object{{"terminated", terminated}}}}}}});
  const Instance ended = await(*provider, in(InstanceState::terminated));
  EXPECT_FALSE(ended.preempted);
  EXPECT_EQ(ended.reason, "container agent ended with code 3");
}

TEST_F(RealKubernetes, AnImageThatCannotBePulledEndsTheLeaseWithTheCure) {
  ClusterConfig config = namespace_->config();
  config.patience = Duration(100);
  const auto provider = namespace_->open(config);
  const std::string job = launch(*provider, request(*provider));
  const json::value waiting =
      parse_json(R"({"reason": "ImagePullBackOff", "message": "Back-off pulling image"})").value();
  namespace_->kubelet().say(
      job, json::object{{"phase", "Pending"},
                        {"initContainerStatuses",
                         json::array{json::object{{"name", "prepare"},
                                                  {"image", "tradewind-agent:test"},
                                                  {"imageID", ""},
                                                  {"ready", false},
                                                  {"restartCount", 0},
                                                  {"state", json::object{{"waiting", waiting}}}}}}});
  const Instance ended = await(*provider, in(InstanceState::terminated));
  EXPECT_FALSE(ended.preempted);
  EXPECT_EQ(
      ended.reason,
      "ImagePullBackOff: Back-off pulling image; see that image tradewind-agent:test exists and that the "
      "namespace may pull it (imagePullSecrets)");
}

TEST_F(RealKubernetes, APodThatFitsNowhereSaysWhy) {
  ClusterConfig config = namespace_->config();
  config.pools[0].node_selector = {{"disk", "fast"}};
  const auto provider = namespace_->open(config);
  launch(*provider, request(*provider));
  const Instance waiting = await(*provider, says("Unschedulable"));
  EXPECT_EQ(waiting.state, InstanceState::pending);
  EXPECT_NE(waiting.reason.find("node affinity/selector"), std::string::npos) << waiting.reason;
  EXPECT_EQ(*provider->terminate(waiting.ref), provider::TerminateState::in_progress);
  await(*provider, in(InstanceState::terminated));
}

TEST_F(RealKubernetes, QuotasAreToldApartFromRights) {
  must(admin().create(core_path(where(), "resourcequotas"), quota("count/jobs.batch", "0")));
  const auto provider = namespace_->open();
  Result<provider::Launched> refused = provider->launch(request(*provider));
  for (int i = 0; refused.ok() && i < 100; ++i) {  // until the quota is counted
    std::this_thread::sleep_for(Duration(50));
    provider::LaunchRequest next = request(*provider);
    next.token += std::to_string(i);
    refused = provider->launch(next);
  }
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::quota_exceeded) << describe(refused.error());

  ClusterConfig elsewhere = namespace_->config();
  elsewhere.namespace_name = "kube-system";
  const auto stranger = namespace_->open(elsewhere);
  const Result<InstancePage> page = stranger->instances(ours, "");
  ASSERT_FALSE(page.ok());
  EXPECT_EQ(page.error().code, Code::unauthorized);
  EXPECT_NE(page.error().message.find("cannot list resource \"jobs\""), std::string::npos)
      << page.error().message;
  EXPECT_NE(page.error().hint.find("role.yaml"), std::string::npos);
}

TEST_F(RealKubernetes, AQuotaOfPodsIsSeenInEventsAndGivenUp) {
  must(admin().create(core_path(where(), "resourcequotas"), quota("pods", "0")));
  for (int i = 0; i < 100; ++i) {
    const json::value counted = must(admin().get(core_path(where(), "resourcequotas/tight")));
    if (text_at(counted, {"status", "hard", "pods"}) == "0") break;
    std::this_thread::sleep_for(Duration(50));
  }
  ClusterConfig config = namespace_->config();
  config.patience = std::chrono::seconds(6);
  const auto provider = namespace_->open(config);
  launch(*provider, request(*provider));
  await(*provider, says("exceeded quota: tight"));
  const Instance ended = await(*provider, in(InstanceState::terminated));
  EXPECT_NE(ended.reason.find("exceeded quota: tight"), std::string::npos) << ended.reason;
}

TEST_F(RealKubernetes, ANamespaceThatIsGoneIsNoEmptyList) {
  ClusterConfig config = namespace_->config();
  config.namespace_name = "was-deleted";
  KubernetesProvider provider(config, {variable("TRADEWIND_TEST_KUBECONFIG_ADMIN"), "", {}}, clock_);
  const Result<InstancePage> page = provider.instances(ours, "");
  ASSERT_FALSE(page.ok());
  EXPECT_EQ(page.error().code, Code::unavailable);
  EXPECT_NE(page.error().message.find("the namespace was-deleted is not there"), std::string::npos);
  EXPECT_EQ(provider.launch(request(provider)).error().code, Code::unavailable);
  EXPECT_EQ(provider.terminate({{"kubernetes", "lab"}, InstanceId("tw-x")}).error().code, Code::unavailable);
}

TEST_F(RealKubernetes, SecretsStandInNoObjectButTheirOwnAndGoWithTheJob) {
  ClusterConfig config = namespace_->config();
  config.forget_after = std::chrono::seconds(1);
  const auto provider = namespace_->open(config);
  provider::LaunchRequest with = request(*provider);
  with.secrets = {{"TRADEWIND_JOB_KEY", "0123secret"}};
  const std::string job = launch(*provider, with);
  launch(*provider, with);
  const json::value made = must(admin().get(jobs_path(where()) + "/" + job));
  EXPECT_EQ(to_text(made).find("0123secret"), std::string::npos);
  const json::value secret = must(admin().get(core_path(where(), "secrets/" + job)));
  EXPECT_EQ(text_at(secret, {"data", "TRADEWIND_JOB_KEY"}), "MDEyM3NlY3JldA==");
  static_cast<void>(provider->terminate({{"kubernetes", "lab"}, InstanceId(job)}));
  for (int i = 0; i < 600 && admin().get(core_path(where(), "secrets/" + job)).ok(); ++i) {
    std::this_thread::sleep_for(Duration(50));
  }
  EXPECT_EQ(admin().get(core_path(where(), "secrets/" + job)).error().code, Code::not_found);
  EXPECT_TRUE(provider::list_all(*provider, ours).empty()) << "the cluster removes what has ended";
}

TEST_F(RealKubernetes, TheRestrictedPodSecurityStandardIsKeptTo) {
  const json::object labels{{"pod-security.kubernetes.io/enforce", "restricted"}};
  must(admin().merge("/api/v1/namespaces/" + where(),
                     json::object{{"metadata", json::object{{"labels", labels}}}}));
  ClusterConfig config = namespace_->config();
  config.run_as_user = 1000;
  const auto provider = namespace_->open(config);
  launch(*provider, request(*provider));
  await(*provider, in(InstanceState::running));
}

TEST_F(RealKubernetes, EveryFieldThatIsSentIsOneThatTheServerKnows) {
  ClusterConfig config = namespace_->config();
  config.agent = {};
  config.agent.url = "https://example.com/tradewind-agent";
  config.agent.sha256 = std::string(64, 'a');
  config.queue = "research";
  config.priority_class = "low";
  config.service_account = "runner";
  config.store_secret = "stores";
  config.run_as_user = 1000;
  config.labels = {{"team", "nlp"}};
  config.annotations = {{"example.com/cost", "17"}};
  config.environment = {{"HF_HOME", "/tradewind/hf"}};
  config.pools[1].tolerations = {{"nvidia.com/gpu", "Exists", "", "NoSchedule"}};
  config.pools[1].node_selector = {{"pool", "gpu"}};
  const auto provider = namespace_->open(config);
  provider::LaunchRequest full = request(*provider, 1);
  full.secrets = {{"A", "b"}};
  const std::string strict = "?dryRun=All&fieldValidation=Strict";
  const json::value job =
      must(admin().create(jobs_path(where()) + strict, job_object(config, config.pools[1], full)));
  EXPECT_EQ(number_at(job, {"spec", "ttlSecondsAfterFinished"}), 600);
  must(admin().create(core_path(where(), "secrets") + strict, secret_object(job, full.secrets)));
}

// A queue that admits nothing: the Job waits, and may be withdrawn.
TEST_F(RealKubernetes, AJobThatItsQueueDidNotAdmitIsWithdrawnWhole) {
  ClusterConfig config = namespace_->config();
  config.queue = "research";
  const auto provider = namespace_->open(config);
  const std::string job = launch(*provider, request(*provider));
  const Instance waiting = await(*provider, says("waits for its queue"));
  EXPECT_EQ(waiting.state, InstanceState::pending);
  EXPECT_TRUE(provider->terminate(waiting.ref).ok());
  EXPECT_EQ(*provider->terminate(waiting.ref), provider::TerminateState::done);
  EXPECT_EQ(admin().get(jobs_path(where()) + "/" + job).error().code, Code::not_found);
}

}  // namespace
}  // namespace tradewind::kubernetes
