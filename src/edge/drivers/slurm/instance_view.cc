#include "edge/drivers/slurm/instance_view.h"

#include <algorithm>

#include "edge/drivers/slurm/array_text.h"
#include "edge/drivers/slurm/command_output.h"

namespace tradewind::slurm {
namespace {

// A list that was asked for while the job was submitted may not have it.
constexpr Duration list_lag = std::chrono::seconds(2);

std::string pending_words(const Job& job) {
  return job.reason.empty() ? "waits in Slurm's queue" : "waits in Slurm's queue: " + job.reason;
}

End end_of(const Entry& entry, const Job& job, Time now) {
  End end{job.ended.value_or(now), "done", "Slurm job " + job.id + " ended: " + job.word};
  if (!job.reason.empty()) end.reason += " (" + job.reason + ")";
  if (entry.terminate) {
    end.kind = "terminated";
    end.reason = "terminated on request";
  } else if (job.word == "PREEMPTED") {
    end.kind = "preempted";
    end.reason = "preempted by a job of higher priority (Slurm job " + job.id + ")";
  } else if (job.word == "TIMEOUT") {
    end.kind = "limit";
    end.reason = "the time limit of Slurm job " + job.id + " was reached";
  } else if (job.word == "NODE_FAIL" || job.word == "BOOT_FAIL") {
    end.kind = "lost";
    end.reason = "a node of Slurm job " + job.id + " failed";
  } else if (job.word == "CANCELLED") {
    end.kind = "stopped";
    end.reason = "Slurm job " + job.id + " was cancelled by its user or an administrator";
  } else if (job.word == "OUT_OF_MEMORY") {
    end.kind = "failed";
    end.reason = "Slurm job " + job.id + " took more memory than it had asked for";
  }
  return end;
}

void set_ended(Instance& instance, const End& end) {
  instance.state = InstanceState::terminated;
  instance.terminated_at = std::max(end.at, instance.launched_at);
  instance.preempted = end.kind == "preempted" || end.kind == "requeued";
  instance.reason = end.reason;
}

// The controller was asked before it had to know the job: a submission may take long, and its number is
// written down after it.
bool asked_too_soon(const Entry& entry, const Sight& sight) {
  return sight.jobs.asked_at() < entry.record.launched_at + list_lag ||
         (entry.numbered && sight.now - sight.age < *entry.numbered + list_lag);
}

// The controller does not know it, and it has not said how it ended.
void view_forgotten(const Entry& entry, const Sight& sight, Duration stale, Viewed& viewed) {
  const std::string job = "Slurm job " + entry.job;
  const Time now = sight.now;
  Instance& instance = viewed.instance;
  if (asked_too_soon(entry, sight)) {
    instance.reason = "submitted to Slurm";
  } else if (entry.beat && now - *entry.beat < stale) {
    instance.state = InstanceState::running;
    instance.reason = "Slurm does not know job " + entry.job + ", but it was alive a moment ago";
  } else {
    const bool asked = entry.terminate;
    End end{entry.beat.value_or(now), asked ? "terminated" : "lost", "terminated on request"};
    if (!asked && entry.beat)
      end.reason = job + " is gone: Slurm does not know it any more, and it does not report";
    if (!asked && !entry.beat)
      end.reason = job + " is gone: Slurm does not know it any more, and it had not begun";
    set_ended(instance, end);
    viewed.conclusion = end;
  }
}

}  // namespace

std::string comment_of(const OwnerId& owner, const std::string& token) {
  return comment_prefix + owner.text() + ":" + token;
}

std::string name_of(const OwnerId& owner, const std::string& token) {
  return "tw-" + token + "-" + owner.text().substr(0, 8);
}

JobsSeen::JobsSeen(std::vector<Job> jobs, Time asked_at) : jobs_(std::move(jobs)), asked_at_(asked_at) {
  for (const Job& job : jobs_) {
    if (was_refused(job)) continue;
    by_id_.emplace(job.id, &job);
    by_name_.emplace(job.name, &job);
    by_comment_.emplace(job.comment, &job);
  }
}

std::vector<const Job*> JobsSeen::of(const Entry& entry) const {
  std::vector<const Job*> found;
  const auto take = [&found](const Index& index, const std::string& key, const auto& fits) {
    const auto [first, last] = index.equal_range(key);
    for (auto each = first; each != last; ++each) {
      if (fits(*each->second)) found.push_back(each->second);
    }
  };
  const Record& record = entry.record;
  const std::string comment = comment_of(record.owner, record.token);
  take(by_comment_, comment, [](const Job&) { return true; });
  take(by_name_, name_of(record.owner, record.token), [&](const Job& job) { return job.comment != comment; });
  if (!entry.element) return found;
  // By its number where that is known: an array's name is that of a thousand.
  const Element& element = *entry.element;
  const bool numbered = index_of(entry.job) == element.index;
  take(numbered ? by_id_ : by_name_, numbered ? entry.job : element.array,
       [&](const Job& job) { return job.name == element.array && index_of(job.id) == element.index; });
  return found;
}

const Job* JobsSeen::abbreviation_of(const Entry& entry) const {
  if (!entry.element) return nullptr;
  // Where the answer to the submission was lost, the array's name alone is known.
  const bool numbered = index_of(entry.job) == entry.element->index;
  if (!numbered && !entry.job.empty()) return nullptr;
  const std::string id = entry.job.substr(0, entry.job.find('_')) + abbreviated;
  const auto [first, last] = numbered ? by_id_.equal_range(id) : by_name_.equal_range(entry.element->array);
  const auto found = std::find_if(first, last, [&](const auto& item) {
    return item.second->name == entry.element->array && item.second->id.ends_with(abbreviated);
  });
  return found == last ? nullptr : found->second;
}

std::string id_of(const Job& job, const Entry& entry) {
  if (!entry.element || !job.id.ends_with(abbreviated)) return job.id;
  return element_id(job.id.substr(0, job.id.find('_')), entry.element->index);
}

const Job* job_of(const JobsSeen& seen, const Entry& entry) {
  for (const Job* job : seen.of(entry)) {
    if (entry.job.empty() || job->id == entry.job) return job;
  }
  return seen.abbreviation_of(entry);
}

std::optional<Cancellation> cancellation_of(const Sight& sight, const Entry& entry) {
  const JobsSeen& seen = sight.jobs;
  Cancellation found{entry.element ? entry.element->array : name_of(entry.record.owner, entry.record.token)};
  const std::vector<const Job*> jobs = seen.of(entry);
  for (const Job* job : jobs) {
    if (job->state != JobState::ended) found.ids.push_back(job->id);
  }
  if (!found.ids.empty()) return found;
  const Job* unwritten = jobs.empty() ? seen.abbreviation_of(entry) : nullptr;
  if (unwritten != nullptr) {
    found.ids.push_back(id_of(*unwritten, entry));
    return found;
  }
  // One that was submitted a moment ago is not in the list yet.
  if (!jobs.empty() || !asked_too_soon(entry, sight)) return std::nullopt;
  if (!entry.job.empty()) found.ids.push_back(entry.job);
  // All of an array's name would be all of its elements.
  if (entry.job.empty() && entry.element) return std::nullopt;
  return found;
}

std::optional<Viewed> view(const Entry& entry, const Sight& sight, Duration stale) {
  const JobsSeen& seen = sight.jobs;
  const Time now = sight.now;
  const Record& record = entry.record;
  const Job* job = job_of(seen, entry);
  const std::string id = job != nullptr && entry.job.empty() ? id_of(*job, entry) : entry.job;
  if (id.empty()) return std::nullopt;
  Viewed viewed;
  Instance& instance = viewed.instance;
  instance.ref = {record.location, instance_id(id, record.token)};
  instance.owner = record.owner;
  instance.token = record.token;
  instance.launched_at = record.launched_at;
  // Of one that waits, Slurm tells when it is expected to start.
  const bool began = job != nullptr && job->state != JobState::pending && job->started;
  if (began)
    instance.started_at = std::clamp(*job->started, record.launched_at, std::max(record.launched_at, now));
  if (entry.end) {
    set_ended(instance, *entry.end);
  } else if (job == nullptr) {
    view_forgotten(entry, sight, stale, viewed);
  } else if (job->state == JobState::ended) {
    viewed.conclusion = end_of(entry, *job, now);
    set_ended(instance, *viewed.conclusion);
  } else if (job->state == JobState::pending) {
    instance.reason = pending_words(*job);
  } else {
    instance.state = job->state == JobState::completing ? InstanceState::stopping : InstanceState::running;
  }
  if (entry.terminate && instance.state != InstanceState::terminated)
    instance.state = InstanceState::stopping;
  return viewed;
}

InstanceId instance_id(const std::string& job, const std::string& token) {
  return InstanceId(job + "." + token);
}

std::string token_of(const InstanceId& id) {
  const std::size_t dot = id.text().find('.');
  const bool numbered =
      dot != std::string::npos && dot > 0 && id.text().find_first_not_of("0123456789_") == dot;
  const std::string token = numbered ? id.text().substr(dot + 1) : "";
  return is_plain(token) ? token : "";
}

bool is_plain(std::string_view text) {
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  return !text.empty() && text.size() <= 64 && text.front() != '.' && text.front() != '-' &&
         text.find_first_not_of(letters) == std::string_view::npos;
}

}  // namespace tradewind::slurm
