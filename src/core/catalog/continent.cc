#include "core/catalog/continent.h"

namespace tradewind::catalog {
namespace {

struct Rule {
  std::string_view text;
  std::string_view continent;
};

// By the beginning of the name; the first that fits holds.
constexpr Rule by_prefix[] = {
    {"us", "north_america"},
    {"ca-", "north_america"},
    {"canada", "north_america"},
    {"mx-", "north_america"},
    {"northamerica", "north_america"},
    {"sa-", "south_america"},
    {"southamerica", "south_america"},
    {"eu", "europe"},
    {"ap-southeast-2", "oceania"},
    {"ap-southeast-4", "oceania"},
    {"ap-southeast-6", "oceania"},
    {"ap-", "asia"},
    {"cn-", "asia"},
    {"asia", "asia"},
    {"australia", "oceania"},
    {"me-", "middle_east"},
    {"il-", "middle_east"},
    {"af-", "africa"},
    {"africa", "africa"},
};

// Azure names a region by country or side: by any part of the name.
constexpr Rule azure_by_part[] = {
    {"canada", "north_america"}, {"mexico", "north_america"}, {"brazil", "south_america"},
    {"chile", "south_america"},  {"europe", "europe"},        {"uk", "europe"},
    {"france", "europe"},        {"germany", "europe"},       {"switzerland", "europe"},
    {"norway", "europe"},        {"sweden", "europe"},        {"poland", "europe"},
    {"italy", "europe"},         {"spain", "europe"},         {"austria", "europe"},
    {"denmark", "europe"},       {"finland", "europe"},       {"belgium", "europe"},
    {"newzealand", "oceania"},   {"uae", "middle_east"},      {"qatar", "middle_east"},
    {"israel", "middle_east"},   {"southafrica", "africa"},   {"japan", "asia"},
    {"korea", "asia"},           {"india", "asia"},           {"asia", "asia"},
    {"malaysia", "asia"},        {"indonesia", "asia"},       {"taiwan", "asia"},
    {"china", "asia"},           {"us", "north_america"},
};

std::string_view azure_continent(std::string_view region) {
  // Asked first, since "us" is a part of it.
  if (region.starts_with("australia")) return "oceania";
  for (const Rule& rule : azure_by_part) {
    if (region.find(rule.text) != std::string_view::npos) return rule.continent;
  }
  return {};
}

}  // namespace

std::string_view continent_of(std::string_view provider, std::string_view region) {
  if (provider == "azure") return azure_continent(region);
  for (const Rule& rule : by_prefix) {
    if (region.starts_with(rule.text)) return rule.continent;
  }
  return {};
}

}  // namespace tradewind::catalog
