// A Kubernetes cluster as its API server shows it: Jobs and their pods in one namespace with their versions,
// lists and watches of them, what the Job controller, the scheduler and the kubelets do with them, and what
// befalls them.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/model/instance.h"
#include "core/model/json.h"
#include "edge/io/http_message.h"
#include "engine/simulator/agent_process.h"

namespace tradewind::simulator {

enum class PodPhase { pending, running, succeeded, failed };

struct KubePod {
  std::string name;
  PodPhase phase = PodPhase::pending;
  Time made_at;
  Time may_run;                     // once there is a node
  std::string unschedulable;        // the scheduler's words
  std::string image_error;          // the kubelet's
  std::optional<Time> deleting_at;  // since when it is being ended
  std::string disruption;           // the reason of the condition DisruptionTarget
  Time disrupted_at;
  std::string status_reason;  // "NodeShutdown"
  int exit_code = 0;
  Time ended_at;
  bool on_node = false;
  std::unique_ptr<AgentProcess> agent;
};

struct KubeJob {
  std::string name;
  std::string uid;
  json::object labels;
  json::object annotations;
  OwnerId owner;
  std::string token;
  JobId job;
  bool standby = false;
  Time hard_limit;
  Duration grace{};
  Duration ttl{};
  Time created_at;
  bool past_deadline = false;  // activeDeadlineSeconds was set to the past
  Time past_deadline_at;
  std::string finish;  // "Complete", "Failed"; empty: neither yet
  std::string finish_reason;
  Time finished_at;
  std::string pod_refused;  // why no pod could be made, in an event
  std::unique_ptr<KubePod> pod;
  int pods_made = 0;
  std::optional<Time> deleted_at;
};

// Kind, such as "pods", and name.
using KubeKey = std::pair<std::string, std::string>;

// An object as it was told last.
struct KubeShown {
  const KubeJob* job = nullptr;
  std::string mark;        // differs where the object does
  json::value object;      // with its version
  std::uint64_t look = 0;  // in which it was there
};

struct KubeChange {
  std::uint64_t version = 0;
  std::string kind;
  const char* type = "";  // "ADDED"
  json::object labels;
  std::string job;
  json::value object;
};

// Of a watch: its bytes, which are read on while that is true, and its end.
struct KubeSink {
  std::function<bool(std::string_view)> bytes;
  std::function<void(const Result<io::HttpResponse>&)> end;
};

struct KubeWatch {
  std::string kind;
  std::string selector;
  std::uint64_t sent = 0;  // all changes up to this version
  KubeSink sink;
  bool is_mute = false;  // a connection that nobody knows is dead
  bool is_planned = false;
  Time patience_ends;  // of who reads it
};

class KubernetesModel {
 public:
  // REQUIRES: `world` outlives this.
  KubernetesModel(const ModelWorld& world, int nodes, std::uint64_t seed);
  void begin();

  // The API server.
  Result<io::HttpResponse> answer(const io::HttpRequest& request);
  // Returns its number. What comes of it comes later; `patience` is that of who reads, from now.
  std::uint64_t open_watch(const io::HttpRequest& request, Duration patience, KubeSink sink);
  void close_watch(std::uint64_t number) { watches_.erase(number); }
  // A list that its driver answered: no older than `age_max`.
  void check_list(const OwnerId& owner, const InstancePage& page, Duration age_max) const;

  // ---- the truth
  const ModelAgent* agent_of(const std::string& token) const;
  std::optional<Time> dark_since() const { return dark_since_; }
  void check_end(const OwnerId& owner, const std::function<void(const std::string&)>& found) const;

 private:
  using Jobs = std::map<std::string, std::unique_ptr<KubeJob>>;
  using Query = std::map<std::string, std::string>;
  Time now() const { return world_.time.now(); }
  // kubernetes_api.cc
  io::HttpResponse serve(const io::HttpRequest& request);
  io::HttpResponse create(const std::string& body);
  io::HttpResponse patch(KubeJob& job, const std::string& body);
  io::HttpResponse list(const std::string& kind, const Query& query);
  io::HttpResponse events(const Query& query) const;
  std::optional<io::HttpResponse> refuse_all(const io::HttpRequest& request);
  json::value object_of(const KubeJob& job) const;
  json::value pod_of(const KubeJob& job) const;
  // kubernetes_watches.cc
  void look();  // takes down what has changed since the last look
  void look_at(const KubeKey& key, const KubeJob& job);
  void take_down(const KubeKey& key, const char* type, KubeShown& shown);
  // For those that ask from now on.
  void forget_history() { known_since_ = version_; }
  bool knows_since(std::uint64_t version) const;
  void plan_end_of_watch(std::uint64_t number, Duration lasts);
  void plan_delivery(std::uint64_t number);
  bool deliver(std::uint64_t number);
  void end_in_time(std::uint64_t number);
  void cut_watch(std::uint64_t number);
  void expire_watch(std::uint64_t number);
  void break_watches();
  void end_watch(std::uint64_t number, const Result<io::HttpResponse>& how);
  void at_watch(std::uint64_t number, Duration span, void (KubernetesModel::*happens)(std::uint64_t));
  // kubernetes_model.cc
  void pass();
  void make_pod(KubeJob& job);
  void try_to_place(KubeJob& job);
  void begin_agent(KubeJob& job);
  void end_pod(KubeJob& job, Duration grace);
  void pod_ended(KubeJob& job, PodPhase phase, int exit_code);
  void conclude(KubeJob& job);
  void finish(KubeJob& job, const std::string& type, const std::string& reason);
  void vanish(const std::string& name);
  void note_dark();
  bool is_down() const { return now() < down_until_; }
  // kubernetes_accidents.cc
  void plan_accidents();
  void befall(KubeJob& job);
  void disrupt(KubePod& pod, const char* reason) const;
  void evict(KubeJob& job);
  void shut_node_down(KubeJob& job);
  void lose_node(KubeJob& job);
  void delete_namespace();
  // Happens to that pod of the job, unless either has gone by then.
  void later(Duration span, const KubeJob& job, std::function<void(KubeJob&)> happening);

  const ModelWorld& world_;
  int nodes_;
  Random random_;
  Jobs jobs_;
  std::vector<std::unique_ptr<KubeJob>> buried_;  // deleted ones: their pods may still be ending
  std::vector<std::unique_ptr<KubePod>> buried_pods_;
  std::uint64_t next_uid_ = 1;
  std::uint64_t next_pod_ = 1;
  std::map<KubeKey, KubeShown> shown_;
  std::deque<KubeChange> history_;
  std::uint64_t version_ = 100;
  std::uint64_t known_since_ = 0;
  std::uint64_t looks_ = 0;
  std::map<std::uint64_t, KubeWatch> watches_;
  std::uint64_t next_watch_ = 1;
  Time down_until_;
  Time begins_until_;  // it knows no rights yet
  Time quota_until_;
  Time no_namespace_until_;
  std::optional<Time> dark_since_;
};

}  // namespace tradewind::simulator
