#include "edge/drivers/ssh/ssh_check.h"

#include <cstdio>

#include "base/text.h"

namespace tradewind::ssh {
namespace {

using provider::Finding;
using provider::Proof;

constexpr double disk_enough_gib = 5;
constexpr Duration clocks_agree{5'000};

std::string machine_text(const local::MachineFacts& machine) {
  char text[160];
  std::snprintf(text, sizeof text, "%d CPUs, %.3g GiB", machine.cpus, machine.memory_gib);
  if (!machine.accelerator) return text;
  char gpus[96];
  std::snprintf(gpus, sizeof gpus, "%g × %s, ", machine.accelerator->count,
                machine.accelerator->model.c_str());
  return std::string(gpus) + text;
}

Proof limits_of(const std::string& name, const node::HostFacts& facts) {
  if (facts.cgroup != "none") return {name, Finding::ok, "cgroup " + facts.cgroup};
  return {name, Finding::warning, "no control group may be made: a job may take more memory than its share",
          "let the user have cgroups of his own (systemd: Delegate=yes for user@.service)"};
}

Proof clock_of(const std::string& name, const node::HostFacts& facts, Time now) {
  const Duration apart = facts.now - now;
  if (std::chrono::abs(apart) <= clocks_agree) return {name, Finding::ok, "agrees with this machine's"};
  return {name, Finding::warning,
          "is " + format_duration(std::chrono::abs(apart)) + (apart > Duration(0) ? " ahead" : " behind") +
              "; times there are shifted by as much",
          "run an NTP client on both"};
}

Proof logout_of(const std::string& name, const node::HostFacts& facts) {
  if (!facts.kills_at_logout) return {name, Finding::ok, "programs run on when the last session ends"};
  return {name, Finding::warning, "systemd ends a user's programs with his last session (KillUserProcesses)",
          "loginctl enable-linger, or jobs end when the connection does"};
}

Proof disk_of(const std::string& name, const node::HostFacts& facts) {
  char text[64];
  std::snprintf(text, sizeof text, "%.3g GiB free", facts.disk_free_gib);
  if (facts.disk_free_gib >= disk_enough_gib) return {name, Finding::ok, text};
  return {name, Finding::warning, text, "name a folder on a larger disk as folder: in ssh.yaml"};
}

// What its owner lets jobs have of it, and when.
Proof owner_of(const std::string& name, const lending::State& state) {
  const std::string limits = lending::limits_text(state.rules);
  std::string detail = state.open ? "open to jobs; " + state.why : "closed to jobs: " + state.why;
  if (state.until) detail += (state.open ? "; closes at " : "; opens at ") + format_utc(*state.until);
  if (!limits.empty()) detail += "; " + limits;
  detail += "; jobs get " + format_duration(state.rules.yield) + " to leave";
  if (state.problem.empty()) return {name, Finding::ok, detail};
  return {name, Finding::warning, detail, "its owner has to mend " + state.problem};
}

Proof relay_of(const std::string& name, SshProvider& host) {
  const Status led = host.prove_relay();
  if (led.ok()) return {name, Finding::ok, "agents there reach the stores here"};
  return {name, Finding::broken, led.error().message, led.error().hint};
}

}  // namespace

std::vector<Proof> prove_host(SshProvider& host, const Clock& clock, bool relay) {
  const std::string name = "ssh/" + host.config().name;
  const Result<node::HostFacts> facts = host.fresh_facts();
  if (!facts.ok()) return {{name, Finding::broken, facts.error().message, facts.error().hint}};
  std::vector<Proof> proofs = {{name, Finding::ok, machine_text(facts->machine) + "; the agent program runs"},
                               disk_of(name + " disk", *facts),
                               limits_of(name + " limits", *facts),
                               clock_of(name + " clock", *facts, clock.now()),
                               logout_of(name + " logout", *facts)};
  if (facts->lending) proofs.push_back(owner_of(name + " owner", *facts->lending));
  if (relay) proofs.push_back(relay_of(name + " way back", host));
  return proofs;
}

}  // namespace tradewind::ssh
