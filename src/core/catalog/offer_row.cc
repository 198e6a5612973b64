#include "core/catalog/offer_row.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <fmt/format.h>
#include <functional>
#include <optional>
#include <utility>

#include "base/text.h"
#include "core/catalog/csv.h"

namespace tradewind::catalog {
namespace {

// The required columns come first.
enum Column : std::size_t {
  provider,
  region,
  instance_type,
  purchase,
  usd_per_hour,
  zone,
  accelerator,
  count,
  accelerator_gib,
  vcpus,
  memory_gib,
  observed_on,
  source,
  currency,
  usd_per_accelerator_hour,
  column_count
};
constexpr std::size_t required_columns = 5;
constexpr std::array<std::string_view, column_count> column_names = {
    "provider",   "region",      "instance_type", "purchase",        "usd_per_hour",
    "zone",       "accelerator", "count",         "accelerator_gib", "vcpus",
    "memory_gib", "observed_on", "source",        "currency",        "usd_per_accelerator_hour"};

// Letters, digits, '.', '_' and '-'.
constexpr std::array<bool, 256> name_characters = [] {
  std::array<bool, 256> allowed = {};
  for (unsigned c = 0; c < 256; ++c) {
    allowed[c] = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
                 c == '_' || c == '-';
  }
  return allowed;
}();

bool is_name(std::string_view text) {
  for (const char c : text) {
    if (!name_characters[static_cast<unsigned char>(c)]) return false;
  }
  return text != "." && text != "..";
}

// Exact: up to nine digits on either side of the point. Nothing when it is not such a decimal.
std::optional<std::int64_t> parse_nanos(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const std::size_t point = std::min(text.find('.'), text.size());
  const std::string_view fraction = text.substr(std::min(point + 1, text.size()));
  if (point > 9 || fraction.size() > 9 || point + fraction.size() == 0) return std::nullopt;
  std::int64_t nanos = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i == point) continue;
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    nanos = nanos * 10 + (text[i] - '0');
  }
  for (std::size_t i = fraction.size(); i < 9; ++i) nanos *= 10;
  return negative ? -nanos : nanos;
}

// Not negative and at most `max`. Empty text is 0: unknown.
bool parse_amount(std::string_view text, double max, double& amount) {
  amount = 0;
  if (text.empty()) return true;
  if (text.size() == 1 && text[0] >= '0' && text[0] <= '9') {
    amount = text[0] - '0';
    return amount <= max;
  }
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), amount);
  return error == std::errc() && end == text.data() + text.size() && amount >= 0 && amount <= max;
}

// "2026-07-20" in days since 1970; empty text is 0. False when it is not a day.
bool parse_day(std::string_view text, int& day) {
  day = 0;
  if (text.empty()) return true;
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  const auto digits = [text](std::size_t at, std::size_t length, int& value) {
    const char* end = text.data() + at + length;
    return std::from_chars(text.data() + at, end, value).ptr == end && value >= 0;
  };
  int year = 0;
  int month = 0;
  int date = 0;
  if (!digits(0, 4, year) || !digits(5, 2, month) || !digits(8, 2, date)) return false;
  const std::chrono::year_month_day calendar{std::chrono::year(year),
                                             std::chrono::month(static_cast<unsigned>(month)),
                                             std::chrono::day(static_cast<unsigned>(date))};
  if (!calendar.ok() || year < 2000) return false;
  day = static_cast<int>(std::chrono::sys_days(calendar).time_since_epoch().count());
  return true;
}

// Lower case without blanks: "East US" is "eastus".
std::string_view normal_place(std::string_view text, TextPool& pool) {
  bool normal = true;
  for (const char c : text) normal = normal && c != ' ' && (c < 'A' || c > 'Z');
  if (normal) return text;
  std::string& spelled = pool.emplace_back(lower(text));
  std::erase(spelled, ' ');
  return spelled;
}

using Fault = std::optional<std::pair<RowProblem, std::string>>;

Fault unreadable(std::string_view what, std::string_view found, std::string_view expected) {
  return Fault({RowProblem::malformed,
                fmt::format("{}: found '{}', expected {}", what, found.substr(0, 80), expected)});
}

// Neighbouring rows are much alike, so a row begins as a copy of the one before, and only what changed is
// read.
class OfferTextParser {
 public:
  OfferTextParser(const OfferText& text, TextPool& pool, std::vector<OfferRow>& rows, LoadReport& report)
      : reader_(text.csv, pool), pool_(pool), rows_(rows), report_(report) {
    row_.file = text.file;
  }

