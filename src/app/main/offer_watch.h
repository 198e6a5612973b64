// What the suppliers sell now, asked again and again: one of one's own hosts or clusters may be out of reach
// at times, and its queue grows and shrinks.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "edge/provider/provider.h"

namespace tradewind::app {

class OfferWatch {
 public:
  using Suppliers = std::map<std::string, provider::Provider*>;
  // REQUIRES: the suppliers outlive this. `log` is told who cannot be reached, and who is back.
  OfferWatch(Suppliers suppliers, std::function<void(const std::string&)> log);
  ~OfferWatch();
  OfferWatch(const OfferWatch&) = delete;
  OfferWatch& operator=(const OfferWatch&) = delete;

  // Of those who answer for all of a provider's regions and need no connection. Their offers.
  std::vector<Offer> ask_quick_ones();
  // Asks the others from now on, each by itself, and tells `changed` whenever what is on offer changed.
  // Returns when each has answered once, or soon.
  void start(std::function<void(std::vector<Offer>)> changed);
  std::vector<Offer> known() const;

 private:
  void watch(const std::string& name, provider::Provider& supplier);
  void tell();
  // Whether what it sells is another than before.
  bool ask(const std::string& name, provider::Provider& supplier);

  const Suppliers suppliers_;
  const std::function<void(const std::string&)> log_;
  std::function<void(std::vector<Offer>)> changed_;
  std::mutex telling_;
  mutable std::mutex mutex_;
  std::condition_variable changed_state_;
  bool stopping_ = false;                           // protected by mutex_
  std::size_t answered_ = 0;                        // protected by mutex_; of the slow ones, at least once
  std::map<std::string, std::vector<Offer>> sold_;  // protected by mutex_
  std::map<std::string, std::string> problems_;     // protected by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace tradewind::app
