// Money is an integer count of billionths of a currency unit. Never a double.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace tradewind {

// ISO 4217 code.
class Currency {
 public:
  constexpr Currency() = default;  // USD
  // Three capital letters, else invalid_argument.
  static Result<Currency> parse(std::string_view code);
  std::string text() const { return {letters_, letters_ + 3}; }
  auto operator<=>(const Currency&) const = default;

 private:
  char letters_[3] = {'U', 'S', 'D'};
};

class Money {
 public:
  constexpr Money() = default;
  constexpr explicit Money(std::int64_t nanos, Currency currency = {}) : nanos_(nanos), currency_(currency) {}
  // "3.06", "-0.000000001": at most nine fraction digits and nine whole digits, else invalid_argument.
  static Result<Money> parse(std::string_view decimal, Currency currency = {});
  // Rounds to the nearest billionth. For estimates that were computed in floating point.
  static Money estimate(double amount, Currency currency = {});

  constexpr std::int64_t nanos() const { return nanos_; }
  constexpr Currency currency() const { return currency_; }
  double as_double() const { return static_cast<double>(nanos_) / 1e9; }
  // Shortest exact decimal with at least two fraction digits: "3.06", "0.000278", "12.00".
  std::string decimal() const;
  // For people: "$3.06", "$0.0003", "€1.20", "CHF 4.00".
  std::string text() const;

  // REQUIRES: the same currency on both sides (asserted). Amounts saturate rather than wrap.
  Money operator+(Money other) const;
  Money operator-(Money other) const;
  Money operator-() const { return Money(-nanos_, currency_); }
  Money& operator+=(Money other) { return *this = *this + other; }
  // Rounded to the nearest billionth.
  Money scaled(double factor) const;
  auto operator<=>(const Money&) const = default;

 private:
  std::int64_t nanos_ = 0;
  Currency currency_;
};

// price_per_hour for that long, rounded half away from zero to a billionth.
Money cost_of(Money price_per_hour, Duration span);

}  // namespace tradewind
