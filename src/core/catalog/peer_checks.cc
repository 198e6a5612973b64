#include "core/catalog/peer_checks.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <map>
#include <span>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace tradewind::catalog {
namespace {

constexpr int stale_days = 900;

double usd(const OfferRow& row) {
  return static_cast<double>(row.price_nanos) / 1e9;
}

bool has_unit_price(const OfferRow& row) {
  return row.kept && (row.accelerator.empty() ? row.vcpus > 0 : row.facts != nullptr && row.count > 0);
}

double unit_price(const OfferRow& row) {
  return usd(row) / (row.accelerator.empty() ? row.vcpus : row.count);
}

// The upper median. REQUIRES: values is not empty. Reorders it.
template <class T>
T median(std::span<T> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// A price under a key. Names count by their hashes, which sort faster; two names of one hash would merely be
// peers.
struct Sample {
  std::size_t group = 0;
  std::size_t subgroup = 0;
  double price = 0;
};

// Calls visit(group, subgroup, prices) for each run of equal keys, in rising order.
template <class Visit>
void for_each_run(std::vector<Sample>& samples, Visit visit) {
  const auto key = [](const Sample& sample) { return std::pair(sample.group, sample.subgroup); };
  std::sort(samples.begin(), samples.end(),
            [key](const Sample& a, const Sample& b) { return key(a) < key(b); });
  std::vector<double> prices;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    prices.push_back(samples[i].price);
    if (i + 1 < samples.size() && key(samples[i + 1]) == key(samples[i])) continue;
    visit(samples[i].group, samples[i].subgroup, std::span(prices));
    prices.clear();
  }
}

struct Peers {
  double unit_price = 0;  // median of the suppliers' medians
  std::size_t rows = 0;
  std::vector<double> medians = {};
};

std::unordered_map<std::size_t, Peers> peers_by_accelerator(const std::vector<OfferRow>& rows) {
  std::vector<Sample> samples;
  for (const OfferRow& row : rows) {
    if (has_unit_price(row) && row.purchase == Purchase::on_demand) {
      samples.push_back({row.accelerator_hash, row.provider_hash, unit_price(row)});
    }
  }
  std::unordered_map<std::size_t, Peers> peers;
  for_each_run(samples, [&peers](std::size_t accelerator, std::size_t, std::span<double> prices) {
    peers[accelerator].rows += prices.size();
    peers[accelerator].medians.push_back(median(prices));
  });
  for (auto& [accelerator, peer] : peers) {
    const bool enough = peer.medians.size() >= 3 || peer.rows >= 5;
    peer.unit_price = enough ? median(std::span(peer.medians)) : 0;
  }
  return peers;
}

std::string unit_name(const OfferRow& row) {
  return row.accelerator.empty() ? "vCPU-hour" : std::string(row.accelerator) + "-hour";
}

void check_unit_prices(std::vector<OfferRow>& rows, LoadReport& report) {
  const std::unordered_map<std::size_t, Peers> peers = peers_by_accelerator(rows);
  std::string_view accelerator = "?";
  double usual = 0;
  for (OfferRow& row : rows) {
    if (!has_unit_price(row)) continue;
    if (row.accelerator != accelerator) {
      accelerator = row.accelerator;
      const auto found = peers.find(row.accelerator_hash);
      usual = found == peers.end() ? 0 : found->second.unit_price;
    }
    const double ratio = usual > 0 ? unit_price(row) / usual : 1;
    if (ratio >= 0.05 && ratio <= 6) continue;
    std::string reason = fmt::format("{:.4g} USD per {}, where the usual price is {:.4g}", unit_price(row),
                                     unit_name(row), usual);
    if (ratio < 0.01 || ratio > 100) {
      refuse(row, RowProblem::absurd_price, std::move(reason), report);
    } else {
      warn(row, RowProblem::unusual_price, std::move(reason), report);
    }
  }
}

using NameKey = std::pair<std::size_t, std::size_t>;

void check_regions(std::vector<OfferRow>& rows, LoadReport& report) {
  std::vector<Sample> samples;
  for (const OfferRow& row : rows) {
    if (row.kept && row.purchase == Purchase::on_demand) {
      samples.push_back({row.provider_hash, row.type_hash, usd(row)});
    }
  }
  std::vector<std::pair<NameKey, double>> usual;  // sorted
  for_each_run(samples, [&usual](std::size_t provider, std::size_t type, std::span<double> prices) {
    if (prices.size() < 4) return;
    const auto [low, high] = std::minmax_element(prices.begin(), prices.end());
    // Most types need no second look.
    if (*high <= 1.9 * *low) return;
    usual.emplace_back(NameKey(provider, type), median(prices));
  });
  for (OfferRow& row : rows) {
    if (!row.kept || row.purchase != Purchase::on_demand || usual.empty()) continue;
    const NameKey key(row.provider_hash, row.type_hash);
    const auto found =
        std::lower_bound(usual.begin(), usual.end(), key,
                         [](const auto& entry, const NameKey& sought) { return entry.first < sought; });
    if (found == usual.end() || found->first != key) continue;
    const double ratio = usd(row) / found->second;
    if (ratio >= 0.5 && ratio <= 1.9) continue;
    std::string reason = fmt::format("{:.4g} USD, where {} costs {:.4g} in the middle region of {}", usd(row),
                                     row.instance_type, found->second, row.provider);
    if (ratio < 0.3 || ratio > 3) {
      refuse(row, RowProblem::absurd_price, std::move(reason), report);
    } else {
      warn(row, RowProblem::unusual_price, std::move(reason), report);
    }
  }
}

// Spot prices are by zone, the on-demand price mostly by region.
const OfferRow* on_demand_of(const OfferRow& row, const std::vector<OfferRow>& rows,
                             const PlaceIndex& places) {
  for (const std::string_view zone : {row.zone, std::string_view()}) {
    const std::uint32_t found = places.find(row, zone, Purchase::on_demand);
    if (found != PlaceIndex::none && rows[found].kept) return &rows[found];
    if (row.zone.empty()) break;
  }
  return nullptr;
}

void check_spot(OfferRow& spot, const OfferRow& on_demand, LoadReport& report) {
  const double ratio = usd(spot) / usd(on_demand);
  if (ratio >= 0.05 && ratio <= 1.001) return;
  std::string reason = fmt::format("spot {:.6g} USD, on-demand {:.6g}", usd(spot), usd(on_demand));
  if (ratio < 0.05) {
    refuse(spot, RowProblem::absurd_price, reason + ": a part of the machine, or a mistake", report);
  } else if (ratio > 1.25) {
    refuse(spot, RowProblem::above_on_demand, std::move(reason), report);
  } else {
    warn(spot, RowProblem::above_on_demand, std::move(reason), report);
  }
}

std::string_view family_of(std::string_view instance_type) {
  return instance_type.substr(0, instance_type.find('.'));
}

}  // namespace

