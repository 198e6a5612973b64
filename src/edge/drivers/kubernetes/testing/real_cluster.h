// Kubernetes itself (tests/doubles/kubernetes.sh) for tests: a namespace of its own, with the rights of
// packaging/kubernetes/role.yaml alone, and what is asked of a lease there.
#pragma once

#include <cstdlib>
#include <gtest/gtest.h>
#include <thread>
#include <unistd.h>

#include "edge/drivers/kubernetes/kubernetes_provider.h"
#include "edge/drivers/kubernetes/testing/kubelet.h"
#include "edge/io/process.h"
#include "edge/io/system_clock.h"
#include "edge/provider/testing/conformance.h"

namespace tradewind::kubernetes {

inline const OwnerId ours("0123456789abcdef0123456789abcdef");

inline std::string variable(const char* name) {
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

// What befalls a lease on a true cluster. Skipped without one.
class RealCluster : public testing::Test {
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
    for (int i = 0; i < 2400; ++i) {
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
  std::vector<json::value> must_list(const std::string& path, const std::string& query) {
    const auto found = admin().list(path, query);
    EXPECT_TRUE(found.ok()) << describe(found.ok() ? Error{} : found.error());
    return found.ok() ? *found : std::vector<json::value>();
  }
  // Of "training", bound to a volume that is made for it.
  json::value volume_claim() {
    const json::object size{{"storage", "1Gi"}};
    const std::string own = "training-" + where();
    must(admin().create(
        "/api/v1/persistentvolumes",
        json::object{{"metadata", json::object{{"name", own}}},
                     {"spec", json::object{{"capacity", size},
                                           {"accessModes", json::array{"ReadWriteMany"}},
                                           {"storageClassName", ""},
                                           {"hostPath", json::object{{"path", "/training"}}}}}}));
    return json::object{{"metadata", json::object{{"name", "training"}}},
                        {"spec", json::object{{"resources", json::object{{"requests", size}}},
                                              {"accessModes", json::array{"ReadWriteMany"}},
                                              {"storageClassName", ""},
                                              {"volumeName", own}}}};
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

}  // namespace tradewind::kubernetes
