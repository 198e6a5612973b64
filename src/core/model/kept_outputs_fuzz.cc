// Any bytes as a job's outputs.json: what is taken leads nowhere else, and says the same there and back.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/model/kept_outputs.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const tradewind::Result<tradewind::json::value> value = tradewind::parse_json(text);
  if (!value.ok()) return 0;
  const auto files = tradewind::kept_files_from_json(*value, "outputs.json");
  if (!files.ok()) return 0;
  for (const tradewind::KeptFile& file : *files) {
    const std::string path = "/" + file.path + "/";
    if (path.find("/../") != std::string::npos || path.find("//") != std::string::npos) std::abort();
  }
  const auto again = tradewind::kept_files_from_json(tradewind::to_json(*files), "outputs.json");
  if (!again.ok() || tradewind::to_json(*again) != tradewind::to_json(*files)) std::abort();
  return 0;
}
