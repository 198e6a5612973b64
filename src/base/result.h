// Result<T>: a value or an Error. It crosses every boundary between files that can fail; exceptions do not.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace tradewind {

// The codes that decisions rest on. A further code exists only where a caller acts on it.
enum class Code {
  insufficient_capacity,  // the supplier has none now: try another offer
  quota_exceeded,         // an operator must act, or another account: do not retry here
  rate_limited,           // the same request, later
  unauthorized,
  not_found,
  conflict,          // somebody else was first: read again
  invalid_argument,  // never retry unchanged
  unavailable,       // try again: the outcome of the call may be unknown
  corrupt,           // bytes are not what was written
  fenced,            // a newer epoch owns the job: stop and touch nothing
  cancelled,
  internal,
};

std::string_view to_text(Code code);
std::optional<Code> code_from_text(std::string_view text);

struct Error {
  Code code = Code::internal;
  std::string message;    // names the thing and the cause, one sentence
  std::string hint = {};  // the cure, where one is known
  bool operator==(const Error&) const = default;
};

// "message (hint)", for logs and for one-line output.
std::string describe(const Error& error);

template <class T>
class [[nodiscard]] Result {
 public:
  // Implicit, so that a function returns its value or its error as it is.
  // NOLINTNEXTLINE(google-explicit-constructor)
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  // NOLINTNEXTLINE(google-explicit-constructor)
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  // REQUIRES: ok()
  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  // REQUIRES: !ok()
  const Error& error() const& { return std::get<1>(state_); }
  Error&& error() && { return std::get<1>(std::move(state_)); }
  T value_or(T fallback) const& { return ok() ? value() : std::move(fallback); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor)
  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  const Error& error() const& { return *error_; }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;

}  // namespace tradewind

#define TW_CONCAT_INNER(a, b) a##b
#define TW_CONCAT(a, b) TW_CONCAT_INNER(a, b)
// Returns the error of `expression`, a Result or Status, to the caller.
#define TW_RETURN_IF_ERROR(expression)                                            \
  do {                                                                            \
    if (auto tw_status = (expression); !tw_status.ok()) return tw_status.error(); \
  } while (false)
// What is assigned to may be a declaration, which takes no parentheses.
// NOLINTBEGIN(bugprone-macro-parentheses)
#define TW_ASSIGN_OR_RETURN_INNER(temporary, target, expression) \
  auto temporary = (expression);                                 \
  if (!temporary.ok()) return temporary.error();                 \
  target = std::move(temporary).value()
// NOLINTEND(bugprone-macro-parentheses)
// TW_ASSIGN_OR_RETURN(auto x, f()): x = value of f(), or returns its error.
#define TW_ASSIGN_OR_RETURN(target, expression) \
  TW_ASSIGN_OR_RETURN_INNER(TW_CONCAT(tw_result_, __LINE__), target, expression)
