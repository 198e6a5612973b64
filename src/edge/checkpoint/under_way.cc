#include "edge/checkpoint/under_way.h"

#include <utility>

#include "base/text.h"
#include "core/model/stored_names.h"
#include "edge/checkpoint/checkpoint.h"
#include "edge/checkpoint/chunk.h"
#include "edge/checkpoint/digest.h"
#include "edge/io/system_clock.h"

namespace tradewind::checkpoint {

using objectstore::PutCondition;

UnderWay::UnderWay(objectstore::ObjectStore& store, const std::string& job_prefix, const std::string& facts,
                   const Clock* clock)
    : store_(store),
      key_(under_way_folder(job_prefix) + sha256_hex(facts)),
      clock_(clock),
      began_(monotonic()),
      told_(began_) {}

Duration UnderWay::monotonic() const {
  return clock_ != nullptr ? clock_->monotonic() : io::SystemClock().monotonic();
}

Duration UnderWay::elapsed() const {
  return monotonic() - began_;
}

Status UnderWay::keep_up(const std::function<std::set<std::string>()>& digests) {
  {
    const std::lock_guard lock(mutex_);
    if (telling_ || monotonic() - told_ < under_way_every) return {};
    telling_ = true;
  }
  std::string lines;
  const Duration at = monotonic();
  for (const std::string& digest : digests()) lines += digest + "\n";
  const Status put = store_.put(key_, encode_manifest(lines), PutCondition::always);
  {
    const std::lock_guard lock(mutex_);
    telling_ = false;
    is_there_ = true;  // perhaps, where the put failed
    if (put.ok()) told_ = at;
  }
  return check();
}

Status UnderWay::check() const {
  const std::lock_guard lock(mutex_);
  if (monotonic() - told_ < under_way_silence_max) return {};
  return Error{Code::unavailable,
               store_.url() + " could not be told for too long what is under way, so that it may be pruned",
               "the same command tries again"};
}

void UnderWay::end() {
  if (is_there_) static_cast<void>(store_.remove(key_));
}

std::string under_way_folder(const std::string& job_prefix) {
  return job_prefix + "underway/";
}

Result<std::set<std::string>> read_under_way(objectstore::ObjectStore& store, const std::string& key) {
  TW_ASSIGN_OR_RETURN(const std::string coded, store.get(key));
  TW_ASSIGN_OR_RETURN(const std::string lines, unpack_manifest(coded));
  std::set<std::string> digests;
  for (const std::string& line : split(lines, '\n')) {
    if (line.empty()) continue;
    if (!is_digest(line)) return Error{Code::corrupt, key + " in " + store.url() + " holds no digests"};
    digests.insert(line);
  }
  return digests;
}

}  // namespace tradewind::checkpoint
