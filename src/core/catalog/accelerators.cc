#include "core/catalog/accelerators.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <optional>
#include <vector>

#include "base/text.h"
#include "core/model/enum_text.h"

namespace tradewind::catalog {
namespace {

constexpr std::array<std::string_view, 5> kind_names = {"gpu", "tpu", "trainium", "inferentia", "other"};

// Words that come before or after a name and do not tell accelerators apart.
constexpr std::string_view leading_words[] = {"nvidia", "amd",     "google", "aws",
                                              "intel",  "geforce", "tesla",  "instinct"};
constexpr std::string_view trailing_words[] = {"pcie", "nvlink", "oam",      "gpu",         "tensor",
                                               "core", "server", "edition",  "workstation", "generation",
                                               "ada",  "hgx",    "blackwell"};

bool is_separator(char c) {
  return c == ' ' || c == '-' || c == '_';
}

// Case, blanks, '-' and '_' do not count.
bool same_name(std::string_view a, std::string_view b) {
  std::size_t i = 0;
  std::size_t j = 0;
  while (true) {
    while (i < a.size() && is_separator(a[i])) ++i;
    while (j < b.size() && is_separator(b[j])) ++j;
    if (i == a.size() || j == b.size()) return i == a.size() && j == b.size();
    if (std::tolower(static_cast<unsigned char>(a[i++])) !=
        std::tolower(static_cast<unsigned char>(b[j++]))) {
      return false;
    }
  }
}

const AcceleratorFacts* by_name(std::string_view name) {
  for (const AcceleratorFacts& facts : all_accelerators()) {
    if (facts.name == name) return &facts;
  }
  for (const AcceleratorFacts& facts : all_accelerators()) {
    if (same_name(facts.name, name)) return &facts;
    for (const std::string_view alias : facts.aliases) {
      if (!alias.empty() && same_name(alias, name)) return &facts;
    }
  }
  return nullptr;
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : text) {
    if (is_separator(c)) {
      if (!word.empty()) words.push_back(std::move(word));
      word.clear();
    } else {
      word += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
  }
  if (!word.empty()) words.push_back(std::move(word));
  return words;
}

template <std::size_t n>
bool is_one_of(const std::string_view (&list)[n], std::string_view word) {
  for (const std::string_view candidate : list) {
    if (candidate == word) return true;
  }
  return false;
}

// "80gb", "80gib", "80g" → 80; 0 for anything else.
double memory_word(std::string_view word) {
  int amount = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), amount);
  const std::string_view unit(end, static_cast<std::size_t>(word.data() + word.size() - end));
  if (error != std::errc() || (unit != "gb" && unit != "gib" && unit != "g")) return 0;
  return amount > 0 ? amount : 0;
}

bool says_nothing(std::string_view word) {
  return is_one_of(trailing_words, word) || word.starts_with("sxm") || word.starts_with("hbm");
}

// What the words after the name say about the memory. Nothing when one of them is not understood.
std::optional<double> memory_of(std::span<const std::string> words) {
  double memory_gib = 0;
  for (const std::string& word : words) {
    const double amount = memory_word(word);
    if (amount > 0) memory_gib = amount;
    if (amount == 0 && !says_nothing(word)) return std::nullopt;
  }
  return memory_gib;
}

Error unknown_accelerator(std::string_view text) {
  std::vector<std::string_view> names;
  for (const AcceleratorFacts& facts : all_accelerators()) names.push_back(facts.name);
  const std::string near = nearest_word(text, names);
  const std::string shown(text.substr(0, 80));
  return {Code::not_found, "'" + shown + "' is not an accelerator of the table",
          near.empty() ? "docs/catalogue.md lists the accelerators" : "did you mean " + near + "?"};
}

bool near_in_memory(double a, double b) {
  return std::fabs(a - b) <= 0.1 * std::max(a, b);
}

// All variants of that name.
std::span<const AcceleratorFacts> variants_of(const AcceleratorFacts& any_variant) {
  const std::span<const AcceleratorFacts> all = all_accelerators();
  const AcceleratorFacts* first = &any_variant;
  while (first != all.data() && (first - 1)->name == any_variant.name) --first;
  const AcceleratorFacts* last = &any_variant;
  while (last != all.data() + all.size() && last->name == any_variant.name) ++last;
  return {first, last};
}

bool contains_ignoring_case(std::string_view text, std::string_view word) {
  const auto same = [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
  };
  return std::search(text.begin(), text.end(), word.begin(), word.end(), same) != text.end();
}

}  // namespace

std::string_view to_text(AcceleratorKind kind) {
  return enum_name(kind_names, kind);
}

double training_tflops(const AcceleratorFacts& facts) {
  if (facts.bf16_tflops > 0) return facts.bf16_tflops;
  return facts.fp16_tflops > 0 ? facts.fp16_tflops : facts.fp32_tflops;
}

Result<AcceleratorWish> read_accelerator(std::string_view text) {
  for (const AcceleratorFacts& facts : all_accelerators()) {
    if (facts.name == text) return AcceleratorWish{facts.name, 0};
  }
  const std::vector<std::string> words = words_of(text.substr(0, 128));
  std::size_t first = 0;
  while (first < words.size() && is_one_of(leading_words, words[first])) ++first;
  // The longest run of words that is a name: "rtx 6000 ada" before "rtx 6000".
  for (std::size_t last = words.size(); last > first; --last) {
    const std::string name = join(std::span(words).subspan(first, last - first), "");
    const AcceleratorFacts* facts = by_name(name);
    if (facts == nullptr) continue;
    const std::optional<double> memory_gib = memory_of(std::span(words).subspan(last));
    if (!memory_gib) break;
    return AcceleratorWish{facts->name, *memory_gib};
  }
  return unknown_accelerator(text);
}

bool accepts(const AcceleratorWish& wish, const Accelerator& offered) {
  if (wish.name != offered.model) return false;
  if (wish.memory_gib == 0) return true;
  const AcceleratorFacts* facts = offered.memory_gib > 0 ? nullptr : by_name(offered.model);
  return near_in_memory(wish.memory_gib, facts == nullptr ? offered.memory_gib : facts->memory_gib);
}

const AcceleratorFacts* find_accelerator(std::string_view text) {
  const Result<AcceleratorWish> wish = read_accelerator(text);
  return wish ? variant_of(*by_name(wish->name), wish->memory_gib, "") : nullptr;
}

const AcceleratorFacts* facts_of(const Accelerator& accelerator, std::string_view instance_type) {
  const AcceleratorFacts* any = by_name(accelerator.model);
  return any == nullptr ? nullptr : variant_of(*any, accelerator.memory_gib, instance_type);
}

const AcceleratorFacts* variant_of(const AcceleratorFacts& any_variant, double memory_gib,
                                   std::string_view instance_type) {
  const std::span<const AcceleratorFacts> variants = variants_of(any_variant);
  const AcceleratorFacts* best = &variants.front();
  if (variants.size() == 1) return best;
  for (const AcceleratorFacts& row : variants) {
    const bool form = row.variant == "PCIe" || row.variant == "NVL";
    if (form && contains_ignoring_case(instance_type, row.variant)) return &row;
    const double off = std::fabs(row.memory_gib - memory_gib);
    if (memory_gib > 0 && off < std::fabs(best->memory_gib - memory_gib)) best = &row;
  }
  return best;
}

}  // namespace tradewind::catalog
