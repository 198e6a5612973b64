// What every supplier's driver must keep, as named checks that say what was wrong. Tests register them with
// their framework (testing/conformance.h); `tradewind provider test` runs them on a supplier that somebody
// else wrote (trial.h).
#pragma once

#include <functional>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "edge/provider/provider.h"

namespace tradewind::provider {

// A supplier under test.
class ConformanceSubject {
 public:
  virtual ~ConformanceSubject() = default;
  virtual Provider& provider() = 0;
  // Another driver for the same supplier, as after a crash of the program that held the first.
  virtual Provider& reopened() = 0;
  // An offer that can be had `capacity()` times at once, at least three times, and then no more.
  virtual Offer offer() = 0;
  virtual int capacity() = 0;
  // Lets time pass: sleeps, or moves a clock.
  virtual void wait(Duration span) = 0;
  // How often to wait 50 ms for something that must happen.
  virtual int patience() { return 600; }
  // Nothing more is to be waited for: the check gives up with what it has.
  virtual bool cut_short() { return false; }

  // Where a supplier remembers earlier checks, names that none of them used.
  virtual OwnerId owner() { return OwnerId("0123456789abcdef0123456789abcdef"); }
  virtual OwnerId other_owner() { return OwnerId("fedcba9876543210fedcba9876543210"); }
  virtual std::string token(const std::string& name) { return "l-" + name; }
  // The last word on a request before it is made: what the agent is to do, and for how long at most.
  virtual void shape(LaunchRequest& /*request*/) {}
};

class Bench;

struct ConformanceCheck {
  std::string_view name;      // "UnknownInstanceCountsAsGone"
  std::string_view rule;      // what must hold, for people
  std::string_view cure;      // what whoever writes a supplier does where it does not
  int launches = 0;           // instances that it makes of a supplier that keeps the rules
  int at_once = 0;            // of them, so many at a time
  bool to_the_limit = false;  // launches capacity() instances and tries one more: `launches` come on top
  void (*run)(Bench& bench) = nullptr;
};

// All of them, in the order in which they build on each other.
std::span<const ConformanceCheck> conformance_checks();

// What was wrong, in the order in which it was seen, each once; empty: the rule holds. What the check
// launched is the caller's to end.
std::vector<std::string> run_check(const ConformanceCheck& check, ConformanceSubject& subject);

// All pages, followed to the end. The supplier's errors; corrupt: the list has no last page.
Result<std::vector<Instance>> all_instances(Provider& provider, const OwnerId& owner);

}  // namespace tradewind::provider
