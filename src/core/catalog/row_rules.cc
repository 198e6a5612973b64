#include "core/catalog/row_rules.h"

#include <array>
#include <cmath>
#include <fmt/format.h>

#include "base/text.h"

namespace tradewind::catalog {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

constexpr std::array<bool, 256> type_characters = [] {
  std::array<bool, 256> allowed = {};
  for (unsigned c = 0; c < 256; ++c) {
    allowed[c] = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  }
  for (const char c : {'.', '_', '-', '+', '(', ')'}) allowed[static_cast<unsigned char>(c)] = true;
  return allowed;
}();

// "c5.large", "Standard_NC6s_v3", "n1-standard-8+1xnvidia-tesla-t4": no blanks, no control characters.
bool is_instance_type(std::string_view text) {
  if (text.empty() || text.size() > 96) return false;
  for (const char c : text) {
    if (!type_characters[static_cast<unsigned char>(c)]) return false;
  }
  return true;
}

std::optional<RowFault> judge_price(const OfferRow& row) {
  if (row.price_nanos <= 0) {
    return RowFault{RowProblem::no_price, row.price_nanos == 0
                                              ? "the price is zero: a gap in the source, not a free machine"
                                              : "the price is negative"};
  }
  const bool yuan = (row.provider == "aws" && row.region.starts_with("cn-")) ||
                    (row.provider == "azure" && row.region.starts_with("china"));
  if (yuan)
    return RowFault{RowProblem::wrong_currency, "the region is sold in CNY, so the figure is not in USD"};
  return std::nullopt;
}

// Dedicated hosts end in "Type3" or "Type 3"; Basic tier sizes are no virtual machines of today; promotions
// cannot be had.
std::optional<std::string> no_azure_machine(std::string_view type) {
  const std::size_t host = type.find("_Type");
  if (host != std::string_view::npos && is_digit(type.back()))
    return "a dedicated host, not a virtual machine";
  if (type.starts_with("Basic_")) return "a size of the retired Basic tier";
  if (type.ends_with("_Promo")) return "a promotion that has ended";
  if (!type.starts_with("Standard_")) return "not a virtual machine size, which begins with Standard_";
  return std::nullopt;
}

std::optional<RowFault> judge_type(const OfferRow& row) {
  if (row.provider == "azure") {
    if (std::optional<std::string> fault = no_azure_machine(row.instance_type)) {
      return RowFault{RowProblem::not_a_machine, *fault};
    }
  }
  if (is_instance_type(row.instance_type)) return std::nullopt;
  if (row.instance_type.find("sku:") != std::string_view::npos) {
    return RowFault{RowProblem::not_a_machine, "a SKU of a price list, not an instance type"};
  }
  return RowFault{RowProblem::malformed,
                  fmt::format("instance_type: found '{}', expected letters, digits and '._-+()'",
                              row.instance_type.substr(0, 80))};
}

// Families whose machines all carry accelerators, by the beginning of the instance type.
bool is_accelerated_family(std::string_view provider, std::string_view type) {
  const auto begins = [type](std::string_view prefix, bool then_digit) {
    return type.starts_with(prefix) &&
           (!then_digit || (type.size() > prefix.size() && is_digit(type[prefix.size()])));
  };
  if (provider == "aws")
    return begins("p", true) || begins("g", true) || begins("trn", true) || begins("inf", true);
  if (provider == "azure") return begins("Standard_N", false);
  if (provider == "gcp") {
    return begins("a2-", false) || begins("a3-", false) || begins("a4-", false) || begins("g2-", false) ||
           begins("ct", true);
  }
  return false;
}

std::optional<RowFault> judge_completeness(const OfferRow& row) {
  if (row.accelerator.empty()) {
    if (!is_accelerated_family(row.provider, row.instance_type)) return std::nullopt;
    return RowFault{RowProblem::partial_price,
                    "a machine of an accelerated family, listed without its accelerators"};
  }
  const bool gpu = row.facts == nullptr || row.facts->kind == AcceleratorKind::gpu;
  if (row.provider == "gcp" && gpu && (row.vcpus == 0 || row.memory_gib == 0)) {
    return RowFault{RowProblem::partial_price,
                    "the price of the accelerators alone: vCPUs and memory are sold apart"};
  }
  const bool parts_apart =
      row.provider == "salad" || (row.provider == "coreweave" && row.instance_type.ends_with("-classic"));
  if (parts_apart) {
    return RowFault{RowProblem::partial_price,
                    "the price of the accelerator alone: this supplier bills vCPUs and "
                    "memory apart"};
  }
  return std::nullopt;
}

std::optional<RowFault> judge_memory(const OfferRow& row) {
  if (row.facts == nullptr || row.accelerator_gib == 0) return std::nullopt;
  const double known = row.facts->memory_gib;
  if (std::fabs(known - row.accelerator_gib) <= 0.3 * known) return std::nullopt;
  return RowFault{RowProblem::inconsistent, fmt::format("one {} has {} GiB, the row says {}", row.accelerator,
                                                        known, row.accelerator_gib)};
}

}  // namespace

std::optional<RowFault> judge_row(const OfferRow& row) {
  for (const auto rule : {judge_type, judge_price, judge_completeness, judge_memory}) {
    if (std::optional<RowFault> fault = rule(row)) return fault;
  }
  return std::nullopt;
}

}  // namespace tradewind::catalog
