// Slurm by its REST service, slurmrestd: OpenAPI v0.0.36 to v0.0.41 (rest_shapes.h).
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
  Result<int> array_max() override;
  Result<std::vector<Job>> jobs() override;
  Status cancel(const std::vector<Cancellation>& which) override;
  Result<std::vector<Partition>> partitions() override;
  // The service cannot say.
  Result<std::optional<Time>> expected_start(const SubmitRequest&) override { return std::optional<Time>(); }

 private:
  RestController(Rest rest, io::HttpEndpoint endpoint, Duration patience)
      : rest_(std::move(rest)), endpoint_(std::move(endpoint)), patience_(patience) {}
  // The newest version that both know.
  Result<int> version();
  Result<json::value> call(const std::string& method, const std::string& path,
                           const json::object* body = nullptr);
  Result<json::value> call_version(int version, const std::string& method, const std::string& path,
                                   const json::object* body);

  Rest rest_;
  io::HttpEndpoint endpoint_;
  Duration patience_;
  std::mutex mutex_;  // of version_
  int version_ = 0;   // 38 of "v0.0.38"; 0: not known yet
};

}  // namespace tradewind::slurm
