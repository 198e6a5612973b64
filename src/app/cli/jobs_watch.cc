#include "app/cli/jobs_watch.h"

#include <algorithm>
#include <map>
#include <ostream>
#include <sstream>
#include <utility>

#include "app/cli/connect.h"
#include "app/cli/job_list.h"
#include "app/cli/jobs_table.h"
#include "app/cli/text_width.h"

namespace tradewind::cli {
namespace {

constexpr Duration pause{1000};

// What makes a line of a watch worth reading. Steps, cost and times change all the time.
std::string told_state(const api::JobSummary& job) {
  std::ostringstream text;
  text << job.state << '\n' << job.location << '\n' << job.instance_type << '\n' << job.attempts << '\n';
  text << job.reason << '\n' << job.unseen_since.has_value() << job.notice_deadline.has_value();
  return text.str();
}

// Lines of one width each, so that what comes later stands below what came before.
class RowPrinter {
 public:
  explicit RowPrinter(Context& context) : context_(context) {}

  void print(const Table& table) {
    Table shown = table;
    if (widths_.empty()) {
      widths_.resize(table.columns.size(), 0);
      for (std::size_t i = 0; i < widths_.size(); ++i) widths_[i] = display_width(table.columns[i].title);
    }
    for (std::vector<Cell>& row : shown.rows) {
      for (std::size_t i = 0; i < row.size(); ++i)
        widths_[i] = std::max(widths_[i], display_width(row[i].text));
    }
    // A row of blanks holds the columns apart, and is not printed itself.
    std::vector<Cell> blank;
    for (const int width : widths_) blank.emplace_back(std::string(static_cast<std::size_t>(width), '.'));
    shown.rows.insert(shown.rows.begin(), blank);
    std::istringstream lines(render(shown, 0, context_.terminal.colour));
    std::string line;
    for (int i = 0; std::getline(lines, line); ++i) {
      if ((i > 0 || !std::exchange(titled_, true)) && i != 1) context_.out << line << "\n";
    }
    context_.out << std::flush;
  }

 private:
  Context& context_;
  std::vector<int> widths_;
  bool titled_ = false;
};

class Watcher {
 public:
  Watcher(ApiClient client, const WatchOptions& options, Context& context)
      : client_(std::move(client)), options_(options), context_(context), rows_(context) {}

  Result<ExitCode> run() {
    while (!context_.interrupted && context_.out) {
      const Result<JobList> list = list_jobs(client_, options_.filter, options_.limit);
      if (list.ok()) {
        away_ = false;
        show(*list);
      } else if (!is_away(list.error())) {
        return list.error();
      } else {
        wait_for_server();
      }
      pause_for(context_, pause);
    }
    return ExitCode::interrupted;
  }

 private:
  void show(const JobList& list) {
    if (context_.terminal.out_is_tty && !context_.json && options_.output != "name") return draw(list);
    std::vector<api::JobSummary> changed;
    for (const api::JobSummary& job : list.jobs) note(job, changed);
    note_gone(list, changed);
    std::reverse(changed.begin(), changed.end());  // the newest last
    tell(changed);
  }

  void note(const api::JobSummary& job, std::vector<api::JobSummary>& changed) {
    std::string& told = told_[job.id.text()];
    if (std::string now = told_state(job); told != now) {
      told = std::move(now);
      changed.push_back(job);
    }
  }

  // Those that do not fit any more, as they are now.
  void note_gone(const JobList& list, std::vector<api::JobSummary>& changed) {
    const auto is_listed = [&](const std::string& id) {
      return std::any_of(list.jobs.begin(), list.jobs.end(),
                         [&](const auto& job) { return job.id.text() == id; });
    };
    for (auto each = told_.begin(); each != told_.end();) {
      if (is_listed(each->first)) {
        ++each;
        continue;
      }
      const Result<json::value> document = client_.get(job_target(each->first, "?brief=1"));
      if (!document.ok()) return;
      const Result<api::JobSummary> job = api::job_summary_from_json(*document, "job");
      // One that was pushed out of a list of limited length fits still.
      if (job.ok() && told_state(*job) != each->second) changed.push_back(*job);
      each = told_.erase(each);
    }
  }

  void tell(const std::vector<api::JobSummary>& changed) {
    if (context_.json) {
      for (const api::JobSummary& job : changed) context_.out << to_text(api::to_json(job)) << "\n";
      context_.out << std::flush;
    } else if (options_.output == "name") {
      for (const api::JobSummary& job : changed) context_.out << job.id.text() << "\n" << std::flush;
    } else if (!changed.empty()) {
      rows_.print(jobs_table(changed, context_.clock.now(), options_.output == "wide"));
    }
  }

  void draw(const JobList& list) {
    const std::string text = render(jobs_table(list.jobs, context_.clock.now(), options_.output == "wide"),
                                    context_.terminal.width, context_.terminal.colour);
    std::string whole = drawn_ > 0 ? "\x1b[" + std::to_string(drawn_) + "A\r\x1b[J" : "";
    drawn_ = 0;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line) && (height() == 0 || drawn_ + 1 < height()); ++drawn_)
      whole += line + "\n";
    context_.out << whole << std::flush;
  }

  int height() const { return context_.terminal.height; }

  void wait_for_server() {
    if (!std::exchange(away_, true)) {
      drawn_ = 0;
      print_warning(context_, "the server does not answer; waiting for it");
    }
    // Who only watches leaves a stopped server stopped.
    Result<ApiClient> again = connect_if_running(context_);
    if (again.ok()) client_ = *std::move(again);
  }

  ApiClient client_;
  const WatchOptions options_;
  Context& context_;
  RowPrinter rows_;
  std::map<std::string, std::string> told_;  // by id
  int drawn_ = 0;                            // lines
  bool away_ = false;
};

}  // namespace

Result<ExitCode> watch_jobs(ApiClient client, const WatchOptions& options, Context& context) {
  return Watcher(std::move(client), options, context).run();
}

}  // namespace tradewind::cli