  void parse() {
    const Result<std::vector<int>> positions = read_csv_header(reader_, column_names, required_columns);
    if (!positions) {
      report_.refused.push_back({std::string(row_.file), std::max(1, reader_.line()), RowProblem::malformed,
                                 "the whole file: " + describe(positions.error())});
      return;
    }
    positions_ = *positions;
    header_size_ = reader_.fields().size();
    while (reader_.next()) {
      ++report_.rows;
      parse_row();
    }
  }

 private:
  void parse_row() {
    row_.line = reader_.line();
    if (Fault fault = read_row()) {
      refuse(row_, fault->first, std::move(fault->second), report_);
      const std::string_view file = row_.file;
      row_ = {};
      row_.file = file;
      is_first_ = true;
      return;
    }
    is_first_ = false;
    if (!row_.accelerator.empty() && row_.facts == nullptr) {
      warn(row_, RowProblem::unknown_accelerator,
           fmt::format("'{}' is not in the table of accelerators", row_.accelerator), report_);
    }
    rows_.push_back(row_);
  }

  Fault read_row() {
    if (reader_.torn() || reader_.fields().size() != header_size_) {
      return Fault({RowProblem::malformed, fmt::format("{} fields where the header has {}, or a stray quote",
                                                       reader_.fields().size(), header_size_)});
    }
    note_changes();
    if (Fault fault = read_place()) return fault;
    if (Fault fault = read_price()) return fault;
    if (Fault fault = read_machine()) return fault;
    if (Fault fault = read_accelerator_cells()) return fault;
    return check_price_per_accelerator();
  }

  void note_changes() {
    const std::span<const std::string_view> fields = reader_.fields();
    for (std::size_t column = 0; column < column_count; ++column) {
      if (positions_[column] < 0) continue;
      std::string_view field = fields[static_cast<std::size_t>(positions_[column])];
      const bool blank_ends = !field.empty() && (field.front() <= ' ' || field.back() <= ' ');
      if (blank_ends) field = trim(field);
      changed_[column] = is_first_ || field != cells_[column];
      cells_[column] = field;
    }
  }

  Fault read_place() {
    if (changed_[instance_type]) {
      row_.instance_type = cells_[instance_type];
      row_.type_hash = hash_of_name(row_.instance_type);
    }
    if (!changed_[provider] && !changed_[region] && !changed_[zone]) return std::nullopt;
    row_.provider = normal_place(cells_[provider], pool_);
    row_.region = normal_place(cells_[region], pool_);
    row_.zone = normal_place(cells_[zone], pool_);
    const bool named = !row_.provider.empty() && is_name(row_.provider) && is_name(row_.region);
    if (!named || !is_name(row_.zone)) {
      return unreadable("provider, region and zone",
                        fmt::format("{}/{}/{}", row_.provider, row_.region, row_.zone),
                        "letters, digits, '.', '_' and '-'");
    }
    if (row_.region.empty() && !row_.zone.empty()) return unreadable("region", "", "the region of the zone");
    row_.provider_hash = hash_of_name(row_.provider);
    row_.region_hash = hash_of_name(row_.region);
    return std::nullopt;
  }

  Fault read_price() {
    if (changed_[purchase]) {
      const std::optional<Purchase> option = purchase_from_text(cells_[purchase]);
      if (!option) {
        return Fault({RowProblem::wrong_purchase,
                      fmt::format("purchase '{}' is not on_demand, spot, reserved_1y or reserved_3y",
                                  cells_[purchase].substr(0, 40))});
      }
      row_.purchase = *option;
    }
    if (changed_[usd_per_hour]) {
      const std::optional<std::int64_t> nanos = parse_nanos(cells_[usd_per_hour]);
      if (!nanos) return unreadable("usd_per_hour", cells_[usd_per_hour], "a decimal such as 3.06");
      row_.price_nanos = *nanos;
    }
    if (!cells_[currency].empty() && cells_[currency] != "USD") {
      return Fault(
          {RowProblem::wrong_currency, fmt::format("the currency is '{}': the catalogue compares in USD",
                                                   cells_[currency].substr(0, 10))});
    }
    return std::nullopt;
  }

  Fault read_machine() {
    if (changed_[vcpus] && !parse_amount(cells_[vcpus], 1e5, row_.vcpus)) {
      return unreadable("vcpus", cells_[vcpus], "a number");
    }
    if (changed_[memory_gib] && !parse_amount(cells_[memory_gib], 1e6, row_.memory_gib)) {
      return unreadable("memory_gib", cells_[memory_gib], "a number");
    }
    row_.observed_on = cells_[observed_on];
    row_.source = cells_[source];
    if (changed_[observed_on] && !parse_day(row_.observed_on, row_.day)) {
      return unreadable("observed_on", row_.observed_on, "a day such as 2026-07-20");
    }
    return std::nullopt;
  }

