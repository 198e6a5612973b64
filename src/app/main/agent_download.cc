#include "app/main/agent_download.h"

#include <memory>
#include <mutex>
#include <sys/utsname.h>

#include "edge/io/files.h"
#include "edge/io/hash.h"
#include "edge/objectstore/s3_store.h"

namespace tradewind::app {
namespace {

// A machine boots within minutes, and a launch that is tried again signs anew.
constexpr Duration url_lasts = std::chrono::hours(1);

std::string store_of(const provider::LaunchRequest& request) {
  for (const std::string& argument : request.agent_arguments) {
    if (argument.starts_with("--store=")) return argument.substr(8);
  }
  return "";
}

// Programs as they were when each was first needed.
class Downloads {
 public:
  explicit Downloads(AgentDownloadOptions options) : options_(std::move(options)) {}

  Result<boot::AgentDownloads> of(const provider::LaunchRequest& request) {
    const std::string url = store_of(request);
    if (!url.starts_with("s3://"))
      return Error{
          Code::invalid_argument, "instances cannot be given the agent by the store " + url,
          "name an s3:// store first in checkpoint.stores, or where the agent is to be fetched from: agent: "
          "in aws.yaml"};
    boot::AgentDownloads made;
    for (const auto& [machine, path] : options_.programs) {
      TW_ASSIGN_OR_RETURN(const std::string digest, put(url, machine, path));
      TW_ASSIGN_OR_RETURN(made[machine].url, objectstore::s3_read_url(url, options_.environment,
                                                                      key_of(machine, digest), url_lasts));
      made[machine].sha256 = digest;
    }
    return made;
  }

 private:
  static std::string key_of(const std::string& machine, const std::string& digest) {
    return "agents/" + machine + "/" + digest;
  }

  // The digest of the program, which is in the store from now on. Whoever puts it there puts the same.
  Result<std::string> put(const std::string& url, const std::string& machine, const std::string& path) {
    const std::lock_guard lock(mutex_);
    std::string& digest = digests_[path];
    if (digest.empty()) {
      TW_ASSIGN_OR_RETURN(const std::string first, io::read_file(path));
      digest = io::hex(io::sha256(first));
    }
    TW_ASSIGN_OR_RETURN(objectstore::ObjectStore * store, options_.open_store(url));
    const auto there = store->stat(key_of(machine, digest));
    if (there.ok()) return digest;
    if (there.error().code != Code::not_found) return there.error();
    TW_ASSIGN_OR_RETURN(const std::string program, io::read_file(path));
    if (io::hex(io::sha256(program)) != digest)
      return Error{Code::unavailable, path + " was replaced while this ran", "start the server anew"};
    TW_RETURN_IF_ERROR(store->put(key_of(machine, digest), program, objectstore::PutCondition::always));
    return digest;
  }

  const AgentDownloadOptions options_;
  std::mutex mutex_;
  std::map<std::string, std::string> digests_;  // protected by mutex_; by path
};

}  // namespace

boot::AgentSource agent_from_store(AgentDownloadOptions options) {
  auto downloads = std::make_shared<Downloads>(std::move(options));
  return [downloads](const provider::LaunchRequest& request) { return downloads->of(request); };
}

std::map<std::string, std::string> agent_programs(const std::string& own,
                                                  const std::map<std::string, std::string>& environment) {
  std::map<std::string, std::string> programs;
  struct utsname here = {};
  if (::uname(&here) == 0 && io::path_exists(own)) programs[here.machine] = own;
  const auto named = [&](const char* variable, const char* machine) {
    const auto found = environment.find(variable);
    if (found != environment.end() && !found->second.empty()) programs[machine] = found->second;
  };
  named("TRADEWIND_AGENT_X86_64", "x86_64");
  named("TRADEWIND_AGENT_AARCH64", "aarch64");
  return programs;
}

}  // namespace tradewind::app
