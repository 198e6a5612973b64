// A supplier tried by its checks for real, where it may cost money: every check has an owner and tokens that
// nobody used before, and whatever it launched is ended after it, also where it failed or was interrupted.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "edge/provider/conformance/conformance.h"

namespace tradewind::provider {

struct TrialOptions {
  Offer offer;
  int capacity = 0;                                // how often it can be had at once; 0: not known
  Duration patience = std::chrono::minutes(5);     // of one check, and of ending what it launched
  Duration hard_limit = std::chrono::minutes(30);  // instances end themselves then, should all else fail
  std::vector<std::string> agent_arguments = {};   // what makes the agent wait and do nothing
  std::function<bool()> interrupted = [] { return false; };
  std::function<void(Duration)> sleep = nullptr;  // nothing: the thread's own
};

class Trial {
 public:
  // `first` and `second` are drivers of one supplier, as two runs of the program have them; all outlive this.
  Trial(Provider& first, Provider& second, const Clock& clock, Random random, TrialOptions options);
  ~Trial();
  Trial(const Trial&) = delete;
  Trial& operator=(const Trial&) = delete;

  enum class Verdict { holds, broken, not_run, interrupted };
  struct Outcome {
    Verdict verdict = Verdict::holds;
    std::vector<std::string> problems = {};  // what was wrong; of one that was not run: why
    std::vector<std::string> left = {};      // what could not be ended, and why
  };
  Outcome run(const ConformanceCheck& check);

  // All that the checks launched at most of a supplier that keeps the rules, and so many of it at once.
  struct Extent {
    int checks = 0;
    int launches = 0;
    int at_once = 0;
    Money most;  // what it costs where every instance runs to its hard limit
  };
  Extent extent() const;

 private:
  class Noted;
  class Subject;
  std::vector<std::string> end_all();
  bool end_those_of(const OwnerId& owner, std::string& why);

  Provider& first_;
  Provider& second_;
  const Clock& clock_;
  Random random_;
  const TrialOptions options_;
  std::mutex mutex_;
  std::set<OwnerId> owners_;      // that launched since the last end; protected by mutex_
  std::set<InstanceRef> living_;  // launched and not seen ended; protected by mutex_
};

// The cheapest of those that are to be had by the hour; nullptr where there is none.
const Offer* cheapest(const std::vector<Offer>& offers);

}  // namespace tradewind::provider
