#include "core/catalog/egress.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <optional>

#include "base/text.h"
#include "core/catalog/continent.h"
#include "core/catalog/csv.h"
#include "core/catalog/embedded.h"
#include "core/model/enum_text.h"

namespace tradewind::catalog {
namespace {

__extension__ using Wide = __int128;

constexpr std::array<std::string_view, 3> kind_names = {"internet", "inter_region", "inter_zone"};
constexpr std::uint64_t gigabyte = 1'000'000'000;
constexpr std::uint64_t gibibyte = std::uint64_t{1} << 30;

// The required columns come first.
enum Column : std::size_t {
  kind,
  provider,
  usd,
  per,
  from,
  to,
  above_gb,
  observed_on,
  source,
  note,
  column_count
};
constexpr std::array<std::string_view, column_count> column_names = {
    "kind", "provider", "usd", "per", "from", "to", "above_gb", "observed_on", "source", "note"};
constexpr std::size_t required_columns = 4;

// True when one of the names in "a|b|c" is `name`.
bool lists(std::string_view names, std::string_view name) {
  while (!name.empty()) {
    const std::size_t end = std::min(names.find('|'), names.size());
    if (names.substr(0, end) == name) return true;
    if (end == names.size()) return false;
    names.remove_prefix(end + 1);
  }
  return false;
}

// How closely the pattern names the place: 3 by region, 2 by continent, 1 by "*", 0 not at all.
int fit(std::string_view pattern, const Location& place) {
  if (pattern == "*") return 1;
  if (pattern.starts_with('@'))
    return lists(pattern.substr(1), continent_of(place.provider, place.region)) ? 2 : 0;
  return lists(pattern, place.region) ? 3 : 0;
}

// 0 when the rate does not fit; the sender's side counts more than the receiver's.
int fit(const EgressRate& rate, EgressKind kind, const Location& from, const Location& to) {
  if (rate.kind != kind || (rate.provider != from.provider && rate.provider != "*")) return 0;
  const int sender = fit(rate.from, from);
  const int receiver = kind == EgressKind::inter_zone ? 1 : fit(rate.to, to);
  if (sender == 0 || receiver == 0) return 0;
  return (rate.provider == "*" ? 0 : 100) + 10 * sender + receiver;
}

Money price_of(std::uint64_t bytes, const EgressRate& rate) {
  const Wide nanos = static_cast<Wide>(rate.price.nanos()) * static_cast<Wide>(bytes);
  const Wide unit = static_cast<Wide>(rate.unit_bytes);
  const Wide rounded = (nanos + (nanos < 0 ? -unit : unit) / 2) / unit;
  constexpr std::int64_t max = std::numeric_limits<std::int64_t>::max();
  return Money(static_cast<std::int64_t>(std::clamp<Wide>(rounded, -max, max)), rate.price.currency());
}

std::string_view unit_name(std::uint64_t unit_bytes) {
  return unit_bytes == gibibyte ? "GiB" : "GB";
}

std::string amount_text(std::uint64_t bytes, std::uint64_t unit_bytes) {
  return fmt::format("{:.6g} {}", static_cast<double>(bytes) / static_cast<double>(unit_bytes),
                     unit_name(unit_bytes));
}

// The parts of [sent, sent + bytes) that fall into each band. REQUIRES: bands rise and are not empty.
std::vector<EgressStep> steps_of(const std::vector<const EgressRate*>& bands, std::uint64_t bytes,
                                 std::uint64_t sent) {
  std::vector<EgressStep> steps;
  const std::uint64_t end = bytes > std::numeric_limits<std::uint64_t>::max() - sent
                                ? std::numeric_limits<std::uint64_t>::max()
                                : sent + bytes;
  const std::uint64_t first = bands.front()->above_bytes;
  if (sent < first) {
    steps.push_back({std::min(end, first) - sent, Money(0, bands.front()->price.currency()),
                     bands.front()->unit_bytes, Money(0, bands.front()->price.currency())});
  }
  for (std::size_t i = 0; i < bands.size(); ++i) {
    const std::uint64_t band_end =
        i + 1 < bands.size() ? bands[i + 1]->above_bytes : std::numeric_limits<std::uint64_t>::max();
    const std::uint64_t begin = std::max(sent, bands[i]->above_bytes);
    const std::uint64_t stop = std::min(end, band_end);
    if (begin >= stop) continue;
    steps.push_back({stop - begin, bands[i]->price, bands[i]->unit_bytes, price_of(stop - begin, *bands[i])});
  }
  return steps;
}

std::string rule_text(EgressKind kind, const Location& from, const EgressRate& rate,
                      const std::vector<EgressStep>& steps) {
  std::string parts;
  for (const EgressStep& step : steps) {
    parts += parts.empty() ? "" : ", ";
    parts += amount_text(step.bytes, step.unit_bytes);
    parts += step.price.nanos() == 0 ? " free" : " at " + step.price.text();
  }
  const std::string_view way = kind == EgressKind::internet       ? "internet egress"
                               : kind == EgressKind::inter_region ? "traffic between regions"
                                                                  : "traffic between zones";
  return fmt::format("{} of {}{}{}: {} ({}{}{}{}{})", way, from.provider, from.region.empty() ? "" : " from ",
                     from.region, parts.empty() ? "nothing sent" : parts, rate.source,
                     rate.observed_on.empty() ? "" : ", ", rate.observed_on, rate.note.empty() ? "" : "; ",
                     rate.note);
}

// A whole number of units, or one with a fraction, in bytes.
std::optional<std::uint64_t> parse_volume(std::string_view text, std::uint64_t unit_bytes) {
  double units = 0;
  if (text.empty()) return 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), units);
  if (error != std::errc() || end != text.data() + text.size() || !(units >= 0) || units > 1e9)
    return std::nullopt;
  return static_cast<std::uint64_t>(std::llround(units * static_cast<double>(unit_bytes)));
}

