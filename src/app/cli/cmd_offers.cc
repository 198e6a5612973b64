// tradewind offers: who rents out what, where, and for how much.
#include <algorithm>
#include <ostream>

#include "app/cli/offer_source.h"
#include "app/cli/table.h"
#include "app/cli/text_width.h"
#include "app/cli/verbs.h"
#include "base/text.h"
#include "core/catalog/query.h"
#include "core/catalog/summary.h"

namespace tradewind::cli {
namespace {

constexpr std::size_t usual_limit = 20;

std::string figure(double value) {
  const std::string text = tradewind::to_text(json::value(value));
  return value == static_cast<double>(static_cast<long long>(value))
             ? std::to_string(static_cast<long long>(value))
             : text;
}

std::string accelerator_text(const Offer& offer) {
  if (!offer.accelerator) return "-";
  return figure(offer.accelerator->count) + " × " + offer.accelerator->model;
}

std::string accelerator_memory(const Offer& offer) {
  return offer.accelerator && offer.accelerator->memory_gib > 0
             ? figure(offer.accelerator->memory_gib) + " GiB"
             : "-";
}

std::string count_or_dash(double count) {
  return count > 0 ? figure(count) : "-";
}

std::string money_or_dash(const std::optional<Money>& money) {
  return money ? money->text() : "-";
}

// The flag's word may use '-' where the name has '_'.
std::string underscored(std::string word) {
  std::replace(word.begin(), word.end(), '-', '_');
  return word;
}

Result<AmountRequest> parse_count(const std::string& text) {
  const bool or_more = text.ends_with('+');
  const std::string digits = or_more ? text.substr(0, text.size() - 1) : text;
  const Result<json::value> number = parse_json(digits);
  if (!number.ok() || !number->is_number() || number->to_number<double>() <= 0) {
    return Error{Code::invalid_argument, "--count '" + text + "' is no number of accelerators",
                 "write 8, or 4+ for at least four"};
  }
  return AmountRequest{number->to_number<double>(), or_more};
}

Status read_words(const OffersOptions& options, catalog::OfferFilter& filter) {
  std::vector<std::string> words = options.words;
  if (!words.empty()) {
    const Result<catalog::AcceleratorWish> wish = catalog::read_accelerator(words.front());
    if (wish.ok()) {
      filter.accelerator = *wish;
      words.erase(words.begin());
    }
  }
  filter.text = join(words, " ");
  return {};
}

Result<catalog::OfferFilter> filter_of(const OffersOptions& options) {
  catalog::OfferFilter filter;
  TW_RETURN_IF_ERROR(read_words(options, filter));
  for (const std::string& place : options.infra) {
    TW_ASSIGN_OR_RETURN(const Location location, parse_location(place));
    filter.infra.push_back(location);
  }
  if (!options.count.empty()) {
    TW_ASSIGN_OR_RETURN(filter.accelerator_count, parse_count(options.count));
  }
  if (options.spot) filter.purchases.push_back(Purchase::spot);
  if (options.on_demand) filter.purchases.push_back(Purchase::on_demand);
  if (options.reserved)
    filter.purchases.insert(filter.purchases.end(), {Purchase::reserved_1y, Purchase::reserved_3y});
  filter.no_accelerator = options.cpu_only;
  filter.instance_type = options.instance_type;
  filter.vcpus_min = options.vcpus_min;
  filter.memory_gib_min = options.memory_gib_min;
  if (!options.price_max.empty()) {
    TW_ASSIGN_OR_RETURN(
        filter.price_per_hour_max,
        Money::parse(options.price_max.front() == '$' ? options.price_max.substr(1) : options.price_max));
  }
  return filter;
}

Result<catalog::OfferOrder> order_of(const OffersOptions& options) {
  const std::optional<catalog::OfferOrder> order = catalog::offer_order_from_text(underscored(options.sort));
  if (order) return *order;
  return Error{Code::invalid_argument, "--sort '" + options.sort + "' is not known",
               "price, price-per-accelerator, price-per-vcpu, provider, accelerator or newest"};
}

std::string span_or_dash(const std::optional<Duration>& span) {
  return span ? format_duration(*span) : "-";
}

// What only places with a queue have, before the last column.
void add_queues(const std::vector<const Offer*>& offers, Table& table) {
  const bool any = std::ranges::any_of(offers, [](const Offer* offer) {
    return offer->queue_wait.has_value() || offer->time_limit.has_value();
  });
  if (!any) return;
  table.columns.insert(table.columns.end() - 1, {{"WAIT", Align::right}, {"LIMIT", Align::right}});
  for (std::size_t i = 0; i < offers.size(); ++i) {
    std::vector<Cell>& row = table.rows[i];
    row.insert(row.end() - 1, {span_or_dash(offers[i]->queue_wait), span_or_dash(offers[i]->time_limit)});
  }
}

Table offer_table(const std::vector<const Offer*>& offers) {
  Table table{{{"PRICE/H", Align::right},
               {"PER ACC", Align::right, 2},
               {"ACCELERATOR"},
               {"MEMORY", Align::right, 4},
               {"VCPUS", Align::right, 5},
               {"RAM GiB", Align::right, 6},
               {"WHERE", Align::left, 1, true},
               {"TYPE", Align::left, 3},
               {"PURCHASE"},
               {"SEEN", Align::left, 7}},
              {}};
  for (const Offer* offer : offers) {
    table.rows.push_back({offer->price_per_hour.text(),
                          money_or_dash(catalog::price_per_accelerator_hour(*offer)),
                          accelerator_text(*offer), accelerator_memory(*offer), count_or_dash(offer->vcpus),
                          count_or_dash(offer->memory_gib), to_text(offer->location), offer->instance_type,
                          std::string(to_text(offer->purchase)), offer->observed_on});
  }
  add_queues(offers, table);
  return table;
}

std::string best_text(const Offer* offer) {
  if (offer == nullptr) return "-";
  return catalog::price_per_accelerator_hour(*offer).value_or(offer->price_per_hour).text();
}

// The answer to a bare `tradewind offers H100`.
void print_summary(const std::vector<catalog::BestOffers>& places, Context& context) {
  Table table{{{"SUPPLIER"},
               {"SPOT", Align::right},
               {"ON DEMAND", Align::right},
               {"RESERVED", Align::right, 3},
               {"CHEAPEST AS", Align::left, 1},
               {"WHERE", Align::left, 2, true},
               {"OFFERS", Align::right, 4}},
              {}};
  for (const catalog::BestOffers& best : places) {
    const bool spot_wins =
        best.spot != nullptr &&
        (best.on_demand == nullptr || best.spot->price_per_hour <= best.on_demand->price_per_hour);
    const Offer* cheapest = spot_wins                   ? best.spot
                            : best.on_demand != nullptr ? best.on_demand
                                                        : best.reserved;
    table.rows.push_back(
        {Cell(best.place, Style::bold), best_text(best.spot), best_text(best.on_demand),
         best_text(best.reserved),
         cheapest == nullptr ? "-" : cheapest->instance_type + " (" + accelerator_text(*cheapest) + ")",
         cheapest == nullptr ? "-" : to_text(cheapest->location), std::to_string(best.offers)});
  }
  context.out << render(table, context.terminal.width, context.terminal.colour);
  context.out << paint(Style::dim,
                       "Prices are for one accelerator and one hour. Any filter lists single offers: --spot, "
                       "--infra, --count, --all.",
                       context.terminal.colour)
              << "\n";
}

bool is_bare(const OffersOptions& options, const catalog::OfferFilter& filter) {
  return filter.accelerator && filter.text.empty() && options.infra.empty() && options.count.empty() &&
         !options.spot && !options.on_demand && !options.reserved && options.instance_type.empty() &&
         options.vcpus_min == 0 && options.memory_gib_min == 0 && options.price_max.empty() &&
         options.group.empty() && !options.limit && !options.all && options.sort == "price";
}

Error nothing_found(const OffersOptions& options, const catalog::OfferFilter& filter) {
  Error error{Code::not_found, "no offer fits",
              "fewer filters find more; tradewind offers --all lists everything"};
  if (!filter.accelerator && !options.words.empty()) {
    const Result<catalog::AcceleratorWish> wish = catalog::read_accelerator(options.words.front());
    error.message = "no offer holds the words '" + join(options.words, " ") + "'";
    if (!wish.ok() && !wish.error().hint.empty()) error.hint = wish.error().hint;
  }
  return error;
}

json::array offers_json(const std::vector<const Offer*>& offers) {
  json::array array;
  for (const Offer* offer : offers) array.emplace_back(to_json(*offer));
  return array;
}

Result<ExitCode> print_groups(const OffersOptions& options, const std::vector<const Offer*>& offers,
                              Context& context) {
  const auto grouping = catalog::offer_grouping_from_text(underscored(options.group));
  if (!grouping) {
    return Error{Code::invalid_argument, "--group '" + options.group + "' is not known",
                 "provider, region, accelerator, instance-type or purchase"};
  }
  const std::vector<catalog::OfferGroup> groups = catalog::group_offers(offers, *grouping);
  if (context.json) {
    json::array array;
    for (const catalog::OfferGroup& group : groups) {
      array.emplace_back(json::object{{"name", group.name},
                                      {"cheapest", to_json(*group.cheapest)},
                                      {"offers", offers_json(group.offers)}});
    }
    print_json(context, json::object{{"groups", std::move(array)}});
    return ExitCode::done;
  }
  Table table{{{"GROUP"},
               {"OFFERS", Align::right, 3},
               {"FROM/H", Align::right},
               {"PER ACC", Align::right, 2},
               {"ACCELERATOR", Align::left, 2},
               {"WHERE", Align::left, 1, true},
               {"TYPE", Align::left, 3},
               {"PURCHASE"}},
              {}};
  for (const catalog::OfferGroup& group : groups) {
    const Offer& best = *group.cheapest;
    table.rows.push_back({Cell(group.name, Style::bold), std::to_string(group.offers.size()),
                          best.price_per_hour.text(),
                          money_or_dash(catalog::price_per_accelerator_hour(best)), accelerator_text(best),
                          to_text(best.location), best.instance_type, std::string(to_text(best.purchase))});
  }
  context.out << render(table, context.terminal.width, context.terminal.colour);
  return ExitCode::done;
}

}  // namespace

Result<ExitCode> run_offers(const OffersOptions& options, Context& context) {
  TW_ASSIGN_OR_RETURN(const catalog::OfferFilter filter, filter_of(options));
  TW_ASSIGN_OR_RETURN(const catalog::OfferOrder order, order_of(options));
  const catalog::Catalog catalog = known_offers(context, "");
  if (is_bare(options, filter) && !context.json) {
    const std::vector<catalog::BestOffers> places =
        catalog::cheapest_places(catalog, filter, catalog::SummaryBy::provider).places;
    if (places.empty()) return nothing_found(options, filter);
    print_summary(places, context);
    return ExitCode::done;
  }
  std::vector<const Offer*> offers = catalog::select_offers(catalog, filter, order);
  if (offers.empty() && !context.json) return nothing_found(options, filter);
  if (!options.group.empty()) return print_groups(options, offers, context);
  const std::size_t found = offers.size();
  const bool unlimited = options.all || (context.json && !options.limit);
  if (!unlimited) offers.resize(std::min(found, options.limit.value_or(usual_limit)));
  if (context.json) {
    print_json(context, json::object{{"offers", offers_json(offers)}, {"total", found}});
    return ExitCode::done;
  }
  context.out << render(offer_table(offers), context.terminal.width, context.terminal.colour);
  if (offers.size() < found) {
    context.out << paint(Style::dim,
                         std::to_string(offers.size()) + " of " + std::to_string(found) +
                             " offers; --all lists them, -n N more of them.",
                         context.terminal.colour)
                << "\n";
  }
  return ExitCode::done;
}

}  // namespace tradewind::cli
