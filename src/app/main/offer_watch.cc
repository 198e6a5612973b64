#include "app/main/offer_watch.h"

#include <utility>

namespace tradewind::app {
namespace {

constexpr Duration pause_between = std::chrono::seconds(30);

bool is_quick(const provider::Provider& supplier) {
  return supplier.capabilities().only_region.empty();
}

}  // namespace

OfferWatch::OfferWatch(Suppliers suppliers, std::function<void(const std::string&)> log)
    : suppliers_(std::move(suppliers)), log_(std::move(log)) {}

OfferWatch::~OfferWatch() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_.notify_all();
  if (thread_.joinable()) thread_.join();
}

std::vector<Offer> OfferWatch::ask_quick_ones() {
  for (const auto& [name, supplier] : suppliers_) {
    if (is_quick(*supplier)) ask(name, *supplier);
  }
  return known();
}

void OfferWatch::start(std::function<void(std::vector<Offer>)> changed) {
  changed_ = std::move(changed);
  for (const auto& [name, supplier] : suppliers_) {
    if (is_quick(*supplier)) continue;
    thread_ = std::thread([this] { run(); });
    return;
  }
}

std::vector<Offer> OfferWatch::known() const {
  const std::lock_guard lock(mutex_);
  std::vector<Offer> all;
  for (const auto& [name, offers] : sold_) all.insert(all.end(), offers.begin(), offers.end());
  return all;
}

bool OfferWatch::ask(const std::string& name, provider::Provider& supplier) {
  Result<std::vector<Offer>> offers = supplier.offers({});
  std::string& problem = problems_[name];
  if (!offers.ok()) {
    const std::string words = describe(offers.error());
    if (problem != words) log_("supplier " + name + ": " + words);
    problem = words;
  } else if (!problem.empty()) {
    log_("supplier " + name + " is back");
    problem.clear();
  }
  const std::lock_guard lock(mutex_);
  std::vector<Offer>& known = sold_[name];
  const std::vector<Offer> now = offers.ok() ? *std::move(offers) : std::vector<Offer>();
  if (known == now) return false;
  known = now;
  return true;
}

void OfferWatch::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    for (const auto& [name, supplier] : suppliers_) {
      if (is_quick(*supplier)) continue;
      if (ask(name, *supplier)) changed_(known());
    }
    lock.lock();
    stop_.wait_for(lock, pause_between, [this] { return stopping_; });
  }
}

}  // namespace tradewind::app
