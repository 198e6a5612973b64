// The checks of conformance/ as tests. A driver's test file names them once:
//   const bool registered = provider::register_conformance("Local", [] { return std::make_unique<…>(); });
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "edge/provider/conformance/conformance.h"

namespace tradewind::provider {

// A subject made afresh for each check and cleaned up by its destructor.
using SubjectMaker = std::function<std::unique_ptr<ConformanceSubject>()>;

// Registers the suite as "<name>Conformance.<Check>". Call while static variables are made or from main,
// before the tests run. Returns true, for the static variable's sake.
bool register_conformance(const std::string& name, const SubjectMaker& maker);

// All pages, followed to the end. Fails the test on an error.
std::vector<Instance> list_all(Provider& provider, const OwnerId& owner);

}  // namespace tradewind::provider
