// The supplier on Kubernetes' own API server, controllers and scheduler (tests/doubles/kubernetes.sh), as a
// user with packaging/kubernetes/role.yaml's rights alone. Without the double there is nothing here to run.
#include <csignal>
#include <set>

#include "edge/drivers/kubernetes/job_object.h"
#include "edge/drivers/kubernetes/json_path.h"
#include "edge/drivers/kubernetes/testing/real_cluster.h"
#include "edge/io/files.h"

namespace tradewind::kubernetes {
namespace {

using RealKubernetes = RealCluster;

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

// As kubelets of several versions tell it.
TEST_F(RealKubernetes, ANodeThatShutsDownOrRunsShortIsAPreemption) {
  for (
      const char* status :
      {R"({"phase": "Failed", "reason": "Terminated", "message": "Pod was terminated in response to imminent node shutdown.",
            "conditions": [{"type": "DisruptionTarget", "status": "True", "reason": "TerminationByKubelet"}]})",
       R"({"phase": "Failed", "reason": "NodeShutdown", "message": "Pod was terminated in response to imminent node shutdown."})",
       R"({"phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory."})"}) {
    const auto provider = namespace_->open();
    const json::value said = parse_json(status).value();
    provider::LaunchRequest next = request(*provider);
    next.token = "l-" + label_value(text_at(said, {"reason"}));
    const std::string job = launch(*provider, next);
    const auto own = [job](InstanceState state) {
      return [=](const Instance& seen) { return seen.ref.id.text() == job && seen.state == state; };
    };
    await(*provider, own(InstanceState::running));
    namespace_->kubelet().say(job, said);
    const Instance ended = await(*provider, own(InstanceState::terminated));
    EXPECT_TRUE(ended.preempted) << ended.reason;
    const bool told = ended.reason.find(text_at(said, {"message"})) != std::string::npos ||
                      ended.reason.find("TerminationByKubelet") != std::string::npos;
    EXPECT_TRUE(told) << ended.reason;
  }
}

TEST_F(RealKubernetes, AJobThatItsQueueTakesBackIsEndedBeforeASecondPod) {
  const auto provider = namespace_->open();
  const std::string job = launch(*provider, request(*provider));
  await(*provider, in(InstanceState::running));
  namespace_->kubelet().take_time(true);  // as pods that use their grace
  must(
      admin().merge(jobs_path(where()) + "/" + job, json::object{{"spec", json::object{{"suspend", true}}}}));
  await(*provider, says("its queue took the place back"));
  for (int i = 0; i < 200 && admin().get(jobs_path(where()) + "/" + job).ok(); ++i)
    std::this_thread::sleep_for(Duration(50));
  const auto gone = admin().get(jobs_path(where()) + "/" + job);
  ASSERT_FALSE(gone.ok());
  EXPECT_EQ(gone.error().code, Code::not_found);
  const Instance left = await(*provider, says("its Job was deleted, and its pod ends"));
  EXPECT_EQ(left.state, InstanceState::stopping);
  EXPECT_EQ(left.ref.id.text(), job);
  EXPECT_EQ(left.token, "l-one");
  EXPECT_EQ(*provider->terminate(left.ref), provider::TerminateState::in_progress);
  namespace_->kubelet().take_time(false);
  for (int i = 0; i < 600 && !provider::list_all(*provider, ours).empty(); ++i)
    std::this_thread::sleep_for(Duration(50));
  EXPECT_TRUE(provider::list_all(*provider, ours).empty());
  EXPECT_EQ(*provider->terminate(left.ref), provider::TerminateState::done);
}

