#include "core/planner/testing/market.h"

#include <cstdlib>
#include <sstream>

#include "base/text.h"

namespace tradewind::planner::testing {
namespace {

// "8xH100-80"
Accelerator accelerator_of(const std::string& text) {
  const std::size_t times = text.find('x');
  const std::size_t dash = text.rfind('-');
  if (times == std::string::npos || dash == std::string::npos) std::abort();
  return {text.substr(times + 1, dash - times - 1), std::stod(text.substr(0, times)),
          std::stod(text.substr(dash + 1))};
}

}  // namespace

Offer offer_of(std::string_view line) {
  std::istringstream words{std::string(line)};
  std::string place;
  std::string purchase;
  std::string accelerator;
  std::string price;
  Offer offer;
  words >> place >> offer.instance_type >> purchase >> accelerator >> offer.vcpus >> offer.memory_gib >>
      price;
  if (words.fail()) std::abort();
  offer.location = parse_location(place).value();
  offer.purchase = purchase_from_text(purchase).value();
  if (accelerator != "-") offer.accelerator = accelerator_of(accelerator);
  offer.price_per_hour = Money::parse(price).value();
  offer.observed_on = "2026-07-20";
  offer.source = "test";
  return offer;
}

std::vector<Offer> offers_of(std::string_view lines) {
  std::vector<Offer> offers;
  for (const std::string& line : split(lines, '\n')) {
    if (!trim(line).empty()) offers.push_back(offer_of(line));
  }
  return offers;
}

JobSpec job_of(double total, const std::string& model, double count) {
  JobSpec job;
  job.name = "train";
  job.run = "python3 train.py";
  job.work.total = total;
  job.checkpoint.path = "out";
  if (!model.empty()) job.resources.accelerators = {{model, count}};
  return job;
}

}  // namespace tradewind::planner::testing
