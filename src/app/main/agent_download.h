// Where rented machines fetch the agent from: the job's own store, by URLs that hold for a while.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "base/result.h"
#include "edge/drivers/boot/boot_document.h"
#include "edge/objectstore/object_store.h"

namespace tradewind::app {

struct AgentDownloadOptions {
  std::map<std::string, std::string> programs;     // paths by the kernel's name of the processor
  std::map<std::string, std::string> environment;  // who we are to the store
  std::function<Result<objectstore::ObjectStore*>(const std::string& url)> open_store;
};

// Puts each program into the store of the launch, once, at agents/<processor>/<SHA-256>, and signs a URL for
// it. invalid_argument: the store is none of S3's.
boot::AgentSource agent_from_store(AgentDownloadOptions options);

// The programs of a control plane whose own agent is `own`: it for this machine's processor, and for others
// what TRADEWIND_AGENT_X86_64 and TRADEWIND_AGENT_AARCH64 name.
std::map<std::string, std::string> agent_programs(const std::string& own,
                                                  const std::map<std::string, std::string>& environment);

}  // namespace tradewind::app
