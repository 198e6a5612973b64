#include "app/agent/saving_pace.h"

#include "edge/objectstore/bandwidth_limit.h"

namespace tradewind::agent {

Status SavingPace::set(const std::string& bandwidth, const Clock& clock,
                       const checkpoint::ChunkPlace& place) {
  place_ = place;
  stores_.clear();
  if (bandwidth.empty()) return {};
  objectstore::BandwidthWish wish;
  wish.text = bandwidth;
  wish.file_may_come = true;
  wish.is_lifted = [this] { return !holds_; };
  TW_ASSIGN_OR_RETURN(rate_, objectstore::bandwidth_limit(std::move(wish), clock));
  const auto behind = [this](objectstore::ObjectStore& store) {
    return stores_.emplace_back(std::make_unique<objectstore::RateStore>(store, *rate_)).get();
  };
  place_.home = behind(*place.home);
  for (objectstore::ObjectStore*& standby : place_.standby) standby = behind(*standby);
  return {};
}

}  // namespace tradewind::agent
