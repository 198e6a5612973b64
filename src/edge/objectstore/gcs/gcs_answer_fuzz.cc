// Whatever a server answers: no crash, and what is read holds to its own terms.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "edge/objectstore/gcs/gcs_answer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tradewind::objectstore;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto list = parse_gcs_list(text);
  const auto object = parse_gcs_object(text);
  // An object's size came as at most 63 bits.
  if (object.ok() && object->size_bytes > (~std::uint64_t{0} >> 1)) std::abort();
  if (list.ok()) {
    for (const GcsObject& each : list->objects) {
      if (each.size_bytes > (~std::uint64_t{0} >> 1)) std::abort();
    }
  }
  const auto received = parse_gcs_received(text);
  if (received && !text.empty() && "bytes=0-" + std::to_string(*received - 1) != text &&
      text.find("-0") == std::string_view::npos)
    std::abort();
  (void)gcs_crc32c_of({{"x-goog-hash", std::string(text)}});
  return 0;
}
