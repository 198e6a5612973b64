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

}  // namespace
}  // namespace tradewind::kubernetes
