// The Kubernetes API over HTTPS: requests as one user of one cluster, and its refusals as our errors.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "core/model/json.h"
#include "edge/drivers/kubernetes/credentials.h"
#include "edge/drivers/kubernetes/watch_reader.h"
#include "edge/io/cancellation.h"
#include "edge/io/http_pool.h"

namespace tradewind::kubernetes {

struct ObjectList {
  std::vector<json::value> items;
  std::string version;  // of the collection as it was listed: a watch goes on from it
};

enum class WatchEnd {
  in_time,  // the server ended it after the time that was asked for
  enough,   // `take` said so
  expired,  // the server no longer knows what happened since that version: list anew
};

struct WatchRequest {
  std::string path;
  std::string query;    // as a list's
  std::string version;  // what came after it is told
  Duration lasts{};     // then the server ends it
  std::shared_ptr<const io::Cancellation> cancellation;
};

// The answer to a watch, from its bytes to its end.
class WatchAnswer {
 public:
  using Take = std::function<bool(const WatchEvent&)>;
  // `cluster` as KubeClient's. `take` is handed each event but errors, until it returns false.
  WatchAnswer(std::string cluster, Take take) : cluster_(std::move(cluster)), take_(std::move(take)) {}

  // Whether to read on.
  bool read(std::string_view bytes);
  // What the bytes so far say of it.
  const Result<WatchEnd>& end() const { return end_; }

 private:
  bool ended(Result<WatchEnd> how);
  bool refused(const json::value& status);

  const std::string cluster_;
  const Take take_;
  WatchReader reader_;
  Result<WatchEnd> end_ = WatchEnd::in_time;
};

io::HttpRequest watch_request(const Access& access, const WatchRequest& asked);

// Safe from several threads at once.
class KubeClient {
 public:
  // `cluster` names it in errors, "kubernetes/lab". The kubeconfig is read at the first call.
  // `transport` stands in the network's place where the API server is modelled; watches have none there.
  using Transport = std::function<Result<io::HttpResponse>(const io::HttpRequest&)>;
  KubeClient(std::string cluster, AccessOptions access, const Clock& clock, Transport transport = nullptr);

  // Paths are the API's, with their query: "/apis/batch/v1/namespaces/runs/jobs". Answers are objects.
  // unauthorized (the sentence names the verb and the resource), not_found, conflict (AlreadyExists, or it
  // changed), quota_exceeded, invalid_argument (the cluster refuses the object), rate_limited, unavailable.
  Result<json::value> get(const std::string& path);
  Result<json::value> create(const std::string& path, const json::value& object);
  Result<json::value> merge(const std::string& path, const json::value& patch);  // a JSON merge patch
  Result<json::value> remove(const std::string& path, const json::value& options);
  // All items of a list, in pieces of 500 by continue tokens; begun again where the token expired.
  // `query`: "labelSelector=…", encoded; may be empty.
  Result<std::vector<json::value>> list(const std::string& path, const std::string& query);
  Result<ObjectList> list_with_version(const std::string& path, const std::string& query);

  // Hands over each event but errors, until `take` returns false. unavailable: cut, silent for longer than it
  // was to last, or an error event; cancelled; corrupt.
  Result<WatchEnd> watch(const WatchRequest& request, const WatchAnswer::Take& take);
  // How a watch ended of which this is the response, its bytes given to `answer`. Errors as watch()'s.
  Result<WatchEnd> watch_end(const Result<io::HttpResponse>& response, const WatchAnswer& answer);

  // Of the context; empty: it names none.
  Result<std::string> context_namespace();
  const std::string& cluster() const { return cluster_; }

 private:
  struct Session {
    Access access;
    io::HttpClientOptions options;
    std::unique_ptr<io::HttpPool> pool;
  };
  struct Answer {
    int status = 0;
    json::value body;
  };
  Result<std::shared_ptr<Session>> session();
  Result<io::HttpResponse> send(const std::string& method, const std::string& path, const std::string& type,
                                const std::string& body);
  Result<Answer> ask(const std::string& method, const std::string& path, const std::string& type,
                     const std::string& body);
  Result<Answer> ask_once(const std::string& method, const std::string& path, const std::string& type,
                          const std::string& body);
  Result<json::value> object(const std::string& method, const std::string& path, const std::string& type,
                             const std::string& body);
  Result<bool> list_once(const std::string& path, const std::string& query, ObjectList& listed);
  Result<WatchEnd> watch_once(const WatchRequest& request, const WatchAnswer::Take& take);
  Error unanswered(const Error& error) const;
  Error refused(int status, const json::value& body);
  void forget_session();

  const std::string cluster_;
  const AccessOptions options_;
  const Clock& clock_;
  const Transport transport_;
  std::mutex mutex_;
  std::shared_ptr<Session> session_;      // protected by mutex_
  std::atomic<bool> was_granted_{false};  // some request, since this began
};

// The error that a refusal of a server that is ready stands for. `body` is the API's Status, or null where it
// is none.
Error error_of(const std::string& cluster, int status, const json::value& body);

}  // namespace tradewind::kubernetes
