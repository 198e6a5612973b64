#include "app/cli/follow.h"

#include <cmath>
#include <ostream>
#include <thread>

#include "app/api/pages.h"
#include "app/cli/connect.h"
#include "app/cli/job_filter.h"
#include "app/cli/live_line.h"
#include "app/cli/progress_bar.h"
#include "app/cli/text_width.h"
#include "edge/io/http_target.h"

namespace tradewind::cli {
namespace {

constexpr Duration patience_without_server{60'000};
constexpr Duration plain_line_every{10'000};

class Follower {
 public:
  Follower(ApiClient client, const std::string& job, const FollowOptions& options, Context& context)
      : client_(std::move(client)),
        job_(job),
        options_(options),
        context_(context),
        line_(context),
        cursor_(options.after) {}

  Result<api::JobSummary> run() {
    for (;;) {
      const Status turned = turn();
      if (!turned.ok() && !can_wait_for_server(turned.error())) return turned.error();
      if (turned.ok()) server_gone_since_.reset();
      if (is_over(job_seen_.state) && (all_read_ || !options_.output)) break;
      if (context_.interrupted) break;
    }
    line_.clear();
    return job_seen_;
  }

 private:
  // Waits a second at most, for output or for news.
  Status turn() {
    TW_RETURN_IF_ERROR(see_job());
    if (options_.output) return read_output();
    if (!is_over(job_seen_.state)) std::this_thread::sleep_for(Duration(500));
    return {};
  }

  Status see_job() {
    TW_ASSIGN_OR_RETURN(const json::value document, client_.get(job_target(job_, "?brief=1")));
    TW_ASSIGN_OR_RETURN(api::JobSummary job, api::job_summary_from_json(document, "job"));
    tell_changes(job);
    job_seen_ = std::move(job);
    if (options_.progress) show_progress();
    return {};
  }

  Status read_output() {
    const std::string wait = is_over(job_seen_.state) ? "0" : "1";
    TW_ASSIGN_OR_RETURN(
        const json::value document,
        client_.get(job_target(job_, "/logs?wait_s=" + wait + "&after=" + io::percent_encode(cursor_))));
    TW_ASSIGN_OR_RETURN(const api::LogPage page, api::log_page_from_json(document, "page"));
    for (const api::LogSegment& segment : page.segments) line_.print_out(segment.bytes);
    cursor_ = page.next;
    all_read_ = page.end;
    return {};
  }

  void tell_changes(const api::JobSummary& job) {
    if (job.state != job_seen_.state) tell_state(job);
    const bool moved =
        job.state == "running" && job_seen_.state == "running" && job.location != job_seen_.location;
    if (moved && !job_seen_.location.empty()) {
      say(Style::green,
          "goes on at " + printable(job.location) + ", no longer at " + printable(job_seen_.location));
    }
    if (job.notice_deadline && !job_seen_.notice_deadline) {
      say(Style::yellow, printable(job.location) + " takes its machine back at " +
                             format_utc(*job.notice_deadline) + "; saving");
    }
    if (job.unseen_since && !job_seen_.unseen_since) {
      say(Style::yellow, "no sign of life from " + printable(job.location) + " since " +
                             format_utc(*job.unseen_since) +
                             "; nothing says that it is lost, so it is left alone");
    }
  }

  void tell_state(const api::JobSummary& job) {
    const std::string reason = job.reason.empty() ? "" : ": " + printable(job.reason);
    const bool good = job.state == "running" || job.state == "succeeded";
    const std::string where = job.location.empty() ? "" : " at " + printable(job.location);
    if (job.state == "running") {
      const std::string from = job.saved_step > 0 ? " from step " + short_number(job.saved_step) : "";
      return say(Style::green, "running" + where + from);
    }
    const Style style = job.state == "failed" ? Style::red : good ? Style::green : Style::yellow;
    say(style, job.state + (job.state == "queued" || is_over(job.state) ? "" : where) + reason);
  }

  void say(Style style, const std::string& text) {
    line_.print_err(paint(Style::dim, "tradewind: ", context_.terminal.err_colour) +
                    paint(style, text, context_.terminal.err_colour));
  }

  void show_progress() {
    const BarStyle style{context_.terminal.width, context_.terminal.err_colour};
    if (context_.terminal.err_is_tty) return line_.show(progress_text(job_seen_, style));
    // Into a file: a line for each tenth of the way, and now and then.
    const int tenth = job_seen_.total_steps > 0
                          ? static_cast<int>(std::floor(10 * job_seen_.step / job_seen_.total_steps))
                          : 0;
    const Duration now = context_.clock.monotonic();
    const bool due = tenth != tenth_shown_ || now - plain_shown_at_ >= plain_line_every;
    if (!due || job_seen_.state != "running") return;
    tenth_shown_ = tenth;
    plain_shown_at_ = now;
    line_.print_err(progress_text(job_seen_, {0, false}));
  }

  // Jobs go on without their server: so does the watching, for a while.
  bool can_wait_for_server(const Error& error) {
    if (!is_away(error)) return false;
    if (job_seen_.id.empty()) return false;  // it was never there
    const Duration now = context_.clock.monotonic();
    if (!server_gone_since_) {
      server_gone_since_ = now;
      say(Style::yellow, "the server does not answer; the job goes on, waiting for the server");
    }
    if (now - *server_gone_since_ > patience_without_server || context_.interrupted)
      return context_.interrupted;
    std::this_thread::sleep_for(Duration(500));
    Result<ApiClient> again = connect(context_);
    if (again.ok()) client_ = *std::move(again);
    return true;
  }

  ApiClient client_;
  const std::string job_;
  const FollowOptions options_;
  Context& context_;
  LiveLine line_;
  std::string cursor_;
  api::JobSummary job_seen_;
  bool all_read_ = false;
  int tenth_shown_ = -1;
  Duration plain_shown_at_{};
  std::optional<Duration> server_gone_since_;
};

}  // namespace

Result<api::JobSummary> follow_job(ApiClient client, const std::string& job, const FollowOptions& options,
                                   Context& context) {
  return Follower(std::move(client), job, options, context).run();
}

ExitCode exit_code_of(const api::JobSummary& job, const Context& context) {
  if (job.state == "succeeded") return ExitCode::done;
  if (!is_over(job.state) && context.interrupted) return ExitCode::interrupted;
  return ExitCode::failed;
}

void print_detached(Context& context, const api::JobSummary& job) {
  const std::string id = job.id.text();
  context.err << "\nThe job goes on. Come back, or end it:\n"
              << "  tradewind logs -f " << id << "\n  tradewind job " << id << "\n  tradewind cancel " << id
              << "\n";
}

}  // namespace tradewind::cli
