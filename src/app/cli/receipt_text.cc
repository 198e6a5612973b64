#include "app/cli/receipt_text.h"

#include <cstdio>
#include <map>

#include "app/cli/progress_bar.h"
#include "app/cli/table.h"
#include "app/cli/text_width.h"
#include "base/text.h"

namespace tradewind::cli {
namespace {

std::string span_text(Duration span) {
  return format_duration(span);
}

std::string bytes_text(std::int64_t bytes) {
  return format_bytes(static_cast<unsigned long long>(std::max<std::int64_t>(bytes, 0)));
}

std::string range_text(double from, double to) {
  return short_number(from) + "–" + short_number(to);
}

// The places in order, and by which number the interruptions name them.
struct Places {
  Table table;
  std::map<std::string, std::string> names;  // "2 local/reef" by lease
  std::int64_t saved = 0;
  int refused = 0;  // launches that got no instance: they cost nothing and are left out
};

Places read_places(JsonReader& reader) {
  Places places;
  places.table.columns = {{"#", Align::right},         {"WHERE", Align::left, 1, true},
                          {"BOUGHT", Align::left, 4},  {"TIME", Align::right},
                          {"PRICE/H", Align::right},   {"COST", Align::right},
                          {"STEPS", Align::right, 5},  {"MOVED", Align::right, 6},
                          {"REUSED", Align::right, 7}, {"ENDED BY", Align::left, 3}};
  std::size_t index = 0;
  for (const json::value& each : reader.array("leases")) {
    JsonReader row(each, reader.path_of("leases") + "[" + std::to_string(index++) + "]");
    const std::string number = std::to_string(row.integer("attempt"));
    const std::string location = row.text("location");
    const std::string ended = row.text("ended_by");
    std::string& name = places.names[row.text("lease")];
    name = number;
    name.append(" ").append(location);
    places.saved += row.integer_or("bytes_saved", 0);
    if (ended == "launch_failed" && !row.has("start")) {
      ++places.refused;
      continue;
    }
    places.table.rows.push_back(
        {number, location, row.text("purchase"), span_text(row.seconds("duration_s")),
         row.money("price_per_hour").text(), Cell(row.money("cost").text(), Style::bold),
         range_text(row.number("first_step"), row.number("last_step")),
         bytes_text(row.integer("bytes_moved")), bytes_text(row.integer("bytes_reused")),
         ended == "none" ? "(runs)" : ended});
    reader.merge(row.status());
  }
  return places;
}

Table read_interruptions(JsonReader& reader, const Places& places) {
  Table table{{{"INTERRUPTION"},
               {"FROM", Align::left, 2, true},
               {"TO", Align::left, 1, true},
               {"DOWN", Align::right},
               {"STOPPED AT", Align::right, 4},
               {"RESUMED AT", Align::right, 4},
               {"STEPS REDONE", Align::right},
               {"TIME REDONE", Align::right, 3}},
              {}};
  const auto name = [&](const std::string& lease) {
    const auto found = places.names.find(lease);
    return found == places.names.end() ? lease : found->second;
  };
  std::size_t index = 0;
  for (const json::value& each : reader.array("interruptions")) {
    JsonReader row(each, reader.path_of("interruptions") + "[" + std::to_string(index++) + "]");
    table.rows.push_back({row.text("cause"), name(row.text("from")), name(row.text("to")),
                          Cell(span_text(row.seconds("downtime_s")), Style::bold),
                          short_number(row.number("step_stopped")), short_number(row.number("step_resumed")),
                          short_number(row.number("steps_redone")), span_text(row.seconds("time_redone_s"))});
    reader.merge(row.status());
  }
  return table;
}

// "$0.0012, 42 % of $0.0029 on demand (local/reef:machine:on_demand)".
std::string total_text(JsonReader& reader, bool colour) {
  const Money total = reader.money("total");
  std::string text = paint(Style::bold, total.text(), colour);
  const std::optional<Money> on_demand = reader.optional_money("on_demand_cost");
  if (!on_demand || on_demand->nanos() <= 0) return text;
  char share[32];
  std::snprintf(share, sizeof(share), "%.0f %%", 100 * total.as_double() / on_demand->as_double());
  text += ", " + std::string(share) + " of the " + on_demand->text() + " that the same work costs on demand";
  const std::string offer = reader.text_or("on_demand_offer", "");
  return offer.empty() ? text : text + "\n                at " + printable(offer);
}

}  // namespace

Result<std::string> receipt_text(const json::value& receipt, const Terminal& terminal) {
  JsonReader reader(receipt, "receipt");
  const Places places = read_places(reader);
  const Table interruptions = read_interruptions(reader, places);
  std::string text = render(places.table, terminal.width, terminal.colour);
  text += "\nPaid            " + total_text(reader, terminal.colour) + "\n";
  text += "Billed time     " + span_text(reader.seconds("billed_s")) + ", of which " +
          span_text(reader.seconds("useful_s")) + " trained and was not done twice\n";
  text += "Done twice      " + short_number(reader.number("steps_redone")) + " steps, " +
          span_text(reader.seconds("time_redone_s")) + "\n";
  text += "Downtime        " + span_text(reader.seconds("downtime_s")) + " over " +
          std::to_string(interruptions.rows.size()) +
          (interruptions.rows.size() == 1 ? " interruption\n" : " interruptions\n");
  text += "State           " + bytes_text(reader.integer("bytes_moved")) + " moved, " +
          bytes_text(reader.integer("bytes_reused")) + " reused, " + bytes_text(places.saved) + " saved\n";
  if (places.refused > 0) {
    text += "Refused         " + std::to_string(places.refused) +
            (places.refused == 1 ? " launch" : " launches") + " for want of capacity, free of charge\n";
  }
  for (const std::string& note : reader.texts_or_empty("notes"))
    text += wrap("Note: " + printable(note), terminal.width, "");
  if (!interruptions.rows.empty()) text += "\n" + render(interruptions, terminal.width, terminal.colour);
  if (!reader.status().ok())
    return Error{Code::corrupt, "the receipt is not as it should be: " + reader.status().error().message};
  return text;
}

}  // namespace tradewind::cli