  Fault read_accelerator_cells() {
    if (!changed_[accelerator] && !changed_[count] && !changed_[accelerator_gib] &&
        !changed_[instance_type]) {
      return std::nullopt;
    }
    if (!parse_amount(cells_[count], 1e5, row_.count)) return unreadable("count", cells_[count], "a number");
    if (!parse_amount(cells_[accelerator_gib], 1e4, row_.accelerator_gib)) {
      return unreadable("accelerator_gib", cells_[accelerator_gib], "a number");
    }
    const std::string_view name = cells_[accelerator];
    if (name.empty() != (row_.count == 0)) {
      return unreadable("accelerator and count", fmt::format("{},{}", name, cells_[count]),
                        "both, or neither");
    }
    if (changed_[accelerator]) {
      const Result<AcceleratorWish> wish = name.empty() ? AcceleratorWish{} : read_accelerator(name);
      row_.accelerator = wish ? wish->name : name;
      row_.accelerator_hash = hash_of_name(row_.accelerator);
      named_gib_ = wish ? wish->memory_gib : 0;
      usual_facts_ = wish && !name.empty() ? find_accelerator(wish->name) : nullptr;
    }
    if (row_.accelerator_gib == 0) row_.accelerator_gib = named_gib_;
    row_.facts = usual_facts_ == nullptr
                     ? nullptr
                     : variant_of(*usual_facts_, row_.accelerator_gib, row_.instance_type);
    return std::nullopt;
  }

  Fault check_price_per_accelerator() const {
    if (cells_[usd_per_accelerator_hour].empty()) return std::nullopt;
    const std::optional<std::int64_t> stated = parse_nanos(cells_[usd_per_accelerator_hour]);
    if (!stated) return unreadable("usd_per_accelerator_hour", cells_[usd_per_accelerator_hour], "a decimal");
    const double total = static_cast<double>(*stated) * row_.count;
    const double price = static_cast<double>(row_.price_nanos);
    if (price <= 1.08 * total && price >= 0.92 * total) return std::nullopt;
    return Fault({RowProblem::inconsistent,
                  fmt::format("{} per accelerator times {} is not {}", cells_[usd_per_accelerator_hour],
                              row_.count, cells_[usd_per_hour])});
  }

  CsvReader reader_;
  TextPool& pool_;
  std::vector<OfferRow>& rows_;
  LoadReport& report_;
  std::vector<int> positions_;
  std::size_t header_size_ = 0;
  bool is_first_ = true;  // nothing to compare with
  OfferRow row_;
  std::array<std::string_view, column_count> cells_;
  std::array<bool, column_count> changed_ = {};
  const AcceleratorFacts* usual_facts_ = nullptr;
  double named_gib_ = 0;  // memory that the accelerator's name tells
};

RowNote note_of(const OfferRow& row, RowProblem problem, std::string reason) {
  const std::string key = row.instance_type.empty() ? "" : key_of(row) + ": ";
  return {std::string(row.file), row.line, problem, key + std::move(reason)};
}

}  // namespace

std::size_t hash_of_name(std::string_view name) {
  return std::hash<std::string_view>{}(name);
}

std::string key_of(const OfferRow& row) {
  return fmt::format("{}{}{}{}{}:{}:{}", row.provider, row.region.empty() ? "" : "/", row.region,
                     row.zone.empty() ? "" : "/", row.zone, row.instance_type, to_text(row.purchase));
}

void fill_offer(const OfferRow& row, Offer& offer) {
  offer.location.provider = row.provider;
  offer.location.region = row.region;
  offer.location.zone = row.zone;
  offer.instance_type = row.instance_type;
  if (!row.accelerator.empty()) {
    offer.accelerator.emplace(Accelerator{std::string(row.accelerator), row.count, row.accelerator_gib});
  }
  offer.vcpus = row.vcpus;
  offer.memory_gib = row.memory_gib;
  offer.purchase = row.purchase;
  offer.price_per_hour = Money(row.price_nanos);
  offer.observed_on = row.observed_on;
  offer.source = row.source;
}

void refuse(OfferRow& row, RowProblem problem, std::string reason, LoadReport& report) {
  row.kept = false;
  report.refused.push_back(note_of(row, problem, std::move(reason)));
}

void warn(const OfferRow& row, RowProblem problem, std::string reason, LoadReport& report) {
  report.warnings.push_back(note_of(row, problem, std::move(reason)));
}

void parse_offer_text(const OfferText& text, TextPool& pool, std::vector<OfferRow>& rows,
                      LoadReport& report) {
  OfferTextParser(text, pool, rows, report).parse();
}

}  // namespace tradewind::catalog
