// tradewind job: all about one job.
#include <algorithm>
#include <ostream>

#include "app/api/json_list.h"
#include "app/api/pages.h"
#include "app/cli/connect.h"
#include "app/cli/loss_chart.h"
#include "app/cli/progress_bar.h"
#include "app/cli/receipt_text.h"
#include "app/cli/recovery_text.h"
#include "app/cli/table.h"
#include "app/cli/text_width.h"
#include "app/cli/verbs.h"
#include "edge/io/files.h"
#include "edge/io/http_target.h"

namespace tradewind::cli {
namespace {

struct DecisionLine {
  Time at;
  std::string action;
  std::string zone;
  std::string purchase;
  std::string why;
};

Result<DecisionLine> decision_from_json(const json::value& value, const std::string& path) {
  JsonReader reader(value, path);
  DecisionLine line{reader.time("at"), reader.text("action"), "", "", reader.text("why")};
  if (reader.has("zone")) line.zone = reader.text("zone");
  if (reader.has("purchase")) line.purchase = reader.text("purchase");
  TW_RETURN_IF_ERROR(reader.status());
  return line;
}

struct Detail {
  api::JobSummary summary;
  std::vector<api::LeaseView> leases;
  std::vector<api::MoveView> moves;
  std::vector<DecisionLine> decisions;
  std::vector<std::string> warnings;
};

Result<Detail> read_detail(const json::value& document) {
  Detail detail;
  TW_ASSIGN_OR_RETURN(detail.summary, api::job_summary_from_json(document, "job"));
  JsonReader reader(document, "job");
  detail.leases = api::read_list<api::LeaseView>(reader, "leases", api::lease_view_from_json);
  detail.moves = api::read_list<api::MoveView>(reader, "moves", api::move_view_from_json);
  if (reader.has("decisions")) {
    detail.decisions = api::read_list<DecisionLine>(reader, "decisions", decision_from_json);
  }
  detail.warnings = reader.texts_or_empty("warnings");
  TW_RETURN_IF_ERROR(reader.status());
  return detail;
}

Result<std::vector<api::ProgressPoint>> all_points(ApiClient& client, const std::string& job) {
  std::vector<api::ProgressPoint> points;
  std::string after;
  for (;;) {
    TW_ASSIGN_OR_RETURN(const json::value document,
                        client.get(job_target(job, "/progress?after=" + io::percent_encode(after))));
    TW_ASSIGN_OR_RETURN(api::ProgressPage page, api::progress_page_from_json(document, "page"));
    points.insert(points.end(), page.points.begin(), page.points.end());
    if (page.points.empty() || page.end) return points;
    after = page.next;
  }
}

Status write_chart(ApiClient& client, const Detail& detail, const JobOptions& options, Context& context) {
  LossChart chart;
  chart.title = detail.summary.name;
  chart.metric = options.metric;
  chart.leases = detail.leases;
  chart.moves = detail.moves;
  TW_ASSIGN_OR_RETURN(chart.points, all_points(client, detail.summary.id.text()));
  TW_ASSIGN_OR_RETURN(const std::string svg, render_svg(chart));
  const std::string path =
      options.svg.front() == '/' ? options.svg : context.working_folder + "/" + options.svg;
  TW_RETURN_IF_ERROR(io::write_file_atomic(path, svg, {0644, false}));
  context.err << "wrote " << printable(options.svg) << "\n";
  return {};
}

Table lease_table(const std::vector<api::LeaseView>& leases) {
  Table table{{{"#", Align::right},
               {"WHERE", Align::left, 1, true},
               {"BOUGHT", Align::left, 4},
               {"STATE"},
               {"STEPS", Align::right, 3},
               {"SAVED", Align::right, 5},
               {"TIME", Align::right},
               {"COST", Align::right},
               {"END", Align::left, 2}},
              {}};
  for (const api::LeaseView& lease : leases) {
    const std::string end = lease.end.empty() || lease.end == "none" ? lease.phase : lease.end;
    const std::string why = (lease.reason.empty() || end.empty() ? "" : ": ") + lease.reason;
    table.rows.push_back({std::to_string(lease.attempt), lease.location, lease.purchase, lease.state,
                          short_number(lease.first_step) + "–" + short_number(lease.last_step),
                          lease.saved_step > 0 ? short_number(lease.saved_step) : "-",
                          format_duration(lease.duration), lease.cost.text(), end + why});
  }
  return table;
}

Table move_table(const std::vector<api::MoveView>& moves) {
  Table table{{{"MOVE"},
               {"STATE"},
               {"FROM", Align::left, 2, true},
               {"TO", Align::left, 1, true},
               {"DOWN", Align::right},
               {"SAVED AT", Align::right, 4},
               {"RESUMED AT", Align::right, 4},
               {"STATE EQUAL", Align::left, 3}},
              {}};
  for (const api::MoveView& move : moves) {
    table.rows.push_back({move.id.text(), move.state, move.from, move.to,
                          move.downtime ? format_duration(*move.downtime) : "-",
                          short_number(move.step_saved), short_number(move.step_resumed),
                          move.digest_equal ? "yes" : "-"});
  }
  return table;
}

void print_head(const api::JobSummary& job, Context& context) {
  const bool colour = context.terminal.colour;
  context.out << paint(Style::bold, printable(job.name), colour) << "  " << job.id.text() << "\n"
              << progress_text(job, {context.terminal.width, colour}) << "\n";
  if (!job.reason.empty()) context.out << wrap(printable(job.reason), context.terminal.width, "");
  context.out << "submitted " << format_utc(job.submitted_at);
  if (job.ended_at) context.out << ", ended " << format_utc(*job.ended_at);
  if (job.deadline) context.out << ", deadline " << format_utc(*job.deadline);
  if (job.budget) context.out << ", budget " << job.budget->text();
  context.out << "\n";
}

void print_detail(const Detail& detail, const std::vector<RecoveryPoint>& recovery, Context& context) {
  const int width = context.terminal.width;
  const bool colour = context.terminal.colour;
  print_head(detail.summary, context);
  if (!detail.leases.empty()) context.out << "\n" << render(lease_table(detail.leases), width, colour);
  if (!detail.moves.empty()) context.out << "\n" << render(move_table(detail.moves), width, colour);
  // A job that keeps no checkpoints has none.
  if (std::ranges::any_of(recovery, [](const RecoveryPoint& point) { return point.step.has_value(); }))
    context.out << "\n" << recovery_text(recovery, context.clock.now());
  const std::string id = detail.summary.id.text();
  context.out << paint(Style::dim,
                       "\ntradewind job " + id + " --receipt   tradewind logs " + id +
                           "   tradewind checkpoint verify " + id,
                       colour)
              << "\n";
}

// One decision in two lines: what, and below it why.
void print_decisions(const Detail& detail, Context& context) {
  for (const DecisionLine& line : detail.decisions) {
    std::string what = line.action;
    if (!line.zone.empty()) what += " " + line.purchase + " in " + printable(line.zone);
    context.out << format_utc(line.at) << "  " << paint(Style::bold, what, context.terminal.colour) << "\n"
                << wrap(printable(line.why), context.terminal.width, "    ");
  }
  if (detail.decisions.empty()) context.err << "its policy has decided nothing yet\n";
}

json::object decisions_json(const json::value& document) {
  const json::value* decisions = document.as_object().if_contains("decisions");
  return json::object{{"decisions", decisions == nullptr ? json::value(json::array{}) : *decisions}};
}

}  // namespace

Result<ExitCode> run_job(const JobOptions& options, Context& context) {
  TW_ASSIGN_OR_RETURN(ApiClient client, connect(context));
  TW_ASSIGN_OR_RETURN(const json::value document, client.get(job_target(options.job)));
  TW_ASSIGN_OR_RETURN(const Detail detail, read_detail(document));
  for (const std::string& warning : detail.warnings) print_warning(context, printable(warning));
  if (!options.svg.empty()) TW_RETURN_IF_ERROR(write_chart(client, detail, options, context));
  const json::value& receipt = document.as_object().at("receipt");
  if (context.json) {
    print_json(context, options.receipt ? receipt : options.decisions ? decisions_json(document) : document);
    return ExitCode::done;
  }
  if (options.decisions) {
    print_decisions(detail, context);
    return ExitCode::done;
  }
  if (options.receipt) {
    TW_ASSIGN_OR_RETURN(const std::string text, receipt_text(receipt, context.terminal));
    context.out << text;
  } else if (options.svg.empty()) {
    // All else is known, whatever became of the job's stores.
    const Result<std::vector<RecoveryPoint>> recovery = ask_for_recovery(client, options.job);
    if (!recovery.ok())
      print_warning(context, "the recovery point is not known: " + recovery.error().message);
    print_detail(detail, recovery.value_or({}), context);
  }
  return ExitCode::done;
}

}  // namespace tradewind::cli
