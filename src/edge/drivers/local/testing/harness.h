// What the tests of this room share: a supplier in a temporary folder whose machines are this test program
// and whose agents are shell scripts. Everything it started is gone when it is destroyed.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "edge/drivers/local/local_provider.h"
#include "edge/io/files.h"
#include "edge/io/process_table.h"
#include "edge/io/system_clock.h"

namespace tradewind::local {

inline const OwnerId test_owner("0123456789abcdef0123456789abcdef");

class Harness {
 public:
  // The script is run by /bin/sh with the agent's arguments.
  Harness(std::vector<Zone> zones, const std::string& agent_script);
  Harness(const Harness&) = delete;
  Harness& operator=(const Harness&) = delete;
  ~Harness();

  LocalProvider& provider() { return *provider_; }
  // Another driver over the same folders.
  std::unique_ptr<LocalProvider> open_another() const;
  const Clock& clock() const { return clock_; }
  std::filesystem::path root() const { return dir_.path() / "local 한글"; }
  // A folder beside it in which agents may leave what tests read; also their $1.
  std::filesystem::path notes() const { return dir_.path() / "notes"; }
  InstanceFolder folder(const std::string& token) const {
    return InstanceFolder(root() / "instances" / token);
  }

  provider::LaunchRequest request(const std::string& token, const std::string& zone, Purchase purchase) const;
  // Fails the test when it is refused.
  InstanceRef launch(const std::string& token, const std::string& zone,
                     Purchase purchase = Purchase::on_demand);
  std::optional<Instance> find(const std::string& token);
  bool reaches(const std::string& token, InstanceState state);
  std::vector<io::ProcessInfo> processes(const std::string& token) const;
  pid_t machine_pid(const std::string& token) const;

  LocalOptions options;

 private:
  io::TempDir dir_;
  io::SystemClock clock_;
  std::unique_ptr<LocalProvider> provider_;
};

// Asks every 10 ms, for at most a minute.
bool eventually(const std::function<bool()>& condition);

Zone plain_zone(const std::string& name, int capacity = 10);

}  // namespace tradewind::local
