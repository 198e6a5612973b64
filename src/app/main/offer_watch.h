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

  // Of those who answer for all of a provider's regions: they need no connection. Their offers.
  std::vector<Offer> ask_quick_ones();
  // Asks all from now on, and tells `changed` whenever what is on offer changed.
  void start(std::function<void(std::vector<Offer>)> changed);
  std::vector<Offer> known() const;

 private:
  void run();
  // Whether what it sells is another than before.
  bool ask(const std::string& name, provider::Provider& supplier);

  const Suppliers suppliers_;
  const std::function<void(const std::string&)> log_;
  std::function<void(std::vector<Offer>)> changed_;
  mutable std::mutex mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;                           // protected by mutex_
  std::map<std::string, std::vector<Offer>> sold_;  // protected by mutex_
  std::map<std::string, std::string> problems_;     // of the thread alone
  std::thread thread_;
};

}  // namespace tradewind::app