// The role goes with its namespace: who has rights everywhere is told what became of it.
TEST_F(RealKubernetes, ANamespaceThatIsDeletedMeanwhileIsNoListOfEnds) {
  const auto provider = namespace_->open();
  KubernetesProvider everywhere(namespace_->config(), {variable("TRADEWIND_TEST_KUBECONFIG_ADMIN"), "", {}},
                                clock_);
  launch(*provider, request(*provider));
  await(*provider, in(InstanceState::running));
  must(admin().remove("/api/v1/namespaces/" + where(), json::object{}));
  provider::LaunchRequest next = request(*provider);
  next.token = "l-two";
  EXPECT_FALSE(everywhere.launch(next).ok());
  for (KubernetesProvider* each : {provider.get(), &everywhere}) {
    Result<InstancePage> page = each->instances(ours, "");
    for (int i = 0; page.ok() && i < 1200; ++i) {
      for (const Instance& seen : page->instances) EXPECT_EQ(seen.token, "l-one");
      std::this_thread::sleep_for(Duration(50));
      page = each->instances(ours, "");
    }
    ASSERT_FALSE(page.ok());
    const bool denied = each == provider.get() && page.error().code == Code::unauthorized;
    EXPECT_TRUE(denied || page.error().code == Code::unavailable) << describe(page.error());
  }
  const Error gone = everywhere.instances(ours, "").error();
  EXPECT_NE(gone.message.find("the namespace " + where() + " is not there"), std::string::npos)
      << describe(gone);
}

TEST_F(RealKubernetes, AWatchTellsWhatAListWould) {
  const auto provider = namespace_->open();
  WatchTempo tempo;
  tempo.watch_lasts = std::chrono::seconds(3);
  tempo.trusted_for = std::chrono::hours(1);  // so that nothing but the watch brings what is new
  KubeClient client("kubernetes/lab", {variable("TRADEWIND_TEST_KUBECONFIG"), "", {}}, clock_);
  WatchedList jobs(client, jobs_path(where()), "", clock_, tempo);
  ASSERT_TRUE(jobs.items().ok() && jobs.items().ok());
  const auto names = [&] {
    std::set<std::string> all;
    const auto items = jobs.items();
    for (const WatchedList::Item& job : items.value()) all.insert(text_at(*job, {"metadata", "name"}));
    return all;
  };
  std::set<std::string> made;
  for (int i = 0; i < 3; ++i) {
    provider::LaunchRequest next = request(*provider);
    next.token += std::to_string(i);
    made.insert(launch(*provider, next));
    for (int wait = 0; wait < 600 && names() != made; ++wait) std::this_thread::sleep_for(Duration(50));
    EXPECT_EQ(names(), made);
    if (i < 2) std::this_thread::sleep_for(tempo.watch_lasts);  // and so does the next watch
  }
}

TEST_F(RealKubernetes, AWatchEndsInTimeAfterABookmark) {
  const auto provider = namespace_->open();
  launch(*provider, request(*provider));  // a server that saw nothing has no bookmarks to give
  KubeClient client("kubernetes/lab", {variable("TRADEWIND_TEST_KUBECONFIG"), "", {}}, clock_);
  const auto listed = client.list_with_version(jobs_path(where()), "");
  ASSERT_TRUE(listed.ok()) << describe(listed.error());
  int bookmarks = 0;
  const auto ended = client.watch({jobs_path(where()), "", listed->version, std::chrono::seconds(8), nullptr},
                                  [&](const WatchEvent& event) {
                                    bookmarks += event.kind == WatchKind::bookmark ? 1 : 0;
                                    return true;
                                  });
  ASSERT_TRUE(ended.ok()) << describe(ended.error());
  EXPECT_EQ(*ended, WatchEnd::in_time);
  EXPECT_GE(bookmarks, 1);
}