class RowReader {
 public:
  RowReader(std::span<const std::string_view> fields, const std::vector<int>& positions)
      : fields_(fields), positions_(positions) {}
  std::string_view operator[](Column column) const {
    const int position = positions_[column];
    return position < 0 ? std::string_view() : trim(fields_[static_cast<std::size_t>(position)]);
  }

 private:
  std::span<const std::string_view> fields_;
  const std::vector<int>& positions_;
};

Result<EgressRate> read_rate(const RowReader& row) {
  const auto bad = [&row](Column column, std::string_view expected) {
    return Error{Code::invalid_argument, fmt::format("{}: found '{}', expected {}", column_names[column],
                                                     row[column].substr(0, 60), expected)};
  };
  EgressRate rate;
  const std::optional<EgressKind> known = enum_value<EgressKind>(kind_names, row[kind]);
  if (!known) return bad(kind, "internet, inter_region or inter_zone");
  rate.kind = *known;
  rate.provider = row[provider];
  if (rate.provider.empty()) return bad(provider, "a supplier's name, or *");
  const Result<Money> price = Money::parse(row[usd]);
  if (!price || price->nanos() < 0) return bad(usd, "a decimal such as 0.09, not negative");
  rate.price = *price;
  if (row[per] != "GB" && row[per] != "GiB") return bad(per, "GB or GiB");
  rate.unit_bytes = row[per] == "GiB" ? gibibyte : gigabyte;
  const std::optional<std::uint64_t> above = parse_volume(row[above_gb], rate.unit_bytes);
  if (!above) return bad(above_gb, "a number, not negative");
  rate.above_bytes = *above;
  if (!row[from].empty()) rate.from = row[from];
  if (!row[to].empty()) rate.to = row[to];
  rate.observed_on = row[observed_on];
  rate.source = row[source];
  rate.note = row[note];
  return rate;
}

}  // namespace

std::string_view to_text(EgressKind kind) {
  return enum_name(kind_names, kind);
}

