// The seam to every spot and fallback policy: a pure question, answered from what is known now. No I/O, no
// clock, no globals.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/money.h"
#include "base/time.h"
#include "core/model/offer.h"

namespace tradewind::policy {

// One offer as the policy sees it, in the planner's order (cheapest expected cost first).
struct Candidate {
  Offer offer;
  Duration p95_remaining{};                          // from a launch now to the finish, pessimistic
  Money expected_cost;                               // from now to the finish
  std::optional<Time> blocked_until = std::nullopt;  // refused for want of capacity: not before then
};

struct View {
  Time now;
  std::optional<Time> deadline = std::nullopt;
  std::optional<Offer> held = std::nullopt;  // what runs the job now
  std::vector<Candidate> candidates = {};
  int preemptions = 0;
};

struct Decision {
  enum class Kind { hold, launch, wait } kind = Kind::hold;
  std::size_t candidate = 0;  // of launch: index into candidates
  // Of wait: ask again then. Of hold: the latest moment to ask again, where a deadline asks for one (else
  // zero).
  Time until = {};
  std::string reason = {};
};

class Policy {
 public:
  virtual ~Policy() = default;
  virtual std::string_view name() const = 0;
  virtual Decision decide(const View& view) const = 0;
};

// Always the cheapest on-demand candidate.
std::unique_ptr<Policy> make_on_demand();
// The cheapest candidate that is not blocked; once spot no longer meets the deadline safely, the cheapest
// on-demand one.
std::unique_ptr<Policy> make_failover();
// By name; nullptr when there is none of that name.
std::unique_ptr<Policy> make_policy(std::string_view name);
std::vector<std::string_view> policy_names();

}  // namespace tradewind::policy
