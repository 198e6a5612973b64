// What was spent, as rows: one charge is one kind of cost of one lease over one span of time. The columns are
// those of FOCUS 1.0 (focus.finops.org), so that rows of ours and of suppliers' bills can lie in one table.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/records.h"

namespace tradewind::billing {

enum class ChargeKind { usage, egress, storage };
std::string_view to_text(ChargeKind kind);

struct Charge {
  LeaseId lease;
  JobId job;
  Location location;
  Purchase purchase = Purchase::on_demand;
  ChargeKind kind = ChargeKind::usage;
  std::string instance_type = {};
  std::string resource = {};  // the supplier's id of the instance; empty when it never had one
  Time start;
  Time end;
  double quantity = 0;           // in `unit`
  std::string unit = {};         // "hour", "byte"
  Money list_cost;               // at the published on-demand price
  Money billed_cost;             // what the supplier asks
  Money effective_cost;          // after credits and commitments; equals billed_cost while there are none
  bool is_running = false;       // the lease goes on: `end` is now, and the row will grow
  std::string description = {};  // one sentence for people
  bool operator==(const Charge&) const = default;
};

// Prices that a lease does not carry itself.
struct ChargePrices {
  // The on-demand price of the same instance type in the same place; nothing: the lease's own price.
  std::optional<Money> on_demand_per_hour = std::nullopt;
  // Where the job's store is; nothing: unknown, and no egress is charged.
  std::optional<Location> home = std::nullopt;
  // What sending that many bytes from the first place to the second costs; nothing: no egress is charged.
  std::function<Money(const Location& from, const Location& to, std::uint64_t bytes)> egress = nullptr;
};

// Where the supplier's bill begins: at the launch, or, of an offer with a queue, when it left that. Nothing:
// it has not begun.
std::optional<Time> billed_from(const LeaseRecord& lease);
// From there to ended_at or `now`. Never negative, whatever the clocks say.
Duration billed_span(const LeaseRecord& lease, Time now);
// Price times billed span.
Money usage_cost(const LeaseRecord& lease, Time now);

// Usage, and the bytes read from the job's store into the place and written back. No charge where there was
// no instance, none of zero bytes.
std::vector<Charge> charges_of(const LeaseRecord& lease, Time now, const ChargePrices& prices);

json::value to_json(const Charge& charge);
// The same under FOCUS 1.0's column names.
json::object focus_row(const Charge& charge);

}  // namespace tradewind::billing
