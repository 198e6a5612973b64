#include "edge/objectstore/bandwidth_limit.h"

#include <algorithm>
#include <ctime>
#include <fstream>
#include <iterator>
#include <limits>
#include <optional>
#include <thread>
#include <utility>

#include "core/model/bandwidth.h"

namespace tradewind::objectstore {
namespace {

constexpr Duration look_every{100};

int local_minute(Time now) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  std::tm local = {};
  ::localtime_r(&seconds, &local);
  return local.tm_hour * 60 + local.tm_min;
}

// A table in a file, as it was when it could last be read.
class TableFile {
 public:
  explicit TableFile(std::string path) : path_(std::move(path)) {}

  Result<BandwidthTable> read() const {
    std::ifstream file(path_);
    std::string text(std::istreambuf_iterator<char>(file), {});
    if (file.bad() || !file.is_open()) {
      return Error{Code::not_found, "the limit of the network in '" + path_ + "' cannot be read"};
    }
    std::replace_if(
        text.begin(), text.end(), [](char c) { return c == '\n' || c == '\t' || c == '\r'; }, ' ');
    return BandwidthTable::parse(text);
  }

 private:
  std::string path_;
};

// Of one transfer. Asked for each chunk: the clock and the file are looked at once a second.
class LimitNow {
 public:
  // No table: nothing is limited until the file has one.
  LimitNow(std::optional<BandwidthTable> table, std::optional<TableFile> file,
           std::function<bool()> is_lifted, const Clock& clock)
      : table_(std::move(table)),
        file_(std::move(file)),
        is_lifted_(std::move(is_lifted)),
        clock_(clock),
        looked_(clock.monotonic()) {
    limit_ = now_allowed();
  }

  double operator()() {
    if (is_lifted_ && is_lifted_()) return std::numeric_limits<double>::infinity();
    const Duration now = clock_.monotonic();
    if (now - looked_ < std::chrono::seconds(1)) return limit_;
    looked_ = now;
    if (file_) {
      if (Result<BandwidthTable> read = file_->read(); read.ok()) table_ = *std::move(read);
    }
    limit_ = now_allowed();
    return limit_;
  }

 private:
  double now_allowed() const {
    return table_ ? table_->at(local_minute(clock_.now())) : std::numeric_limits<double>::infinity();
  }

  std::optional<BandwidthTable> table_;
  std::optional<TableFile> file_;
  std::function<bool()> is_lifted_;
  const Clock& clock_;
  Duration looked_;
  double limit_ = 0;
};

}  // namespace

Result<std::unique_ptr<ByteRate>> bandwidth_limit(BandwidthWish wish, const Clock& clock) {
  std::optional<TableFile> file;
  if (wish.text.starts_with(bandwidth_file_mark)) file.emplace(wish.text.substr(1));
  Result<BandwidthTable> read = file ? file->read() : BandwidthTable::parse(wish.text);
  if (!read.ok() && !(file && wish.file_may_come)) return read.error();
  std::optional<BandwidthTable> table;
  if (read.ok()) table = *std::move(read);
  const auto wait = [is_lifted = wish.is_lifted,
                     is_interrupted = std::move(wish.is_interrupted)](Duration span) {
    const auto interrupted = [&] { return is_interrupted && is_interrupted(); };
    for (; span > Duration(0) && !interrupted() && !(is_lifted && is_lifted()); span -= look_every) {
      std::this_thread::sleep_for(std::min(span, look_every));
    }
    return !interrupted();
  };
  return std::make_unique<ByteRate>(
      LimitNow(std::move(table), std::move(file), std::move(wish.is_lifted), clock), clock, wait);
}

}  // namespace tradewind::objectstore
