// tradewind check: what is usable on this machine, and the cure for the rest.
#include <algorithm>
#include <cmath>
#include <future>
#include <memory>
#include <ostream>

#include "app/cli/connect.h"
#include "app/cli/machine_check.h"
#include "app/cli/table.h"
#include "app/cli/text_width.h"
#include "app/cli/verbs.h"
#include "base/text.h"
#include "edge/objectstore/registry.h"
#include "edge/objectstore/store_probe.h"

namespace tradewind::cli {
namespace {

// A server that is well answers at once.
constexpr Duration server_patience{500};

CheckLine check_server(Context& context) {
  const Result<io::HttpEndpoint> endpoint = server_endpoint(context);
  if (!endpoint.ok()) return {"server", "broken", endpoint.error().message, endpoint.error().hint};
  io::HttpClientOptions options{server_patience, server_patience};
  const std::string token = context.variable("TRADEWIND_TOKEN").value_or("");
  if (endpoint->unix_path.empty() && !token.empty())
    options.headers.push_back({"Authorization", "Bearer " + token});
  std::string warning;
  ApiClient client(io::HttpClient(*endpoint, options),
                   [&](const std::string& sentence) { warning = sentence; });
  const Result<json::value> info = client.get("/v1/version", server_patience);
  const bool named = context.variable("TRADEWIND_SERVER").has_value();
  if (!info.ok() && info.error().code == Code::not_found && !named) {
    return {"server", "ok", "does not run; the first command that needs it starts it", ""};
  }
  if (!info.ok())
    return {
        "server", "broken", info.error().message,
        named && info.error().hint.empty() ? "TRADEWIND_SERVER names it: is it right?" : info.error().hint};
  JsonReader reader(*info, "server");
  const std::string detail = "runs at " + io::to_text(*endpoint) + ", version " +
                             reader.text_or("version", "?") + ", pid " +
                             std::to_string(reader.integer_or("pid", 0));
  if (!warning.empty()) return {"server", "warning", detail, warning};
  return {"server", "ok", detail, ""};
}

std::vector<CheckLine> check_suppliers(const CheckOptions& options, const Context& context) {
  if (!context.wiring.check_suppliers) return {};
  const bool relative = !options.zones.empty() && options.zones.front() != '/';
  return context.wiring.check_suppliers(relative ? context.working_folder + "/" + options.zones
                                                 : options.zones);
}

// Lines that tell of the same thing are shown once; those who know it best come first.
void append_new(std::vector<CheckLine>& lines, std::vector<CheckLine> more) {
  for (CheckLine& line : more) {
    const auto same = [&](const CheckLine& known) { return known.name == line.name; };
    if (std::none_of(lines.begin(), lines.end(), same)) lines.push_back(std::move(line));
  }
}

std::vector<CheckLine> check_all(const CheckOptions& options, Context& context) {
  auto programs = std::async(std::launch::async, [&] { return check_programs(context); });
  std::vector<CheckLine> lines = check_folders(context);
  lines.push_back(check_server(context));
  append_new(lines, check_suppliers(options, context));
  append_new(lines, {check_control_groups()});
  append_new(lines, programs.get());
  append_new(lines, find_credentials(context));
  return lines;
}

// Without its state, its agent, or a local supplier that works, Tradewind can do nothing here.
bool is_essential(const CheckLine& line) {
  return line.name == "state folder" || line.name == "agent" || line.name.starts_with("local") ||
         line.name.starts_with("supplier local");
}

bool is_usable(const std::vector<CheckLine>& lines) {
  return std::none_of(lines.begin(), lines.end(),
                      [](const CheckLine& line) { return is_essential(line) && line.status == "broken"; });
}

Style style_of(const std::string& status) {
  if (status == "ok") return Style::green;
  if (status == "broken") return Style::red;
  return status == "warning" ? Style::yellow : Style::dim;
}

// Each cure on the line below what it cures.
void print_lines(const std::vector<CheckLine>& lines, Context& context) {
  const bool colour = context.terminal.colour;
  Table table{{{"NAME"}, {"STATUS"}, {"DETAIL"}}, {}};
  for (const CheckLine& line : lines) {
    table.rows.push_back(
        {Cell(line.name, Style::bold), Cell(line.status, style_of(line.status)), line.detail});
  }
  const std::vector<std::string> rendered = split(render(table, 0, colour), '\n');
  context.out << rendered.front() << "\n";
  for (std::size_t i = 0; i < lines.size(); ++i) {
    context.out << rendered[i + 1] << "\n";
    if (!lines[i].cure.empty())
      context.out << wrap("→ " + printable(lines[i].cure), context.terminal.width, "    ");
  }
}

json::value lines_json(const std::vector<CheckLine>& lines) {
  json::array checks;
  for (const CheckLine& line : lines) {
    checks.emplace_back(
        json::object{{"name", line.name},
                     {"status", line.status},
                     {"detail", line.detail},
                     {"cure", line.cure.empty() ? json::value(nullptr) : json::value(line.cure)}});
  }
  return json::object{{"checks", std::move(checks)}, {"usable", is_usable(lines)}};
}

std::vector<CheckLine> store_lines(const objectstore::StorePrimitives& found) {
  std::vector<CheckLine> lines;
  for (const objectstore::PrimitiveProof& proof : found.proofs) {
    lines.push_back({std::string(objectstore::to_text(proof.primitive)), proof.holds ? "ok" : "broken",
                     proof.finding, proof.cure});
  }
  const auto rate = [](double bytes_per_s) {
    return format_bytes(static_cast<unsigned long long>(bytes_per_s)) + "/s";
  };
  lines.push_back({"speed", "ok",
                   "a small read takes " + format_duration(found.round_trip) + "; one connection writes " +
                       rate(found.write_bytes_per_s) + " and reads " + rate(found.read_bytes_per_s),
                   ""});
  return lines;
}

// Proves on the store itself what it can do, under a prefix that is removed again.
Result<ExitCode> check_store(const std::string& url, Context& context) {
  TW_ASSIGN_OR_RETURN(const std::unique_ptr<objectstore::ObjectStore> store, objectstore::open_store(url));
  TW_ASSIGN_OR_RETURN(const objectstore::StorePrimitives found, objectstore::probe(*store));
  const std::vector<CheckLine> lines = store_lines(found);
  if (context.json) {
    json::object document = lines_json(lines).as_object();
    document["usable"] = found.fit_for_ledgers();
    document["store"] = store->url();
    document["holds_objects"] = found.holds_objects();
    document["holds_ledgers"] = found.fit_for_ledgers();
    document["round_trip_s"] = seconds_of(found.round_trip);
    document["write_bytes_per_s"] = std::floor(found.write_bytes_per_s);
    document["read_bytes_per_s"] = std::floor(found.read_bytes_per_s);
    print_json(context, document);
  } else {
    context.out << printable(store->url()) << "\n";
    print_lines(lines, context);
  }
  return found.fit_for_ledgers() ? ExitCode::done : ExitCode::failed;
}

// Jobs can run there unless something is broken.
Result<ExitCode> check_supplier(const std::string& name, Context& context) {
  TW_ASSIGN_OR_RETURN(const std::vector<CheckLine> lines, context.wiring.check_supplier(name));
  const bool usable =
      std::ranges::none_of(lines, [](const CheckLine& line) { return line.status == "broken"; });
  if (context.json) {
    json::object document = lines_json(lines).as_object();
    document["usable"] = usable;
    document["supplier"] = name;
    print_json(context, document);
  } else {
    print_lines(lines, context);
  }
  return usable ? ExitCode::done : ExitCode::failed;
}

}  // namespace

Result<ExitCode> run_check(const CheckOptions& options, Context& context) {
  const bool is_supplier = !options.one.empty() && options.one.find("://") == std::string::npos &&
                           !options.one.starts_with('/') && context.wiring.check_supplier;
  if (is_supplier) return check_supplier(options.one, context);
  if (!options.one.empty()) return check_store(options.one, context);
  const std::vector<CheckLine> lines = check_all(options, context);
  if (context.json) {
    print_json(context, lines_json(lines));
  } else {
    print_lines(lines, context);
  }
  return is_usable(lines) ? ExitCode::done : ExitCode::failed;
}

}  // namespace tradewind::cli
