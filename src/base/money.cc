#include "base/money.h"

#include <cassert>
#include <cmath>
#include <limits>

namespace tradewind {
namespace {

__extension__ using Wide = __int128;

constexpr std::int64_t nanos_per_unit = 1'000'000'000;
constexpr std::int64_t nanos_max = std::numeric_limits<std::int64_t>::max();

std::int64_t saturate(Wide value) {
  if (value > nanos_max) return nanos_max;
  if (value < -static_cast<Wide>(nanos_max)) return -nanos_max;
  return static_cast<std::int64_t>(value);
}

}  // namespace

Result<Currency> Currency::parse(std::string_view code) {
  const Error bad{Code::invalid_argument, "'" + std::string(code) + "' is not a currency",
                  "use an ISO 4217 code such as USD"};
  if (code.size() != 3) return bad;
  Currency currency;
  for (std::size_t i = 0; i < 3; ++i) {
    if (code[i] < 'A' || code[i] > 'Z') return bad;
    currency.letters_[i] = code[i];
  }
  return currency;
}

Result<Money> Money::parse(std::string_view decimal, Currency currency) {
  const Error bad{Code::invalid_argument, "'" + std::string(decimal) + "' is not an amount of money",
                  "write 12.50"};
  std::string_view rest = decimal;
  const bool negative = !rest.empty() && rest.front() == '-';
  if (negative) rest.remove_prefix(1);
  std::int64_t whole = 0;
  std::size_t whole_digits = 0;
  for (; !rest.empty() && rest.front() >= '0' && rest.front() <= '9'; rest.remove_prefix(1), ++whole_digits) {
    if (whole_digits == 9) return bad;
    whole = whole * 10 + (rest.front() - '0');
  }
  std::int64_t fraction = 0;
  std::size_t fraction_digits = 0;
  if (!rest.empty() && rest.front() == '.') {
    rest.remove_prefix(1);
    for (; !rest.empty() && rest.front() >= '0' && rest.front() <= '9';
         rest.remove_prefix(1), ++fraction_digits) {
      if (fraction_digits == 9) return bad;
      fraction = fraction * 10 + (rest.front() - '0');
    }
  }
  if (!rest.empty() || whole_digits + fraction_digits == 0) return bad;
  for (; fraction_digits < 9; ++fraction_digits) fraction *= 10;
  const std::int64_t nanos = whole * nanos_per_unit + fraction;
  return Money(negative ? -nanos : nanos, currency);
}

Money Money::estimate(double amount, Currency currency) {
  const double nanos = amount * 1e9;
  if (!(std::fabs(nanos) < 9.2e18)) return Money(std::signbit(nanos) ? -nanos_max : nanos_max, currency);
  return Money(std::llround(nanos), currency);
}

std::string Money::decimal() const {
  const bool negative = nanos_ < 0;
  const std::uint64_t magnitude =
      negative ? 0 - static_cast<std::uint64_t>(nanos_) : static_cast<std::uint64_t>(nanos_);
  std::string fraction = std::to_string(magnitude % nanos_per_unit);
  fraction.insert(0, 9 - fraction.size(), '0');
  while (fraction.size() > 2 && fraction.back() == '0') fraction.pop_back();
  return (negative ? "-" : "") + std::to_string(magnitude / nanos_per_unit) + "." + fraction;
}

std::string Money::text() const {
  const std::int64_t magnitude = nanos_ < 0 ? -nanos_ : nanos_;
  // Two significant digits below a cent, cents above.
  std::int64_t step = 10'000'000;
  while (step > 1 && magnitude != 0 && magnitude < step * 10 && magnitude < 100'000'000) step /= 10;
  const std::int64_t rounded = (magnitude + step / 2) / step * step;
  const std::string amount = Money(rounded).decimal();
  const std::string code = currency_.text();
  const std::string sign = nanos_ < 0 ? "-" : "";
  if (code == "USD") return sign + "$" + amount;
  if (code == "EUR") return sign + "€" + amount;
  return code + " " + sign + amount;
}

Money Money::operator+(Money other) const {
  assert(currency_ == other.currency_);
  return Money(saturate(static_cast<Wide>(nanos_) + other.nanos_), currency_);
}

Money Money::operator-(Money other) const {
  return *this + -other;
}

Money Money::scaled(double factor) const {
  return estimate(as_double() * factor, currency_);
}

Money cost_of(Money price_per_hour, Duration span) {
  constexpr Wide ms_per_hour = 3'600'000;
  const Wide product = static_cast<Wide>(price_per_hour.nanos()) * span.count();
  const Wide half = product < 0 ? -ms_per_hour / 2 : ms_per_hour / 2;
  return Money(saturate((product + half) / ms_per_hour), price_per_hour.currency());
}

}  // namespace tradewind
