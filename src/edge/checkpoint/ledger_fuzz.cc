// A ledger of any bytes, one record a line: read and folded, or refused as corrupt, and never written behind.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/text.h"
#include "edge/checkpoint/ledger.h"
#include "edge/mailbox/mailbox.h"
#include "edge/objectstore/memory_store.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tradewind;
  const auto store = objectstore::make_memory_store();
  std::uint64_t count = 0;
  for (const std::string& line : split({reinterpret_cast<const char*>(data), size}, '\n')) {
    const std::string key = "p/ledger/" + mailbox::eight_digits(++count);
    if (!store->put(key, line, objectstore::PutCondition::if_absent).ok()) std::abort();
  }
  const auto records = checkpoint::read_ledger(*store, "p/", 0);
  checkpoint::LedgerView view;
  bool sound = records.ok();
  for (const LedgerRecord& record : records.value_or({}))
    sound = sound && checkpoint::fold(view, record).ok();
  if (sound && view.number != count) std::abort();

  checkpoint::LedgerWriter writer(*store, "p/", LeaseId("l-fuzz"));
  const Status claimed = writer.claim(Time{}, 1);
  if (claimed.ok() != (sound && !view.finish)) std::abort();
  if (!sound && claimed.error().code != Code::corrupt) std::abort();
  return 0;
}
