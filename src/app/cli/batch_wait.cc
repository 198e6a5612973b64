#include "app/cli/batch_wait.h"

#include <algorithm>
#include <fstream>
#include <ostream>

#include "app/api/job_summary.h"
#include "app/api/pages.h"
#include "app/cli/connect.h"
#include "app/cli/text_width.h"
#include "edge/io/http_target.h"

namespace tradewind::cli {
namespace {

constexpr Duration pause{1000};
constexpr std::size_t asked_at_once = 50;  // of a large array
constexpr Duration patience_without_server{60'000};

struct Waiting {
  BatchElement element;
  std::string cursor = {};
  std::ofstream file = {};
  bool file_is_told = false;  // that it cannot be written
  bool over = false;
  int code = 0;
};

class BatchWaiter {
 public:
  BatchWaiter(ApiClient client, std::vector<BatchElement> elements, bool append, Context& context)
      : client_(std::move(client)), append_(append), context_(context) {
    for (BatchElement& element : elements) jobs_.push_back({std::move(element)});
  }

  Result<int> run() {
    while (!context_.interrupted) {
      const Status turned = turn();
      if (!turned.ok() && !can_wait_for_server(turned.error())) return turned.error();
      if (turned.ok()) gone_since_.reset();
      if (std::all_of(jobs_.begin(), jobs_.end(), [](const Waiting& job) { return job.over; })) break;
      pause_for(context_, pause);
    }
    int worst = 0;
    bool all_over = true;
    for (const Waiting& job : jobs_) {
      worst = std::max(worst, job.code);
      all_over = all_over && job.over;
    }
    if (all_over) return worst;
    context_.err << "\nThe jobs go on; tradewind jobs shows them, tradewind logs -f "
                 << jobs_.front().element.job << " their output\n";
    return static_cast<int>(ExitCode::interrupted);
  }

 private:
  // Asks about the next ones that are not over.
  Status turn() {
    std::size_t asked = 0;
    for (std::size_t i = 0; i < jobs_.size() && asked < asked_at_once; ++i, ++next_) {
      Waiting& job = jobs_[next_ % jobs_.size()];
      if (job.over) continue;
      TW_RETURN_IF_ERROR(look_at(job));
      ++asked;
    }
    return {};
  }

  Status look_at(Waiting& job) {
    // First the state: what was written before a job's end is in the log once it is over.
    TW_ASSIGN_OR_RETURN(const json::value document, client_.get(job_target(job.element.job, "?brief=1")));
    TW_ASSIGN_OR_RETURN(const api::JobSummary summary, api::job_summary_from_json(document, "job"));
    bool end = false;
    for (bool more = true; more;) {
      const std::string query = "/logs?wait_s=0&after=" + io::percent_encode(job.cursor);
      TW_ASSIGN_OR_RETURN(const json::value answer, client_.get(job_target(job.element.job, query)));
      TW_ASSIGN_OR_RETURN(const api::LogPage page, api::log_page_from_json(answer, "page"));
      for (const api::LogSegment& segment : page.segments) write(job, segment.bytes);
      more = !page.segments.empty() && !page.end;
      job.cursor = page.next;
      end = page.end;
    }
    if (!end || !summary.ended_at) return {};
    write(job, "");  // one that wrote nothing has an empty file
    job.file.close();
    job.over = true;
    job.code = summary.state == "succeeded" ? 0 : std::max(summary.exit_code.value_or(1), 1);
    return {};
  }

  void write(Waiting& job, const std::string& bytes) {
    if (!job.file.is_open() && !job.file_is_told)
      job.file.open(job.element.file, append_ ? std::ios::app | std::ios::binary : std::ios::binary);
    job.file << bytes << std::flush;
    if (job.file || job.file_is_told) return;
    job.file_is_told = true;
    print_warning(context_, printable(job.element.file) + " cannot be written; tradewind logs " +
                                job.element.job + " has the output");
  }

  bool can_wait_for_server(const Error& error) {
    if (!is_away(error)) return false;
    const Duration now = context_.clock.monotonic();
    if (!gone_since_) {
      gone_since_ = now;
      print_warning(context_, "the server does not answer; the jobs go on, waiting for the server");
    }
    if (now - *gone_since_ > patience_without_server) return false;
    Result<ApiClient> again = connect(context_);
    if (again.ok()) client_ = *std::move(again);
    return true;
  }

  ApiClient client_;
  const bool append_;
  Context& context_;
  std::vector<Waiting> jobs_;
  std::size_t next_ = 0;
  std::optional<Duration> gone_since_;
};

}  // namespace

Result<int> wait_for_batch(ApiClient client, std::vector<BatchElement> elements, bool append,
                           Context& context) {
  return BatchWaiter(std::move(client), std::move(elements), append, context).run();
}

}  // namespace tradewind::cli
