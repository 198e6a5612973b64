// The seam to every supplier: five questions. A VM, an allocation, a pod and a host's claim are all an
// Instance.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/id.h"
#include "base/result.h"
#include "base/time.h"
#include "core/model/instance.h"
#include "core/model/offer.h"

namespace tradewind::provider {

enum class TokenKind {
  idempotent,  // the supplier itself answers a repeated token with the first instance
  lookup,      // it does not: the driver finds the token among its instances before it launches
};

// Facts that differ between suppliers, as data.
struct Capabilities {
  std::string provider;  // the first part of its locations
  // Where a driver answers for one region alone, which may be out of reach while others are not (an SSH host,
  // a cluster): that region. Empty: for all of the provider's.
  std::string only_region = {};
  std::vector<std::string> regions;
  bool spot = false;
  Duration notice_lead{};  // warning before a preemption; zero: none
  Duration list_delay{};   // how long after a launch the instance may be missing from lists
  // What it sells changes while we run, or asking takes a connection: it is asked again and again. So is
  // whoever answers for one region alone.
  bool offers_change = false;
  Duration list_gap{};  // asked for its instances no more often than that: its users share one controller
  // Agents there reach our stores through a relay that the driver leads to us (objectstore/relay): it puts
  // the relay's socket into their environment, beside the pass that the request's secrets hold.
  bool needs_relay = false;
  bool far = false;  // its instances see none of this machine's files
  // They see no folder at all that lasts: a job whose stores or data lie in one is not placed there.
  bool network_stores_only = false;
  // Stores of ours by name, as agents there reach them: a cluster's shared folder is
  // "file:///scratch/ana/tw".
  std::map<std::string, std::string> store_urls = {};
  TokenKind token_kind = TokenKind::idempotent;
  int token_letters_max = 64;
  // Launches, or terminations, that launch_many() and terminate_many() make in little more than the time and
  // the calls of one.
  int batch_max = 1;
};

// "aws", or "ssh/gpu1" where a driver answers for one region alone.
inline std::string supplier_name(const Capabilities& facts) {
  return facts.only_region.empty() ? facts.provider : facts.provider + "/" + facts.only_region;
}

struct OfferQuery {
  std::string region;  // empty: all
};

struct LaunchRequest {
  std::string token;  // the lease id; one token, one instance, for ever
  OwnerId owner;      // tagged onto the instance in the creating call
  Offer offer;
  JobId job;
  int nodes = 1;  // all or none; no more than the offer's nodes_max
  // How the agent finds its work: "--store=URL", "--lease=…" and the like, no secrets.
  std::vector<std::string> agent_arguments;
  // The instance ends itself then, whatever happens, unless its agent was ordered to run on: it leaves the
  // later time in the file that the driver named to it (--limit-file).
  Time hard_limit;
  // Environment of the agent, and of nothing else on the instance. A driver hands it over in the most private
  // way that it has; it stands in no file, argument, tag or log.
  std::map<std::string, std::string> secrets = {};
};

struct Launched {
  InstanceRef ref;
  Time launched_at;  // the supplier bills from here
};

enum class TerminateState { done, in_progress };

using PageToken = std::string;

// Plain blocking calls, made by worker threads: implementations are safe to call from several at once.
class Provider {
 public:
  virtual ~Provider() = default;
  virtual const Capabilities& capabilities() const = 0;
  // What can be rented now, at which price. unavailable, unauthorized, rate_limited.
  virtual Result<std::vector<Offer>> offers(const OfferQuery& query) = 0;
  // Idempotent on request.token: a second call answers with the first call's instance, also when that has
  // ended. insufficient_capacity, quota_exceeded, invalid_argument (nothing was made); unavailable (the
  // outcome is unknown).
  virtual Result<Launched> launch(const LaunchRequest& request) = 0;
  // All that carry this owner, ended ones as long as the supplier shows them. Ask on with next_page until it
  // is empty.
  virtual Result<InstancePage> instances(const OwnerId& owner, const PageToken& page) = 0;
  // Asks for the end. Gone counts as done. Safe to repeat.
  virtual Result<TerminateState> terminate(const InstanceRef& instance) = 0;

  // The same of several, answered in their order; each by itself unless the driver knows better.
  virtual std::vector<Result<Launched>> launch_many(std::span<const LaunchRequest> requests) {
    std::vector<Result<Launched>> answers;
    answers.reserve(requests.size());
    for (const LaunchRequest& request : requests) answers.push_back(launch(request));
    return answers;
  }
  virtual std::vector<Result<TerminateState>> terminate_many(std::span<const InstanceRef> instances) {
    std::vector<Result<TerminateState>> answers;
    answers.reserve(instances.size());
    for (const InstanceRef& instance : instances) answers.push_back(terminate(instance));
    return answers;
  }
};

}  // namespace tradewind::provider
