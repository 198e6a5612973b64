#include "engine/storesim/stage.h"

#include <numeric>
#include <utility>

namespace tradewind::storesim {

Stage::Stage(std::size_t threads) {
  seats_.reserve(threads);
  for (std::size_t i = 0; i < threads; ++i) seats_.push_back(std::make_unique<Seat>());
  for (std::size_t i = 0; i < threads; ++i) {
    seats_[i]->thread = std::jthread([this, i] { sit(i); });
  }
}

Stage::~Stage() {
  closing_ = true;
  for (const auto& seat : seats_) seat->go.release();
}

void Stage::sit(std::size_t index) {
  while (true) {
    seats_[index]->go.acquire();
    if (closing_) return;
    scripts_[index]();
    std::erase(able_, index);
    pass_on();
  }
}

void Stage::pass_on() {
  if (able_.empty()) {
    all_ended_.release();
    return;
  }
  running_ = choose_(able_);
  seats_[running_]->go.release();
}

void Stage::play(std::vector<Script> scripts, Choose choose) {
  scripts_ = std::move(scripts);
  choose_ = std::move(choose);
  able_.resize(scripts_.size());
  std::iota(able_.begin(), able_.end(), std::size_t{0});
  if (able_.empty()) return;
  pass_on();
  all_ended_.acquire();
}

void Stage::pause() {
  const std::size_t self = running_;
  running_ = choose_(able_);
  if (running_ == self) return;
  seats_[running_]->go.release();
  seats_[self]->go.acquire();
}

}  // namespace tradewind::storesim
