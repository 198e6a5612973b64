// tradewind move: a running job goes to another supplier.
#include <ostream>

#include "app/api/job_summary.h"
#include "app/api/move_view.h"
#include "app/cli/connect.h"
#include "app/cli/live_line.h"
#include "app/cli/progress_bar.h"
#include "app/cli/text_width.h"
#include "app/cli/verbs.h"
#include "base/text.h"
#include "edge/io/http_target.h"

namespace tradewind::cli {
namespace {

std::string_view meaning_of(const std::string& state) {
  if (state == "preparing") return "the target starts and fetches the state while the job trains on";
  if (state == "saving") return "the source saves and stops";
  if (state == "resuming") return "the target takes the rest and goes on";
  return state;
}

Result<api::MoveView> wait_for(ApiClient& client, const std::string& id, Context& context) {
  LiveLine line(context);
  std::string state_shown;
  for (;;) {
    TW_ASSIGN_OR_RETURN(const json::value document,
                        client.get("/v1/moves/" + io::percent_encode(id) + "?wait_s=1"));
    TW_ASSIGN_OR_RETURN(const api::MoveView move, api::move_view_from_json(document, "move"));
    const bool over = move.state == "done" || move.state == "failed";
    if (over || context.interrupted) return move;
    if (move.state != state_shown) line.print_err("moving: " + std::string(meaning_of(move.state)));
    state_shown = move.state;
  }
}

void print_done(const api::MoveView& move, Context& context) {
  const bool colour = context.terminal.colour;
  context.out << paint(Style::green, "moved", colour) << " from " << printable(move.from) << " to "
              << printable(move.to) << "\n  downtime      "
              << (move.downtime ? format_duration(*move.downtime) : "-") << "\n  step          saved at "
              << short_number(move.step_saved) << ", resumed at " << short_number(move.step_resumed)
              << "\n  state         " << format_bytes(move.bytes_moved) << " moved, "
              << format_bytes(move.bytes_reused) << " reused, "
              << (move.digest_equal ? "digests equal" : paint(Style::red, "digests NOT equal", colour))
              << "\n";
}

Result<ExitCode> report(const api::MoveView& move, Context& context) {
  if (context.interrupted && move.state != "done" && move.state != "failed") {
    context.err << "the move goes on; tradewind job " << move.job.text() << " shows it\n";
    return ExitCode::interrupted;
  }
  if (move.state == "failed" && !context.json) {
    return Error{Code::unavailable,
                 "the move failed: " + (move.reason.empty() ? "no reason is known" : move.reason),
                 "the job goes on; tradewind job " + move.job.text() + " shows where"};
  }
  if (context.json) {
    print_json(context, to_json(move));
  } else {
    print_done(move, context);
  }
  return move.state == "done" ? ExitCode::done : ExitCode::unavailable;
}

}  // namespace

Result<ExitCode> run_move(const MoveOptions& options, Context& context) {
  TW_ASSIGN_OR_RETURN(ApiClient client, connect(context));
  TW_ASSIGN_OR_RETURN(const json::value answer,
                      client.post(job_target(options.job, "/move"), json::object{{"to", options.to}}));
  JsonReader reader(answer, "answer");
  const std::string move = reader.text("move");
  const std::string job = reader.text("job");
  TW_RETURN_IF_ERROR(reader.status());
  if (options.wait) {
    TW_ASSIGN_OR_RETURN(const api::MoveView end, wait_for(client, move, context));
    return report(end, context);
  }
  if (context.json) {
    print_json(context, answer);
  } else {
    context.out << move << "\n";
    context.err << "moving " << job << " to " << printable(options.to) << "; tradewind job " << job
                << " shows how far it is\n";
  }
  return ExitCode::done;
}

}  // namespace tradewind::cli