Result<EgressTable> EgressTable::parse(std::string_view file, std::string_view csv) {
  TextPool pool;
  CsvReader reader(csv, pool);
  const auto at = [&](const Error& error) {
    return Error{error.code, fmt::format("{}:{}: {}", file, std::max(1, reader.line()), error.message),
                 error.hint};
  };
  const Result<std::vector<int>> positions = read_csv_header(reader, column_names, required_columns);
  if (!positions) return at(positions.error());
  const std::size_t header_size = reader.fields().size();
  std::vector<EgressRate> rates;
  while (reader.next()) {
    if (reader.torn() || reader.fields().size() != header_size) {
      return at({Code::invalid_argument, fmt::format("{} fields where the header has {}, or a stray quote",
                                                     reader.fields().size(), header_size)});
    }
    Result<EgressRate> rate = read_rate(RowReader(reader.fields(), *positions));
    if (!rate) return at(rate.error());
    rates.push_back(*std::move(rate));
  }
  return EgressTable(std::move(rates));
}

EgressTable EgressTable::with_overrides(std::vector<EgressRate> overrides) const {
  EgressTable table(std::move(overrides));
  table.overrides_ = table.rates_.size() + overrides_;
  table.rates_.insert(table.rates_.end(), rates_.begin(), rates_.end());
  return table;
}

// The bands of the closest fit, lowest first; empty when nothing fits.
std::vector<const EgressRate*> EgressTable::bands(EgressKind kind, const Location& from,
                                                  const Location& to) const {
  std::vector<const EgressRate*> best;
  int best_fit = 0;
  for (std::size_t i = 0; i < rates_.size(); ++i) {
    if (i == overrides_ && !best.empty()) break;
    const int closeness = fit(rates_[i], kind, from, to);
    if (closeness == 0 || closeness < best_fit) continue;
    if (closeness > best_fit) best.clear();
    best_fit = closeness;
    best.push_back(&rates_[i]);
  }
  std::stable_sort(best.begin(), best.end(),
                   [](const EgressRate* a, const EgressRate* b) { return a->above_bytes < b->above_bytes; });
  return best;
}

EgressQuote EgressTable::quote(const Location& from, const Location& to, std::uint64_t bytes,
                               std::uint64_t month_to_date_bytes) const {
  const bool same_provider = from.provider == to.provider;
  const bool same_region = same_provider && from.region == to.region;
  if (same_region && (from.zone == to.zone || from.zone.empty() || to.zone.empty())) {
    const bool known = from.zone == to.zone;
    return {
        Money(), false, {}, known ? "within one zone: free" : "within one region, taken as one zone: free"};
  }
  EgressKind kind = same_region     ? EgressKind::inter_zone
                    : same_provider ? EgressKind::inter_region
                                    : EgressKind::internet;
  std::vector<const EgressRate*> found = bands(kind, from, to);
  if (found.empty() && kind == EgressKind::inter_zone) {
    return {Money(), false, {}, "no price between zones of " + from.provider + " is known: taken as free"};
  }
  if (found.empty()) {
    kind = EgressKind::internet;
    found = bands(kind, from, to);
  }
  if (found.empty())
    return {Money(), true, {}, "no egress price of " + from.provider + " is known: taken as free"};
  EgressQuote quote;
  quote.assumed = found.front()->provider == "*";
  quote.steps = steps_of(found, bytes, month_to_date_bytes);
  quote.cost = Money(0, found.front()->price.currency());
  for (const EgressStep& step : quote.steps) quote.cost += step.cost;
  quote.rule = rule_text(kind, from, *found.front(), quote.steps);
  return quote;
}

EgressTable embedded_egress_table() {
  Result<EgressTable> table = EgressTable::parse("egress.csv", embedded_egress_csv());
  // Our own data: a test reads it.
  return table ? *std::move(table) : EgressTable({});
}

Money egress_cost(const Location& from, const Location& to, std::uint64_t bytes,
                  std::uint64_t month_to_date_bytes) {
  return embedded_egress_table().quote(from, to, bytes, month_to_date_bytes).cost;
}

}  // namespace tradewind::catalog
