// What waiting is worth: optimal stopping over the slack that is left, from what is seen of each zone now.
//
// While nothing is held, slack runs out. At each of some moments ahead on-demand can be bought, a zone that
// is up now may still be up, and one that is down may have come back since the moment before. Backwards from
// the last moment at which on-demand keeps the deadline, the cost of waiting on is the least of these, by
// their chances.
#pragma once

#include <cstddef>
#include <vector>

namespace tradewind::policy {

class Waiting {
 public:
  struct Place {
    double fresh = 0;  // cost of launching there half-way since the moment before, on capacity just come back
    double found = 0;  // of launching there at this moment, on capacity that is up now
    double comes = 0;  // the chance that it came back since the moment before
    double still_up = 0;  // the chance that it is up, and has been since now
  };
  struct Moment {
    double slack_h = 0;
    double on_demand = 0;  // cost of buying it then
    std::vector<Place> places;
  };

  // The first moment is now, the last the last at which on-demand can be bought. Moments are reused.
  void clear() { count_ = 0; }
  Moment& add(double slack_h, std::size_t places);
  std::size_t count() const { return count_; }

  // Expected cost, USD, where each hour of waiting is charged `per_h` on top. REQUIRES: count() >= 2
  double cost(double per_h) const;

 private:
  double after_arrivals(const Moment& moment, double wait_on) const;
  std::vector<Moment> moments_;
  std::size_t count_ = 0;
  mutable std::vector<std::size_t> order_;
};

}  // namespace tradewind::policy
