#include "core/model/decision.h"

namespace tradewind {
namespace {

constexpr std::string_view in = " in ";

json::value text_or_null(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

}  // namespace

std::string detail_of(const Decision& decision) {
  std::string text = decision.action;
  if (!decision.zone.empty()) text += " " + decision.purchase + std::string(in) + decision.zone;
  return text + ": " + decision.why;
}

std::optional<Decision> decision_of(std::string_view detail) {
  const std::size_t colon = detail.find(": ");
  if (colon == std::string_view::npos) return std::nullopt;
  Decision decision;
  decision.why = detail.substr(colon + 2);
  const std::string_view head = detail.substr(0, colon);
  const std::size_t space = head.find(' ');
  decision.action = head.substr(0, space);
  if (space == std::string_view::npos) return decision;
  const std::string_view what = head.substr(space + 1);
  const std::size_t where = what.find(in);
  if (where == std::string_view::npos) return std::nullopt;
  decision.purchase = what.substr(0, where);
  decision.zone = what.substr(where + in.size());
  return decision;
}

json::value to_json(const Decision& decision, Time at) {
  return json::object{{"at", to_json(at)},
                      {"action", decision.action},
                      {"zone", text_or_null(decision.zone)},
                      {"purchase", text_or_null(decision.purchase)},
                      {"why", decision.why}};
}

}  // namespace tradewind
