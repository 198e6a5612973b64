// Many launches and terminations at once: 10,000 tasks are ten job arrays, and their end a few calls.
#include <algorithm>
#include <set>
#include <tuple>
#include <unordered_map>

#include "edge/drivers/slurm/array_text.h"
#include "edge/drivers/slurm/command_output.h"
#include "edge/drivers/slurm/slurm_provider.h"

namespace tradewind::slurm {

using provider::Launched;
using provider::LaunchRequest;
using provider::TerminateState;

namespace {

// As unique as the first token, and no name of a single launch.
std::string array_name(const OwnerId& owner, const std::string& first_token) {
  return "tw-many-" + first_token + "-" + owner.text().substr(0, 8);
}

// Where all is too much, a part may do.
bool may_take_fewer(Code code) {
  return code == Code::quota_exceeded || code == Code::insufficient_capacity;
}

}  // namespace

Result<std::size_t> SlurmProvider::array_max() {
  {
    const std::scoped_lock lock(mutex_);
    if (array_max_) return *array_max_;
  }
  TW_ASSIGN_OR_RETURN(const int most, controller_->array_max());
  const std::scoped_lock lock(mutex_);
  array_max_ = static_cast<std::size_t>(std::clamp(most, 0, capabilities_.batch_max));
  return *array_max_;
}

std::vector<Result<Launched>> SlurmProvider::launch_many(std::span<const LaunchRequest> requests) {
  Batch batch{requests, std::vector<std::optional<Result<Launched>>>(requests.size())};
  std::map<std::tuple<OwnerId, std::string, int>, std::vector<std::size_t>> alike;
  std::set<std::string> tokens;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const LaunchRequest& request = requests[i];
    const bool plain = is_plain(request.token) && is_plain(request.owner.text());
    if (plain && tokens.insert(request.token).second)
      alike[{request.owner, offer_key(request.offer), request.nodes}].push_back(i);
  }
  for (const auto& [what, which] : alike) launch_alike(batch, which);
  std::vector<Result<Launched>> answers;
  answers.reserve(requests.size());
  for (std::size_t i = 0; i < requests.size(); ++i) {
    std::optional<Result<Launched>>& answer = batch.answers[i];
    answers.push_back(answer ? *std::move(answer) : launch(requests[i]));
  }
  return answers;
}

void SlurmProvider::launch_alike(Batch& batch, const std::vector<std::size_t>& which) {
  if (which.size() < 2) return;
  const Result<std::size_t> most = array_max();
  const Result<Place> place =
      most ? place_of(batch.requests[which.front()].offer) : Result<Place>(most.error());
  if (!place) {
    for (const std::size_t i : which) batch.answers[i] = place.error();
    return;
  }
  if (*most < 2) return;
  for (std::size_t first = 0; first + 1 < which.size(); first += *most) {
    const auto from = which.begin() + static_cast<std::ptrdiff_t>(first);
    const auto to = from + static_cast<std::ptrdiff_t>(std::min(*most, which.size() - first));
    launch_array(batch, {from, to}, *place);
  }
}

void SlurmProvider::launch_array(Batch& batch, std::vector<std::size_t> which, const Place& place) {
  const Result<std::size_t> left = room();
  const Result<std::string> program = left ? agent() : Result<std::string>(left.error());
  if (!program) {
    for (const std::size_t i : which) batch.answers[i] = program.error();
    return;
  }
  for (std::size_t i = *left; i < which.size(); ++i) batch.answers[which[i]] = full();
  which.resize(std::min(which.size(), *left));
  std::vector<std::string> held;
  {
    const std::scoped_lock lock(mutex_);
    std::erase_if(which, [&](std::size_t i) { return !launching_.insert(batch.requests[i].token).second; });
    for (const std::size_t i : which) held.push_back(batch.requests[i].token);
  }
  if (!which.empty()) {
    std::vector<ArrayLaunch> launches;
    for (const std::size_t i : which) {
      const LaunchRequest& request = batch.requests[i];
      launches.push_back({{request.token, request.owner, request.job, offer_key(request.offer),
                           request.offer.location, clock_.now()},
                          agent_lines(agent_of(request, *program)),
                          secret_lines(request.secrets)});
    }
    submit_array(batch, which, place, array_name(launches.front().record.owner, held.front()), launches);
  }
  {
    const std::scoped_lock lock(mutex_);
    for (const std::string& token : held) launching_.erase(token);
  }
  launched_.notify_all();
}

// Slurm takes all of an array or nothing.
Result<std::string> SlurmProvider::submit_most(SubmitRequest wanted, std::vector<long>& taken,
                                               std::optional<Error>& refused) {
  while (true) {
    wanted.array = fold_numbers(taken);
    Result<std::string> job = controller_->submit(wanted);
    if (job || !may_take_fewer(job.error().code) || taken.size() < 2) return job;
    refused = job.error();
    taken.resize(taken.size() / 2);
  }
}