void refuse_stale_rows(std::vector<OfferRow>& rows, LoadReport& report) {
  std::vector<int> days;
  for (const OfferRow& row : rows) {
    if (row.kept && row.day > 0) days.push_back(row.day);
  }
  if (days.empty()) return;
  const int middle = median(std::span(days));
  for (OfferRow& row : rows) {
    if (!row.kept || row.day == 0 || row.day >= middle - stale_days) continue;
    refuse(row, RowProblem::stale,
           fmt::format("observed on {}, {} days before the middle row", row.observed_on, middle - row.day),
           report);
  }
}

void check_against_peers(std::vector<OfferRow>& rows, LoadReport& report) {
  check_unit_prices(rows, report);
  check_regions(rows, report);
}

void check_purchase_order(std::vector<OfferRow>& rows, const PlaceIndex& places, LoadReport& report) {
  for (OfferRow& row : rows) {
    if (!row.kept || row.purchase == Purchase::on_demand) continue;
    const OfferRow* on_demand = on_demand_of(row, rows, places);
    if (row.purchase == Purchase::spot) {
      if (on_demand != nullptr) check_spot(row, *on_demand, report);
      continue;
    }
    if (on_demand != nullptr && usd(row) > 1.001 * usd(*on_demand)) {
      refuse(row, RowProblem::inverted_reserve,
             fmt::format("reserved {:.6g} USD, on-demand {:.6g}", usd(row), usd(*on_demand)), report);
      continue;
    }
    if (row.purchase != Purchase::reserved_3y) continue;
    const std::uint32_t year = places.find(row, row.zone, Purchase::reserved_1y);
    if (year != PlaceIndex::none && rows[year].kept && usd(row) > 1.001 * usd(rows[year])) {
      refuse(row, RowProblem::inverted_reserve,
             fmt::format("three years {:.6g} USD, one year {:.6g}", usd(row), usd(rows[year])), report);
    }
  }
}

void refuse_wrong_tenancy(std::vector<OfferRow>& rows, LoadReport& report) {
  const auto belongs = [](const OfferRow& row) {
    return row.kept && row.provider == "aws" && row.accelerator.empty() && row.vcpus > 0 &&
           row.purchase == Purchase::on_demand;
  };
  std::vector<Sample> samples;
  for (const OfferRow& row : rows) {
    if (belongs(row)) {
      samples.push_back({row.region_hash, hash_of_name(family_of(row.instance_type)), unit_price(row)});
    }
  }
  std::map<NameKey, double> cheapest;
  for_each_run(samples, [&cheapest](std::size_t region, std::size_t family, std::span<double> prices) {
    if (prices.size() >= 3) cheapest[{region, family}] = *std::min_element(prices.begin(), prices.end());
  });
  for (OfferRow& row : rows) {
    if (!belongs(row)) continue;
    const auto found = cheapest.find({row.region_hash, hash_of_name(family_of(row.instance_type))});
    if (found == cheapest.end()) continue;
    const double ratio = unit_price(row) / found->second;
    if (std::fabs(ratio - 1.06) > 0.004 && std::fabs(ratio - 1.1) > 0.004) continue;
    refuse(row, RowProblem::wrong_tenancy,
           fmt::format("{:.2f} times the family's price per vCPU in this region: dedicated tenancy", ratio),
           report);
  }
}

}  // namespace tradewind::catalog
