// What every supplier's driver must keep, checked against the real thing. A driver's test file names it once:
//   const bool registered = provider::register_conformance("Local", [] { return std::make_unique<…>(); });
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "edge/provider/provider.h"

namespace tradewind::provider {

// A supplier under test, made afresh for each check and cleaned up by its destructor.
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
};

using SubjectMaker = std::function<std::unique_ptr<ConformanceSubject>()>;

// Registers the suite as "<name>Conformance.<Check>". Call while static variables are made or from main,
// before the tests run. Returns true, for the static variable's sake.
bool register_conformance(const std::string& name, const SubjectMaker& maker);

// All pages, followed to the end. Fails the test on an error.
std::vector<Instance> list_all(Provider& provider, const OwnerId& owner);

}  // namespace tradewind::provider