void SlurmProvider::submit_array(Batch& batch, const std::vector<std::size_t>& which, const Place& place,
                                 const std::string& array, const std::vector<ArrayLaunch>& launches) {
  const OwnerId& owner = launches.front().record.owner;
  const Result<std::vector<long>> fresh = store_.prepare_array(array, launches);
  const auto answer = [&](long index, Result<Launched> what) {
    batch.answers[which[static_cast<std::size_t>(index)]] = std::move(what);
  };
  if (!fresh) {
    for (const std::size_t i : which) batch.answers[i] = fresh.error();
    return;
  }
  if (fresh->empty()) return;
  BatchJob script;
  script.array = BatchArray{store_.folder_of_array(owner, array), store_.folder_of(owner, "")};
  script.notice_lead = options_.cluster.notice_lead;
  script.grace = place.grace;
  script.heartbeat = options_.heartbeat;
  script.nodes = batch.requests[which.front()].nodes;
  SubmitRequest wanted = submit_request(batch.requests[which.front()], place, script.array->folder);
  wanted.name = array;
  wanted.comment = comment_of(owner, array);
  wanted.output = "/dev/null";  // each writes into its own folder
  wanted.script = batch_script(script);

  std::vector<long> taken = *fresh;
  std::optional<Error> refused;
  Result<std::string> job = submit_most(std::move(wanted), taken, refused);
  if (job) {
    if (const Status claimed = store_.claim_array(owner, array, *job); !claimed) job = claimed.error();
  } else if (is_definite(job.error().code)) {
    refused = job.error();
    taken.clear();
  }
  if (!job && !taken.empty()) note_unsure();
  for (const long index : taken) {
    const Record& record = launches[static_cast<std::size_t>(index)].record;
    if (!job) answer(index, job.error());
    if (job)
      answer(index, Launched{{record.location, instance_id(element_id(*job, index), record.token)},
                             record.launched_at});
  }
  std::vector<Record> back;
  for (const long index : *fresh) {
    if (std::ranges::binary_search(taken, index)) continue;
    back.push_back(launches[static_cast<std::size_t>(index)].record);
    answer(index, refused.value_or(Error{}));
  }
  static_cast<void>(store_.withdraw_array(array, back, taken.empty()));
}

Status SlurmProvider::cancel_all(const std::vector<Entry>& entries, const Sight& sight) {
  std::vector<Cancellation> which;
  for (const Entry& entry : entries) {
    std::optional<Cancellation> cancellation = cancellation_of(sight, entry);
    if (cancellation && may_cancel_now(entry.record.token)) which.push_back(*std::move(cancellation));
  }
  return which.empty() ? Status() : controller_->cancel(which);
}

Result<TerminateState> SlurmProvider::terminate(const InstanceRef& instance) {
  return terminate_many({&instance, 1}).front();
}

std::vector<Result<TerminateState>> SlurmProvider::terminate_many(std::span<const InstanceRef> instances) {
  std::vector<Result<TerminateState>> answers(instances.size(), TerminateState::done);
  std::unordered_multimap<std::string, std::size_t> wanted;  // by token
  std::vector<std::string> tokens;
  for (std::size_t i = 0; i < instances.size(); ++i) {
    const std::string token = token_of(instances[i].id);
    if (token.empty()) continue;
    tokens.push_back(token);
    wanted.emplace(token, i);
  }
  if (tokens.empty()) return answers;
  // Where the answer to a submission was lost, its number is not written down before it begins.
  const auto meant_by = [&](const Entry& entry) {
    const auto [first, last] = wanted.equal_range(entry.record.token);
    const InstanceId id = instance_id(entry.job, entry.record.token);
    std::vector<std::size_t> found;
    for (auto each = first; each != last; ++each) {
      if (entry.job.empty() || instances[each->second].id == id) found.push_back(each->second);
    }
    return found;
  };
  const auto answer_all = [&](const Error& error) {
    for (const auto& [token, i] : wanted) answers[i] = error;
    return answers;
  };
  const Result<Entries> found = store_.find(tokens);
  if (!found) return answer_all(found.error());
  std::vector<Entry> asked;
  std::vector<Record> records;
  for (const Entry& entry : found->entries) {
    if (entry.end || meant_by(entry).empty()) continue;
    asked.push_back(entry);
    asked.back().terminate = true;
    records.push_back(entry.record);
  }
  if (asked.empty()) return answers;
  if (const Status told = store_.ask_to_terminate(records); !told) return answer_all(told.error());
  const Result<std::shared_ptr<const JobsSeen>> seen = jobs();
  if (!seen) return answer_all(seen.error());
  const Sight sight{**seen, found->now, clock_.now() - (*seen)->asked_at()};
  if (const Status cancelled = cancel_all(asked, sight); !cancelled) return answer_all(cancelled.error());
  std::vector<std::pair<Record, End>> ended;
  for (const Entry& entry : asked) {
    const std::optional<Viewed> viewed = view(entry, sight, options_.stale);
    if (!viewed) continue;
    if (viewed->conclusion) ended.emplace_back(entry.record, *viewed->conclusion);
    if (viewed->instance.state == InstanceState::terminated) continue;
    for (const std::size_t i : meant_by(entry)) answers[i] = TerminateState::in_progress;
  }
  if (const Status concluded = store_.conclude(ended); !concluded) return answer_all(concluded.error());
  return answers;
}

}  // namespace tradewind::slurm
