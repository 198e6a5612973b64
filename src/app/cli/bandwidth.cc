#include "app/cli/bandwidth.h"

#include "edge/objectstore/bandwidth_limit.h"

namespace tradewind::cli {

Result<std::unique_ptr<objectstore::ByteRate>> bandwidth_of(const std::string& text, const Context& context) {
  if (text.empty()) return std::unique_ptr<objectstore::ByteRate>();
  objectstore::BandwidthWish wish;
  wish.text = text;
  wish.is_interrupted = [&context]() -> bool { return context.interrupted; };
  return objectstore::bandwidth_limit(std::move(wish), context.clock);
}

}  // namespace tradewind::cli
