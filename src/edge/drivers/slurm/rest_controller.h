// Slurm by its REST service, slurmrestd: OpenAPI v0.0.36 to v0.0.38, which Slurm 21.08 to 23.11 speak.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "core/model/json.h"
#include "edge/drivers/slurm/cluster.h"
#include "edge/drivers/slurm/controller.h"
#include "edge/io/http_socket.h"

namespace tradewind::slurm {

class RestController final : public Controller {
 public:
  // Asks nobody. invalid_argument: no URL. The token's file is read at each call, so that it may be renewed.
  static Result<std::unique_ptr<RestController>> make(const Rest& rest, Duration patience);
  Result<std::string> submit(const SubmitRequest& request) override;
  Result<std::vector<Job>> jobs() override;
  Status cancel(const std::string& name) override;
  Result<std::vector<Partition>> partitions() override;
  // The service cannot say.
  Result<std::optional<Time>> expected_start(const SubmitRequest&) override { return std::optional<Time>(); }

 private:
  RestController(Rest rest, io::HttpEndpoint endpoint, Duration patience)
      : rest_(std::move(rest)), endpoint_(std::move(endpoint)), patience_(patience) {}
  // The newest version that both know.
  Result<std::string> version();
  Result<json::value> call(const std::string& method, const std::string& path,
                           const json::object* body = nullptr);
  Result<json::value> call_version(const std::string& version, const std::string& method,
                                   const std::string& path, const json::object* body);

  Rest rest_;
  io::HttpEndpoint endpoint_;
  Duration patience_;
  std::mutex mutex_;  // of version_
  std::string version_;
};

// What is posted to job/submit.
json::object submit_body(const SubmitRequest& request, std::string_view version);
// Of the answers to jobs, partitions and nodes. corrupt: they have another form.
Result<std::vector<Job>> jobs_from_rest(const json::value& answer);
Result<std::vector<Partition>> partitions_from_rest(const json::value& partitions, const json::value& nodes);

}  // namespace tradewind::slurm
