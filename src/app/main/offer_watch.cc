#include "app/main/offer_watch.h"

#include <utility>

namespace tradewind::app {
namespace {

constexpr Duration pause_between = std::chrono::seconds(30);
// A job that is submitted right after the start finds those who answer within that.
constexpr Duration first_patience = std::chrono::seconds(8);

bool is_quick(const provider::Provider& supplier) {
  return supplier.capabilities().only_region.empty() && !supplier.capabilities().offers_change;
}

}  // namespace

OfferWatch::OfferWatch(Suppliers suppliers, std::function<void(const std::string&)> log)
    : suppliers_(std::move(suppliers)), log_(std::move(log)) {}

OfferWatch::~OfferWatch() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_state_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

std::vector<Offer> OfferWatch::ask_quick_ones() {
  for (const auto& [name, supplier] : suppliers_) {
    if (is_quick(*supplier)) ask(name, *supplier);
  }
  return known();
}

void OfferWatch::start(std::function<void(std::vector<Offer>)> changed) {
  changed_ = std::move(changed);
  std::size_t slow = 0;
  for (const auto& [name, supplier] : suppliers_) {
    if (is_quick(*supplier)) continue;
    ++slow;
    threads_.emplace_back([this, &name = name, supplier = supplier] { watch(name, *supplier); });
  }
  std::unique_lock lock(mutex_);
  changed_state_.wait_for(lock, first_patience, [&] { return answered_ >= slow; });
}

std::vector<Offer> OfferWatch::known() const {
  const std::lock_guard lock(mutex_);
  std::vector<Offer> all;
  for (const auto& [name, offers] : sold_) all.insert(all.end(), offers.begin(), offers.end());
  return all;
}

bool OfferWatch::ask(const std::string& name, provider::Provider& supplier) {
  Result<std::vector<Offer>> offers = supplier.offers({});
  const std::lock_guard lock(mutex_);
  std::string& problem = problems_[name];
  if (!offers.ok()) {
    const std::string words = describe(offers.error());
    if (problem != words) log_("supplier " + name + ": " + words);
    problem = words;
  } else if (!problem.empty()) {
    log_("supplier " + name + " is back");
    problem.clear();
  }
  std::vector<Offer>& known = sold_[name];
  std::vector<Offer> now = offers.ok() ? *std::move(offers) : std::vector<Offer>();
  if (known == now) return false;
  known = std::move(now);
  return true;
}

void OfferWatch::watch(const std::string& name, provider::Provider& supplier) {
  bool first = true;
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    if (ask(name, supplier)) tell();
    lock.lock();
    if (std::exchange(first, false)) ++answered_;
    changed_state_.notify_all();
    changed_state_.wait_for(lock, pause_between, [this] { return stopping_; });
  }
}

// One at a time, and what is told last is the newest.
void OfferWatch::tell() {
  const std::lock_guard lock(telling_);
  changed_(known());
}

}  // namespace tradewind::app
