// One cloud's metadata service, as the watch asks it. Internal to metadata_watch.cc.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "app/agent/metadata_watch.h"

namespace tradewind::agent {

struct MetadataWord {
  std::optional<PreemptionNotice> notice = {};
  std::optional<std::string> hint = {};
};

class MetadataService {
 public:
  virtual ~MetadataService() = default;
  // One round of questions; Google's last as long as nothing changes, up to google_gap.
  virtual Result<MetadataWord> ask(Time now) = 0;
  // Says that the event behind the last notice may begin now. Nothing where a cloud has no such word.
  virtual Status approve() { return {}; }
  // Between two rounds.
  virtual Duration gap() const = 0;
};

std::unique_ptr<MetadataService> metadata_service(const MetadataSource& source, const MetadataTempo& tempo,
                                                  std::shared_ptr<const io::Cancellation> cancellation);

}  // namespace tradewind::agent
