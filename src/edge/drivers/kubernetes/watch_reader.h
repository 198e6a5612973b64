// The events of a watch out of the bytes of its answer: one JSON document a line.
// Format: kubernetes.io/docs/reference/using-api/api-concepts, "Efficient detection of changes".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "core/model/json.h"

namespace tradewind::kubernetes {

enum class WatchKind { added, modified, deleted, bookmark, error };

struct WatchEvent {
  WatchKind kind = WatchKind::error;
  // The object after the change, of `deleted` as it was last; of `bookmark` its version alone; of `error` a
  // Status.
  json::value object;
};

class WatchReader {
 public:
  // The events that these bytes complete; what is left begins the next. corrupt: no event of a watch, or one
  // longer than an object may be; what follows is not to be read.
  Result<std::vector<WatchEvent>> read(std::string_view bytes);

 private:
  std::string begun_;  // of a line whose end has not come
};

}  // namespace tradewind::kubernetes
