// What moving bytes costs: internet egress by monthly tiers, traffic between regions and between zones.
// The sender pays; ingress is free. Rates come from data/catalog/egress.csv (embedded) and from overrides,
// such as the price that a local zone's configuration gives.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/money.h"
#include "base/result.h"
#include "core/model/offer.h"

namespace tradewind::catalog {

enum class EgressKind {
  internet,      // to another supplier, or out of the cloud
  inter_region,  // within a supplier
  inter_zone,    // within a region; the price includes both ends
};
std::string_view to_text(EgressKind kind);

// One band of one rate. `from` and `to` are patterns for regions: regions ("us-east-1",
// "us-east-1|us-east-2"), continents ("@north_america|europe"), or "*". Of patterns that fit, named regions
// go before continents before "*".
struct EgressRate {
  EgressKind kind = EgressKind::internet;
  std::string provider;  // of the sender; "*": any that has no row of its own
  std::string from = "*";
  std::string to = "*";
  std::uint64_t above_bytes = 0;  // the band begins here, in bytes sent this month; below the first is free
  Money price;                    // per unit
  std::uint64_t unit_bytes = 1'000'000'000;  // GB (10^9) or GiB (2^30)
  std::string observed_on = {};
  std::string source = {};
  std::string note = {};
  bool operator==(const EgressRate&) const = default;
};

// One line of the explanation: so many bytes at such a price.
struct EgressStep {
  std::uint64_t bytes = 0;
  Money price;  // per unit
  std::uint64_t unit_bytes = 0;
  Money cost;
  bool operator==(const EgressStep&) const = default;
};

struct EgressQuote {
  Money cost;
  bool assumed = false;  // no rate of this supplier is known: the table's "*" row was used
  std::vector<EgressStep> steps = {};
  // The rule, for --explain: "internet egress of aws from us-east-1: 40 GB free, 10 GB at $0.09 (vendor page,
  // 2024-01)".
  std::string rule = {};
};

class EgressTable {
 public:
  // Reads the format of docs/catalogue.md. invalid_argument names file and line: nothing is half applied.
  static Result<EgressTable> parse(std::string_view file, std::string_view csv);
  explicit EgressTable(std::vector<EgressRate> rates) : rates_(std::move(rates)) {}

  const std::vector<EgressRate>& rates() const { return rates_; }
  // A table where these rates come before all others: where one of them fits, no other is asked.
  EgressTable with_overrides(std::vector<EgressRate> overrides) const;

  // Cost of sending `bytes` when `month_to_date_bytes` went the same way this month. Within a zone 0. Zones
  // that are not both known count as the same zone. Between regions without a rate of their own the
  // internet's rate holds.
  EgressQuote quote(const Location& from, const Location& to, std::uint64_t bytes,
                    std::uint64_t month_to_date_bytes = 0) const;

 private:
  std::vector<const EgressRate*> bands(EgressKind kind, const Location& from, const Location& to) const;

  std::vector<EgressRate> rates_;
  std::size_t overrides_ = 0;  // that many at the front
};

// The table that the program carries with it.
EgressTable embedded_egress_table();
// embedded_egress_table().quote(...).cost. Keep a table where more than one question is asked.
Money egress_cost(const Location& from, const Location& to, std::uint64_t bytes,
                  std::uint64_t month_to_date_bytes = 0);

}  // namespace tradewind::catalog
