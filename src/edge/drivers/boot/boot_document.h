// What a rented machine is told when it first boots: one shell script that brings the agent, starts it, and
// turns the machine off when that has ended or its time is up. Every cloud's images run it (cloud-init's user
// data).
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "edge/provider/provider.h"

namespace tradewind::boot {

// Where the static agent of one kind of processor is fetched from.
struct AgentDownload {
  std::string url;     // short-lived where it is a secret
  std::string sha256;  // 64 hex digits
  bool operator==(const AgentDownload&) const = default;
};
// By the kernel's name of the processor: "x86_64", "aarch64".
using AgentDownloads = std::map<std::string, AgentDownload>;
// For the lease that is launched: a URL that the machine can reach, for a while.
using AgentSource = std::function<Result<AgentDownloads>(const provider::LaunchRequest&)>;

struct BootRequest {
  AgentDownloads agents;
  std::vector<std::string> agent_arguments;    // "--scratch=" and the like are added
  std::map<std::string, std::string> secrets;  // environment of the agent
  Time hard_limit;
  // How long the machine stays on after a boot that failed, so that its console can be read.
  Duration failed_patience = std::chrono::minutes(2);
  std::string folder = "/run/tradewind";  // in memory; tests have another
};

// The smallest limit that a supplier sets, and what EC2 takes.
inline constexpr std::size_t boot_bytes_max = 16'384;

// POSIX shell. invalid_argument: it would be longer than `bytes_max`, no agent is named, or a name or value
// cannot be handed over.
Result<std::string> boot_document(const BootRequest& request, std::size_t bytes_max = boot_bytes_max);

// What a cloud lets its machines know of their end: whose metadata service the agent asks, if any ("aws"; its
// --metadata), and how long before a preemption that tells.
struct Warning {
  std::string metadata;
  Duration lead{};
};

// The arguments that every machine's agent gets after the request's own.
std::vector<std::string> agent_arguments_of(const provider::LaunchRequest& request, const Warning& warning,
                                            const std::string& folder = "/run/tradewind");

}  // namespace tradewind::boot
