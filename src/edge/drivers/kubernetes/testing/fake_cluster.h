// The part of a Kubernetes cluster that the driver speaks with, in this process: an API server that keeps
// objects, and the rules of the Job controller. Pods are the business of a Kubelet (kubelet.h). It stands in
// where Kubernetes itself is not installed, and fails as a test asks for.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/model/json.h"
#include "edge/io/files.h"
#include "edge/io/http_server.h"

namespace tradewind::kubernetes {

class FakeCluster {
 public:
  // Asked of each request before it is answered: another answer in its place, or nothing.
  using Fault = std::function<std::optional<io::HttpResponse>(const io::HttpRequest&)>;
  FakeCluster();

  // A kubeconfig for it, whose user's token is "good"; others are answered 401.
  std::string kubeconfig() const { return (folder_.path() / "kubeconfig").string(); }
  std::string endpoint() const { return "http://127.0.0.1:" + std::to_string(port_); }
  const std::filesystem::path& folder() const { return folder_.path(); }
  void fail(Fault fault);
  // The next list gives its first item alone, and the continue token with which it goes on has expired
  // that often.
  void expire_continues(int times);
  // What happened so far is forgotten: watches from there are told 410, in an event where they are under
  // way, and by their status where they begin.
  void forget_history();
  // Watches under way break off in the middle of an event.
  void cut_watches();
  // Watches tell nothing and do not end, as those of a connection that is dead on the way.
  void mute_watches(bool mute);
  // How many are under way.
  int watches() const;
  // "get /api/v1/…" in the order in which they came.
  std::vector<std::string> log() const;

 private:
  using Objects = std::map<std::string, json::value>;  // by their paths
  struct Change {
    std::string type;  // "ADDED", …
    std::string path;
    json::value object;
  };
  struct Watch {
    std::string path;
    std::string labels;
    std::size_t next = 0;  // of history_
    std::chrono::steady_clock::time_point bookmark, end;
    bool told_bookmark = false;
    int cuts = 0;  // as cuts_ when it began
  };
  io::HttpResponse answer(const io::HttpRequest& request);
  io::HttpResponse answer_asked(const io::HttpRequest& request);
  io::HttpResponse begin_watch(const std::string& path, const std::map<std::string, std::string>& query);
  void play_watch(Watch watch, io::HttpStream& stream);
  bool next_lines(Watch& watch, std::string& lines);
  void publish();
  io::HttpResponse create(const std::string& path, const std::string& body);
  io::HttpResponse list(const std::string& path, const std::map<std::string, std::string>& query);
  io::HttpResponse change(std::string path, const std::string& body);
  io::HttpResponse remove(const std::string& path, const std::string& body);
  io::HttpResponse evict(const std::string& pod);
  void settle();
  void settle_job(const std::string& path, json::value& job);
  void make_pod(const std::string& path, json::value& job);
  void remove_owned(const std::string& uid);
  void begin_deletion(json::value& pod, const std::string& path, bool now);
  std::vector<std::string> pods_of(const json::value& job) const;

  io::TempDir folder_;
  mutable std::mutex mutex_;
  Objects objects_;               // protected by mutex_
  Objects published_;             // protected by mutex_; as history_ tells them
  std::vector<Change> history_;   // protected by mutex_; the version is its length, so that none is 0
  std::size_t forgotten_ = 0;     // protected by mutex_; of history_
  int cuts_ = 0;                  // protected by mutex_
  bool mute_ = false;             // protected by mutex_
  int watches_ = 0;               // protected by mutex_
  std::vector<std::string> log_;  // protected by mutex_
  Fault fault_;                   // protected by mutex_
  int expiries_ = 0;              // protected by mutex_
  bool in_pieces_ = false;        // protected by mutex_
  int made_ = 0;                  // protected by mutex_
  std::uint16_t port_ = 0;
  std::unique_ptr<io::HttpServer> server_;  // last: its threads use the rest
};

// An answer of the API: an object, or the Status that refuses.
io::HttpResponse api_answer(int status, const json::value& body);
io::HttpResponse api_refusal(int status, const std::string& reason, const std::string& message);

}  // namespace tradewind::kubernetes
