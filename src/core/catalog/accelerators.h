// The accelerators that suppliers rent out: memory, bandwidth and dense rates of ONE accelerator, from which
// a first throughput estimate follows. One name ("A100") may have several variants (40 GB, 80 GB): an offer
// says which by its memory, or by its instance type ("..._pcie").
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "core/model/offer.h"

namespace tradewind::catalog {

enum class AcceleratorKind { gpu, tpu, trainium, inferentia, other };
std::string_view to_text(AcceleratorKind kind);

// How a row's figures came into the table.
enum class Evidence {
  read,      // compared with the document, or with a page that quotes it, when the row was written
  recalled,  // general knowledge of the document that `source` names: check before quoting it
};

struct AcceleratorFacts {
  std::string_view name;     // as offers spell it: "H100", "TPU-v5e", "Trainium1"
  std::string_view variant;  // "80GB", "PCIe"; empty for the usual or only one
  std::string_view vendor;   // "NVIDIA"
  AcceleratorKind kind = AcceleratorKind::gpu;
  double memory_gib = 0;         // as sold, of one
  double memory_gb_per_s = 0;    // 10^9 bytes a second
  double bf16_tflops = 0;        // dense; 0: not supported
  double fp16_tflops = 0;        // dense, matrix units where there are any; 0: none or not published
  double fp8_tflops = 0;         // dense; 0: not supported
  double fp32_tflops = 0;        // plain vector rate; 0: not published
  std::string_view source;       // the vendor's document
  std::string_view source_date;  // its year, "2023"
  Evidence evidence = Evidence::recalled;
  std::array<std::string_view, 3> aliases = {};  // further spellings; empty ones at the end
};

// All rows, variants of one name side by side, the usual variant first.
std::span<const AcceleratorFacts> all_accelerators();

// Dense TFLOP/s at which a mixed-precision training step multiplies: BF16, else FP16, else FP32. 0: not
// published.
double training_tflops(const AcceleratorFacts& facts);

// Which accelerator a person means.
struct AcceleratorWish {
  std::string_view name;  // of the table
  double memory_gib = 0;  // 0: any
  bool operator==(const AcceleratorWish&) const = default;
};
// Reads "H100", "nvidia-h100-80gb", "NVIDIA A100-SXM4-80GB", "RTX 4090", "tpu-v5e", "v5litepod": case,
// blanks, '-', '_', the vendor's name and the form (SXM, PCIe) do not matter. not_found names the nearest
// word, where there is one, in the hint.
Result<AcceleratorWish> read_accelerator(std::string_view text);
// True when the offered accelerator is what is meant. Memory may differ from the wish by 10 % (sheets count
// GB or GiB).
bool accepts(const AcceleratorWish& wish, const Accelerator& offered);

// The usual variant, or the one that the text names ("A100-80GB"). nullptr when there is no such accelerator.
const AcceleratorFacts* find_accelerator(std::string_view text);
// The variant that an offer's accelerator is: nearest in memory, and of the form named in the instance type.
// nullptr when the model is not in the table.
const AcceleratorFacts* facts_of(const Accelerator& accelerator, std::string_view instance_type);
// The same, where any row of that name is at hand already.
const AcceleratorFacts* variant_of(const AcceleratorFacts& any_variant, double memory_gib,
                                   std::string_view instance_type);

}  // namespace tradewind::catalog
