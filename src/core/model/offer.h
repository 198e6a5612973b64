// What can be rented: an instance type in a location under a purchase option, at a price, seen on a day.
#pragma once

#include <optional>
#include <string>

#include "base/money.h"
#include "base/time.h"
#include "core/model/json.h"

namespace tradewind {

// "aws/us-east-1/us-east-1a", "aws/us-east-1", "aws", "local/harbour". Empty parts at the end are left out.
struct Location {
  std::string provider;
  std::string region = {};
  std::string zone = {};
  auto operator<=>(const Location&) const = default;
};
std::string to_text(const Location& location);
// One to three parts of [a-zA-Z0-9._-]. invalid_argument otherwise.
Result<Location> parse_location(std::string_view text);
// True when `inner` is `outer` or lies in it: "aws" contains "aws/us-east-1".
bool contains(const Location& outer, const Location& inner);

enum class Purchase { on_demand, spot, reserved_1y, reserved_3y };
std::string_view to_text(Purchase purchase);
std::optional<Purchase> purchase_from_text(std::string_view text);

struct Accelerator {
  std::string model;      // "H100", "TPU-v5e", "Trainium1": spelled as in the accelerator table
  double count = 0;       // may be a fraction: an eighth of a GPU
  double memory_gib = 0;  // of one; 0 when unknown
  bool operator==(const Accelerator&) const = default;
};

struct Offer {
  Location location;
  std::string instance_type;
  std::optional<Accelerator> accelerator = std::nullopt;
  double vcpus = 0;       // 0 when unknown
  double memory_gib = 0;  // 0 when unknown
  Purchase purchase = Purchase::on_demand;
  Money price_per_hour;          // the whole instance, Linux, without tax
  std::string observed_on = {};  // the day, "2026-07-20"
  std::string source = {};
  // Nothing when the supplier's usual figure holds.
  std::optional<Duration> cold_start = std::nullopt;
  std::optional<Duration> notice_lead = std::nullopt;
  // Of a place with a queue: its own estimate, now, of the wait from the submission to the start. Not billed.
  std::optional<Duration> queue_wait = std::nullopt;
  // One allocation lasts no longer: a longer job goes on in a new one.
  std::optional<Duration> time_limit = std::nullopt;
  std::optional<int> nodes_max = std::nullopt;  // of one job; nothing: not known, as of a price list's
  bool operator==(const Offer&) const = default;
};

// "aws/us-east-1/us-east-1a:p5.48xlarge:spot". Unique in a catalogue.
std::string offer_key(const Offer& offer);

json::value to_json(const Location& location);
json::value to_json(const Offer& offer);  // the documented form of `tradewind offers --json`
Result<Offer> offer_from_json(const json::value& value, const std::string& path);

}  // namespace tradewind