TEST_F(RealKubernetes, AnApiServerThatDiesEndsNothingAndNothingIsLaunchedTwice) {
  const auto provider = namespace_->open();
  KubeClient client("kubernetes/lab", {variable("TRADEWIND_TEST_KUBECONFIG"), "", {}}, clock_);
  const auto earlier = client.list_with_version(jobs_path(where()), "");
  ASSERT_TRUE(earlier.ok()) << describe(earlier.error());
  const std::string job = launch(*provider, request(*provider));
  await(*provider, in(InstanceState::running));
  const std::filesystem::path folder =
      std::filesystem::path(variable("TRADEWIND_TEST_KUBECONFIG")).parent_path();
  ASSERT_TRUE(io::write_file_atomic(folder / "apiserver.away", "").ok());
  ASSERT_EQ(::kill(std::stoi(*io::read_file(folder / "apiserver.pid", 100)), SIGKILL), 0);
  Result<InstancePage> page = provider->instances(ours, "");
  for (int i = 0; page.ok() && i < 600; ++i) {
    ASSERT_EQ(page->instances.size(), 1U);
    EXPECT_EQ(page->instances.front().state, InstanceState::running);
    std::this_thread::sleep_for(Duration(50));
    page = provider->instances(ours, "");
  }
  ASSERT_FALSE(page.ok());
  EXPECT_EQ(page.error().code, Code::unavailable) << describe(page.error());
  EXPECT_NE(page.error().hint.find("is the API server"), std::string::npos) << describe(page.error());
  provider::LaunchRequest next = request(*provider);
  next.token = "l-two";
  EXPECT_EQ(provider->launch(next).error().code, Code::unavailable);
  EXPECT_EQ(provider->launch(request(*provider)).error().code, Code::unavailable);
  EXPECT_EQ(provider->terminate({{"kubernetes", "lab"}, InstanceId(job)}).error().code, Code::unavailable);
  std::filesystem::remove(folder / "apiserver.away");
  for (int i = 0; !page.ok() && i < 1200; ++i) {
    EXPECT_EQ(page.error().code, Code::unavailable) << describe(page.error());
    std::this_thread::sleep_for(Duration(50));
    page = provider->instances(ours, "");
  }
  ASSERT_TRUE(page.ok()) << describe(page.error());
  ASSERT_EQ(page->instances.size(), 1U);
  EXPECT_EQ(page->instances.front().state, InstanceState::running);
  EXPECT_EQ(launch(*provider, request(*provider)), job);
  EXPECT_EQ(provider::list_all(*provider, ours).size(), 1U);
  const auto forgotten =
      client.watch({jobs_path(where()), "", earlier->version, std::chrono::seconds(5), nullptr},
                   [](const WatchEvent&) { return true; });
  ASSERT_TRUE(forgotten.ok()) << describe(forgotten.error());
  EXPECT_EQ(*forgotten, WatchEnd::expired) << "a server that began later knows no earlier events";
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
  config.queue_priority = "urgent";
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

// What Kueue alone admits, where there is none: told, given up, and withdrawn whole.
TEST_F(RealKubernetes, AJobForAQueueThatNobodyServesIsToldAndWithdrawn) {
  ClusterConfig config = namespace_->config();
  config.queue = "research";
  const auto provider = namespace_->open(config);
  const std::string job = launch(*provider, request(*provider));
  const Instance waiting = await(*provider, says("Kueue is not installed in the cluster"));
  EXPECT_EQ(waiting.state, InstanceState::pending);
  EXPECT_TRUE(provider->terminate(waiting.ref).ok());
  EXPECT_EQ(*provider->terminate(waiting.ref), provider::TerminateState::done);
  EXPECT_EQ(admin().get(jobs_path(where()) + "/" + job).error().code, Code::not_found);
  config.patience = Duration(1000);
  const auto hasty = namespace_->open(config);
  provider::LaunchRequest next = request(*hasty);
  next.token = "l-two";
  launch(*hasty, next);
  for (int i = 0; i < 600 && !provider::list_all(*hasty, ours).empty(); ++i)
    std::this_thread::sleep_for(Duration(50));
  EXPECT_TRUE(provider::list_all(*hasty, ours).empty());
}

}  // namespace
}  // namespace tradewind::kubernetes
