// Whether a store is sealed, and the key that opens it.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "edge/objectstore/object_store.h"
#include "edge/sealing/key_object.h"
#include "edge/sealing/user_key.h"

namespace tradewind::sealing {

// What the data key lies wrapped in. All stands or falls with these few bytes, so there are two copies.
inline constexpr std::array<std::string_view, 2> key_objects = {"sealed/key", "sealed/key.copy"};
inline constexpr std::uint64_t key_object_bytes_max = std::uint64_t{64} << 10;

enum class SealWish {
  as_found,  // with a key the store must be sealed, without one it must not be
  begin,     // seal it, if it is empty; one that is sealed already is opened
  plain,     // whatever keys there are, it must not be sealed
  either,    // opened if it is sealed, used as it is if not: only to read what is proved otherwise
};

// Asked for only where it is needed. Nothing: the user has none.
using AskForKey = std::function<Result<std::optional<UserKey>>()>;

// Nothing: the store is not sealed, and may be used as it is. Errors:
//   unauthorized      it is sealed and there is no key, or another one; a key, and it is not sealed
//   invalid_argument  `begin` without a key or in a store that holds plain checkpoints; `plain`, and it is
//   sealed corrupt           both copies of the key object are gone or damaged
// A store whose owner takes the seal away is refused, not written to in plain text.
Result<std::optional<DataKey>> data_key_of(objectstore::ObjectStore& store, SealWish wish,
                                           const AskForKey& ask);

// The store opens with `by` afterwards, and with no key that opened it before, unless `keep_others`.
// invalid_argument: it is not sealed; unauthorized: `with` does not open it.
struct Rekey {
  UserKey with;
  UserKey by;
  bool keep_others = false;
};
Status rekey(objectstore::ObjectStore& store, const Rekey& change);

}  // namespace tradewind::sealing
