// A supplier that is a program of somebody's own, in any language: asked the seam's questions as JSON lines
// (docs/suppliers/exec.md). Its locations are "<name>/<region>" and "<name>/<region>/<zone>".
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "edge/drivers/exec/exec_file.h"
#include "edge/drivers/exec/exec_program.h"
#include "edge/provider/proof.h"
#include "edge/provider/provider.h"

namespace tradewind::exec {

struct ExecOptions {
  SupplierConfig config;
  std::map<std::string, std::string> environment;  // ours: the program gets a few of them, and those it names
  bool whole_environment = false;                  // it gets all of them
  std::filesystem::path folder;                    // where the program is started
  std::filesystem::path state_folder;              // for what it must remember; made when it is missing
  std::filesystem::path facts_file = {};  // what its capabilities were; empty: they are not remembered
  std::string agent_program;              // the agent on this machine, for the program to bring
  std::function<void(const std::string&)> log = [](const auto&) {};
  Duration greeting_timeout = std::chrono::seconds(10);
  Duration first_pause = std::chrono::seconds(1);
};

class ExecProvider final : public provider::Provider {
 public:
  // Starts the program and asks for its capabilities. One that does not answer is taken for what it was last
  // time, or for the most careful of suppliers, and is tried again with each question; so this fails only
  // where its folder cannot be made. `clock` outlives this.
  static Result<std::unique_ptr<ExecProvider>> open(ExecOptions options, const Clock& clock);

  const provider::Capabilities& capabilities() const override { return capabilities_; }
  Result<std::vector<Offer>> offers(const provider::OfferQuery& query) override;
  Result<provider::Launched> launch(const provider::LaunchRequest& request) override;
  Result<InstancePage> instances(const OwnerId& owner, const provider::PageToken& page) override;
  Result<provider::TerminateState> terminate(const InstanceRef& instance) override;

  // What `tradewind check exec` proves, without launching anything.
  std::vector<provider::Proof> prove();
  // Whether it answers capabilities; else what was wrong when it was started last.
  Status prove_started() { return program_.prove_started(); }

 private:
  ExecProvider(ExecOptions options, provider::Capabilities capabilities, const Clock& clock);
  Result<int> greet(const json::value& result);
  Told told() const;
  bool is_used(const std::string& region) const;
  Error nonsense(std::string_view method, const Error& error, const std::string& hint = "") const;

  const ExecOptions options_;
  const Clock& clock_;
  provider::Capabilities capabilities_;  // constant after open()
  bool opened_ = false;                  // constant after open(): capabilities_ is what callers rely on
  mutable std::mutex mutex_;
  std::optional<Told> told_;  // protected by mutex_; by the run of the program that answers now
  Program program_;           // the last member: it is ended before what it uses goes
};

}  // namespace tradewind::exec
