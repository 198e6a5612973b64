// tradewind squeue: the jobs that live, in the columns of Slurm's squeue.
#include <algorithm>
#include <cstdio>
#include <ostream>

#include "app/cli/connect.h"
#include "app/cli/job_list.h"
#include "app/cli/text_width.h"
#include "app/cli/verbs.h"
#include "base/text.h"

namespace tradewind::cli {
namespace {

// As squeue's own; ids are longer here.
constexpr const char* usual_format = "%.18i %.9P %.8j %.8u %.2t %.10M %.6D %R";

// "1-02:03:04", "2:03:04", "3:04".
std::string slurm_time(Duration span) {
  const std::int64_t all = std::max<std::int64_t>(span.count() / 1000, 0);
  const int days = static_cast<int>(all / 86'400);
  const int hours = static_cast<int>(all / 3600 % 24);
  const int minutes = static_cast<int>(all / 60 % 60);
  const int seconds = static_cast<int>(all % 60);
  char text[64];
  if (days > 0) {
    std::snprintf(text, sizeof(text), "%d-%02d:%02d:%02d", days, hours, minutes, seconds);
  } else if (hours > 0) {
    std::snprintf(text, sizeof(text), "%d:%02d:%02d", hours, minutes, seconds);
  } else {
    std::snprintf(text, sizeof(text), "%d:%02d", minutes, seconds);
  }
  return text;
}

struct Field {
  char letter = '\0';  // '\0': the text alone
  std::string text = {};
  std::size_t width = 0;
  bool right = false;
};

Result<std::vector<Field>> fields_of(std::string_view format) {
  constexpr std::string_view known = "iAFjtTPpuMSRNDrka";
  std::vector<Field> fields;
  for (std::size_t at = 0; at < format.size();) {
    if (format[at] != '%') {
      const std::size_t end = std::min(format.find('%', at), format.size());
      fields.push_back({'\0', std::string(format.substr(at, end - at))});
      at = end;
      continue;
    }
    Field field;
    if (++at < format.size() && format[at] == '.') {
      field.right = true;
      ++at;
    }
    for (; at < format.size() && format[at] >= '0' && format[at] <= '9'; ++at)
      field.width =
          std::min<std::size_t>(field.width * 10 + static_cast<std::size_t>(format[at] - '0'), 1000);
    if (at == format.size() || known.find(format[at]) == std::string_view::npos) {
      return Error{Code::invalid_argument,
                   "squeue's format '" + std::string(format) + "' has a field that is not there",
                   "of squeue's fields there are %i %j %t %T %P %u %M %S %D %R %N %r"};
    }
    field.letter = format[at++];
    fields.push_back(std::move(field));
  }
  return fields;
}

std::string title_of(char letter) {
  switch (letter) {
    case 'j':
      return "NAME";
    case 't':
      return "ST";
    case 'T':
      return "STATE";
    case 'P':
      return "PARTITION";
    case 'p':
      return "PRIORITY";
    case 'u':
      return "USER";
    case 'M':
      return "TIME";
    case 'S':
      return "START_TIME";
    case 'D':
      return "NODES";
    case 'R':
      return "NODELIST(REASON)";
    case 'N':
      return "NODELIST";
    case 'r':
      return "REASON";
    case 'k':
      return "COMMENT";
    case 'a':
      return "ACCOUNT";
    default:
      return "JOBID";
  }
}

bool has_place(const api::JobSummary& job) {
  return !job.location.empty() && job.state != "queued" && job.state != "waiting";
}

std::string value_of(char letter, const api::JobSummary& job, const Context& context) {
  const std::string reason = job.reason.empty() ? "None" : job.reason;
  switch (letter) {
    case 'j':
      return job.name;
    case 't':
      return std::string(slurm_letters(job.state));
    case 'T':
      return std::string(slurm_word(job.state));
    case 'P':  // the place where a Slurm user looks for the partition
      return job.location.empty() ? "-" : job.location.substr(job.location.rfind('/') + 1);
    case 'u':
      return user_name(context);
    case 'M':
      return slurm_time(job.started_at ? job.ended_at.value_or(context.clock.now()) - *job.started_at
                                       : Duration{});
    case 'S':
      return job.started_at ? format_utc(*job.started_at).substr(0, 19) : "N/A";
    case 'D':
      return "1";
    case 'R':
      return has_place(job) ? job.location : "(" + reason + ")";
    case 'N':
      return has_place(job) ? job.location : "";
    case 'r':
      return reason;
    case 'p':
    case 'k':
    case 'a':
      return "-";
    default:
      return job.id.text();
  }
}

std::string line_of(const std::vector<Field>& fields, const std::function<std::string(char)>& value) {
  std::string line;
  for (const Field& field : fields) {
    if (field.letter == '\0') {
      line += field.text;
      continue;
    }
    std::string text = printable(value(field.letter));
    // An id that is cut is none.
    const bool is_id = field.letter == 'i' || field.letter == 'A' || field.letter == 'F';
    if (field.width > 0 && !is_id) text = shorten(text, static_cast<int>(field.width));
    const auto width = static_cast<std::size_t>(std::max(display_width(text), 0));
    const std::string padding(field.width > width ? field.width - width : 0, ' ');
    line += field.right ? padding + text : text + padding;
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

}  // namespace

Result<ExitCode> run_squeue(const SqueueOptions& options, Context& context) {
  TW_ASSIGN_OR_RETURN(const std::vector<Field> fields,
                      fields_of(options.format.empty() ? usual_format : options.format));
  // squeue shows what lives, but of a job that is named, or in a state that is.
  const bool asks = !options.states.empty() || !options.jobs.empty();
  TW_ASSIGN_OR_RETURN(const JobFilter filter, make_job_filter(asks ? options.states : "live", options.name));
  JobList list;
  if (!has_no_history(context)) {
    TW_ASSIGN_OR_RETURN(ApiClient client, connect(context));
    TW_ASSIGN_OR_RETURN(list, list_jobs(client, filter, 1'000'000));
  }
  if (!options.jobs.empty()) {
    std::erase_if(list.jobs, [&](const api::JobSummary& job) {
      return std::find(options.jobs.begin(), options.jobs.end(), job.id.text()) == options.jobs.end();
    });
  }
  if (!options.user.empty() && options.user != user_name(context)) list.jobs.clear();
  if (context.json) {
    json::array jobs;
    for (const api::JobSummary& job : list.jobs) jobs.emplace_back(api::to_json(job));
    print_json(context, json::object{{"jobs", std::move(jobs)}, {"total", list.jobs.size()}});
    return ExitCode::done;
  }
  if (!options.bare) context.out << line_of(fields, title_of);
  for (const api::JobSummary& job : list.jobs)
    context.out << line_of(fields, [&](char letter) { return value_of(letter, job, context); });
  return ExitCode::done;
}

}  // namespace tradewind::cli
