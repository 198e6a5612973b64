#include "core/model/offer.h"

#include <array>

#include "base/text.h"

namespace tradewind {
namespace {

constexpr std::array<std::string_view, 4> purchase_names = {"on_demand", "spot", "reserved_1y",
                                                            "reserved_3y"};

bool is_location_part(std::string_view part) {
  if (part.empty()) return false;
  for (const char c : part) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!letter && c != '.' && c != '_' && c != '-') return false;
  }
  return part != "." && part != "..";
}

json::value text_or_null(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

}  // namespace

std::string to_text(const Location& location) {
  std::string text = location.provider;
  if (!location.region.empty()) text += "/" + location.region;
  if (!location.zone.empty()) text += "/" + location.zone;
  return text;
}

Result<Location> parse_location(std::string_view text) {
  const std::vector<std::string> parts = split(text, '/');
  const Error bad{Code::invalid_argument, "'" + std::string(text) + "' is not a location",
                  "write provider, provider/region or provider/region/zone"};
  if (parts.size() > 3) return bad;
  for (const std::string& part : parts) {
    if (!is_location_part(part)) return bad;
  }
  return Location{parts[0], parts.size() > 1 ? parts[1] : "", parts.size() > 2 ? parts[2] : ""};
}

bool contains(const Location& outer, const Location& inner) {
  if (outer.provider != inner.provider) return false;
  if (outer.region.empty()) return true;
  if (outer.region != inner.region) return false;
  return outer.zone.empty() || outer.zone == inner.zone;
}

std::string_view to_text(Purchase purchase) {
  return purchase_names[static_cast<std::size_t>(purchase)];
}

std::optional<Purchase> purchase_from_text(std::string_view text) {
  for (std::size_t i = 0; i < purchase_names.size(); ++i) {
    if (purchase_names[i] == text) return static_cast<Purchase>(i);
  }
  return std::nullopt;
}

std::string offer_key(const Offer& offer) {
  std::string key = to_text(offer.location);
  key += ':';
  key += offer.instance_type;
  key += ':';
  key += to_text(offer.purchase);
  return key;
}

json::value to_json(const Location& location) {
  return json::object{{"provider", location.provider},
                      {"region", text_or_null(location.region)},
                      {"zone", text_or_null(location.zone)}};
}

json::value to_json(const Offer& offer) {
  json::object object = to_json(offer.location).as_object();
  object["instance_type"] = offer.instance_type;
  object["accelerator"] = nullptr;
  if (offer.accelerator) {
    object["accelerator"] = json::object{{"model", offer.accelerator->model},
                                         {"count", offer.accelerator->count},
                                         {"memory_gib", offer.accelerator->memory_gib}};
  }
  object["vcpus"] = offer.vcpus;
  object["memory_gib"] = offer.memory_gib;
  object["purchase"] = to_text(offer.purchase);
  object["price_per_hour"] = to_json(offer.price_per_hour);
  object["observed_on"] = offer.observed_on;
  object["source"] = offer.source;
  if (offer.cold_start) object["cold_start_s"] = to_json(*offer.cold_start);
  if (offer.notice_lead) object["notice_lead_s"] = to_json(*offer.notice_lead);
  if (offer.queue_wait) object["queue_wait_s"] = to_json(*offer.queue_wait);
  if (offer.time_limit) object["time_limit_s"] = to_json(*offer.time_limit);
  if (offer.nodes_max) object["nodes_max"] = *offer.nodes_max;
  return object;
}

Result<Offer> offer_from_json(const json::value& value, const std::string& path) {
  JsonReader reader(value, path);
  Offer offer;
  offer.location = {reader.text("provider"), reader.text_or("region", ""), reader.text_or("zone", "")};
  offer.instance_type = reader.text("instance_type");
  if (const json::value* accelerator = reader.optional("accelerator")) {
    JsonReader inner(*accelerator, reader.path_of("accelerator"));
    offer.accelerator =
        Accelerator{inner.text("model"), inner.number("count"), inner.number_or("memory_gib", 0)};
    reader.merge(inner.status());
  }
  offer.vcpus = reader.number_or("vcpus", 0);
  offer.memory_gib = reader.number_or("memory_gib", 0);
  const std::optional<Purchase> purchase = purchase_from_text(reader.text("purchase"));
  if (!purchase) reader.fail("purchase", "is not on_demand, spot, reserved_1y or reserved_3y");
  offer.purchase = purchase.value_or(Purchase::on_demand);
  offer.price_per_hour = reader.money("price_per_hour");
  offer.observed_on = reader.text_or("observed_on", "");
  offer.source = reader.text_or("source", "");
  offer.cold_start = reader.optional_seconds("cold_start_s");
  offer.notice_lead = reader.optional_seconds("notice_lead_s");
  offer.queue_wait = reader.optional_seconds("queue_wait_s");
  offer.time_limit = reader.optional_seconds("time_limit_s");
  if (reader.optional("nodes_max") != nullptr)
    offer.nodes_max = static_cast<int>(reader.integer_or("nodes_max", 1));
  TW_RETURN_IF_ERROR(reader.status());
  return offer;
}

}  // namespace tradewind
