// make_offer_table OUT FILE.csv...: reads and checks the offers that the program carries, by the rules that
// hold for a user's own, and writes them in the form that the program reads at each start. A row that is
// refused ends the build.
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include "core/catalog/catalog.h"
#include "core/catalog/offer_table.h"

int main(int count, char** values) {
  namespace catalog = tradewind::catalog;
  const std::vector<std::string> arguments(values + 1, values + count);
  if (arguments.size() < 2) {
    std::cerr << "usage: make_offer_table OUT FILE.csv...\n";
    return 2;
  }
  std::vector<std::string> contents;
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    std::ifstream file(arguments[i], std::ios::binary);
    contents.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    if (!file || contents.back().empty()) {
      std::cerr << "make_offer_table: cannot read " << arguments[i] << "\n";
      return 1;
    }
  }
  std::vector<catalog::OfferText> texts;
  for (std::size_t i = 0; i < contents.size(); ++i) texts.push_back({arguments[i + 1], contents[i]});
  const catalog::LoadedCatalog loaded = catalog::load_catalog(texts);
  for (const catalog::RowNote& note : loaded.report.refused)
    std::cerr << "refused: " << catalog::describe(note) << "\n";
  if (!loaded.report.refused.empty()) return 1;
  std::ofstream out(arguments[0], std::ios::binary | std::ios::trunc);
  out << catalog::write_offer_table(loaded.catalog) << std::flush;
  if (!out) {
    std::cerr << "make_offer_table: cannot write " << arguments[0] << "\n";
    return 1;
  }
  return 0;
}
