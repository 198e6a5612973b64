#include "edge/drivers/slurm/slurm_provider.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "edge/drivers/slurm/batch_script.h"
#include "edge/drivers/slurm/command_controller.h"
#include "edge/drivers/slurm/command_output.h"
#include "edge/drivers/slurm/rest_controller.h"
#include "edge/drivers/slurm/rest_shapes.h"
#include "edge/io/files.h"
#include "edge/io/hash.h"
#include "edge/objectstore/file_url.h"

namespace tradewind::slurm {

using provider::Launched;
using provider::LaunchRequest;
using provider::TerminateState;

namespace {

std::vector<std::string> agent_words(const LaunchRequest& request, const std::string& program,
                                     const std::string& local_store) {
  std::vector<std::string> words = {program};
  for (const std::string& argument : request.agent_arguments) {
    // The script tells the limit, from when it begins: the queue may be days long.
    if (!argument.starts_with("--hard-limit=")) words.push_back(argument);
  }
  words.push_back("--local-store=" + local_store);
  words.push_back("--purchase=" + std::string(to_text(request.offer.purchase)));
  if (request.offer.accelerator) {
    const auto count = static_cast<long>(request.offer.accelerator->count);
    words.push_back("--accelerator=" + request.offer.accelerator->model + ":" + std::to_string(count));
  }
  const Duration lead = request.offer.notice_lead.value_or(Duration(0));
  if (lead > Duration(0)) words.push_back("--notice-lead=" + std::to_string(lead.count()) + "ms");
  return words;
}

constexpr std::size_t estimates_at_once = 8;

// As exact as an estimate of a queue is, so that offers do not change with each look.
Duration rounded_wait(Duration wait) {
  if (wait <= Duration(0)) return Duration(0);
  if (wait < std::chrono::minutes(5)) return std::chrono::round<std::chrono::seconds>(wait / 10) * 10;
  return std::chrono::round<std::chrono::minutes>(wait);
}

}  // namespace

SlurmProvider::SlurmProvider(SlurmOptions options, std::unique_ptr<io::Host> host,
                             std::unique_ptr<SharedStore> store, std::unique_ptr<Controller> controller,
                             const Clock& clock)
    : options_(std::move(options)),
      host_(std::move(host)),
      clock_(clock),
      kept_store_(std::move(store)),
      store_(*kept_store_),
      controller_(std::move(controller)) {
  capabilities_.provider = "slurm";
  capabilities_.only_region = options_.cluster.name;
  capabilities_.regions = {options_.cluster.name};
  capabilities_.far = true;
  capabilities_.store_urls["slurm/" + options_.cluster.name] = store_url_of(options_.cluster);
  capabilities_.spot = true;
  capabilities_.notice_lead = options_.cluster.notice_lead;
  capabilities_.list_delay = options_.query_gap;
  capabilities_.list_gap = options_.query_gap;
  capabilities_.token_kind = provider::TokenKind::lookup;
  // No more than Slurm itself puts into one array unless it is told otherwise (MaxArraySize=1001).
  const std::optional<int> rest =
      options_.cluster.rest ? rest_version_from(options_.cluster.rest->version) : std::nullopt;
  if (!rest || rest_takes_elements(*rest)) capabilities_.batch_max = 1000;
}

Result<std::unique_ptr<SlurmProvider>> SlurmProvider::open(SlurmOptions options,
                                                           std::unique_ptr<io::Host> host,
                                                           const Clock& clock) {
  const std::string& store = options.cluster.store;
  if (!store.starts_with('/') || store.find('\n') != std::string::npos)
    return Error{Code::invalid_argument,
                 "the store of the Slurm cluster '" + options.cluster.name + "' is '" + store +
                     "', which is no absolute path",
                 "name a folder of yours that all nodes see, such as /home/you/tradewind"};
  auto files = std::make_unique<SharedStore>(*host, store, options.patience);
  std::unique_ptr<Controller> controller;
  if (options.cluster.rest) {
    TW_ASSIGN_OR_RETURN(controller, RestController::make(*options.cluster.rest, options.patience));
  } else {
    controller = std::make_unique<CommandController>(*host, options.patience);
  }
  return std::make_unique<SlurmProvider>(std::move(options), std::move(host), std::move(files),
                                         std::move(controller), clock);
}

Result<std::vector<Place>> SlurmProvider::places() {
  const std::scoped_lock lock(mutex_);
  const Duration now = clock_.monotonic();
  if (places_at_ && now - *places_at_ < options_.offers_gap) return places_;
  TW_ASSIGN_OR_RETURN(const std::vector<Partition> partitions, controller_->partitions());
  places_ = places_of(options_.cluster, partitions, clock_.now());
  places_at_ = now;
  return places_;
}

Result<std::vector<Offer>> SlurmProvider::offers(const provider::OfferQuery& query) {
  std::vector<Offer> offers;
  if (!query.region.empty() && query.region != options_.cluster.name) return offers;
  TW_ASSIGN_OR_RETURN(const std::vector<Place> all, places());
  estimate_waits(all);
  const std::scoped_lock lock(mutex_);
  for (const Place& place : all) {
    if (!place.open) continue;
    offers.push_back(place.offer);
    const auto wait = waits_.find(offer_key(place.offer));
    // A cluster that does not say how long has a queue all the same.
    offers.back().queue_wait = wait == waits_.end() ? Duration(0) : wait->second.span.value_or(Duration(0));
  }
  return offers;
}

// Marked as asked at once, so that calls side by side ask of others.
std::vector<Place> SlurmProvider::due_for_estimate(const std::vector<Place>& all) {
  const Duration now = clock_.monotonic();
  const std::scoped_lock lock(mutex_);
  std::vector<std::pair<Duration, const Place*>> due;
  for (const Place& place : all) {
    const auto known = waits_.find(offer_key(place.offer));
    if (!place.open ||
        (known != waits_.end() && now - known->second.asked_at < options_.cluster.estimate_every))
      continue;
    due.emplace_back(known == waits_.end() ? Duration::min() : known->second.asked_at, &place);
  }
  std::ranges::stable_sort(due, {}, [](const auto& each) { return each.first; });
  if (due.size() > estimates_at_once) due.resize(estimates_at_once);
  std::vector<Place> chosen;
  for (const auto& [asked_at, place] : due) {
    waits_[offer_key(place->offer)].asked_at = now;
    chosen.push_back(*place);
  }
  return chosen;
}

void SlurmProvider::estimate_waits(const std::vector<Place>& all) {
  for (const Place& place : due_for_estimate(all)) {
    SubmitRequest trial = submit_request({}, place, "/");
    trial.output = "/dev/null";
    trial.script = "#!/bin/bash\n";
    const Result<std::optional<Time>> start = controller_->expected_start(trial);
    const bool down = !start && start.error().code == Code::unavailable;
    const std::scoped_lock lock(mutex_);
    std::optional<Duration>& span = waits_[offer_key(place.offer)].span;
    span.reset();
    if (start && *start) span = rounded_wait(**start - clock_.now());
    if (down) return;  // the others would be waited for as long
  }
}

Result<Place> SlurmProvider::place_of(const Offer& offer) {
  TW_ASSIGN_OR_RETURN(const std::vector<Place> all, places());
  const std::string key = offer_key(offer);
  const auto found = std::ranges::find_if(all, [&](const Place& p) { return offer_key(p.offer) == key; });
  if (found == all.end())
    return Error{Code::invalid_argument,
                 "the Slurm cluster '" + options_.cluster.name + "' has no offer " + key,
                 "`tradewind offers --provider slurm` lists those that there are"};
  if (!found->open) return Error{Code::insufficient_capacity, key + " cannot be had now: " + found->why_not};
  return *found;
}

Result<std::shared_ptr<const JobsSeen>> SlurmProvider::jobs(Time not_before) {
  const std::scoped_lock lock(query_mutex_);
  const Duration now = clock_.monotonic();
  Duration gap = options_.query_gap;
  if (seen_ && now >= unsure_until_)
    gap = std::max(gap, options_.query_gap_per_job * static_cast<Duration::rep>(seen_->jobs().size()));
  const bool young = seen_ && now - seen_at_ < gap;
  if (young && seen_->asked_at() >= not_before) return seen_;
  const Time asked_at = clock_.now();
  TW_ASSIGN_OR_RETURN(std::vector<Job> found, controller_->jobs());
  seen_ = std::make_shared<const JobsSeen>(std::move(found), asked_at);
  seen_at_ = clock_.monotonic();
  return seen_;
}

void SlurmProvider::note_unsure() {
  const std::scoped_lock lock(query_mutex_);
  unsure_until_ = clock_.monotonic() + std::chrono::minutes(2);
}

Result<std::string> SlurmProvider::agent() {
  const std::scoped_lock lock(mutex_);
  if (agent_path_) return *agent_path_;
  TW_ASSIGN_OR_RETURN(const std::string bytes, io::read_file(options_.agent_program));
  const std::string digest = io::hex(io::sha256(bytes));
  TW_ASSIGN_OR_RETURN(agent_path_, store_.put_program(bytes, digest));
  return *agent_path_;
}

Result<std::size_t> SlurmProvider::room() {
  if (options_.cluster.max_jobs <= 0) return std::size_t{1} << 30;
  TW_ASSIGN_OR_RETURN(const std::shared_ptr<const JobsSeen> seen, jobs(clock_.now()));
  const auto live = std::ranges::count_if(seen->jobs(), [](const Job& job) {
    return job.comment.starts_with(comment_prefix) && job.state != JobState::ended;
  });
  if (live < options_.cluster.max_jobs) return static_cast<std::size_t>(options_.cluster.max_jobs - live);
  return full();
}

Error SlurmProvider::full() const {
  return {Code::insufficient_capacity,
          "the Slurm cluster '" + options_.cluster.name + "' has " +
              count_text(static_cast<std::uint64_t>(options_.cluster.max_jobs), "job") +
              " of ours already, which is all that max_jobs allows",
          "raise max_jobs in slurm.yaml, or wait until one ends"};
}

Result<Launched> SlurmProvider::launch(const LaunchRequest& request) {
  if (!is_plain(request.token) || !is_plain(request.owner.text()))
    return Error{Code::invalid_argument,
                 "the launch token '" + request.token + "' cannot be a folder's name"};
  TW_ASSIGN_OR_RETURN(const Place place, place_of(request.offer));
  {
    std::unique_lock lock(mutex_);
    launched_.wait(lock, [&] { return !launching_.contains(request.token); });
    launching_.insert(request.token);
  }
  Result<Launched> launched = launch_alone(request, place);
  {
    const std::scoped_lock lock(mutex_);
    launching_.erase(request.token);
  }
  launched_.notify_all();
  return launched;
}

Result<Launched> SlurmProvider::launch_alone(const LaunchRequest& request, const Place& place) {
  const Record asked{request.token,          request.owner, request.job, offer_key(request.offer),
                     request.offer.location, clock_.now()};
  TW_ASSIGN_OR_RETURN(const Prepared prepared, store_.prepare(asked, secret_lines(request.secrets)));
  const Record& record = prepared.entry.record;
  if (record.offer != asked.offer)
    return Error{Code::invalid_argument, "the token " + record.token + " was used for " + record.offer +
                                             " already, so not for " + asked.offer};
  const auto answer = [&](const std::string& job) {
    return Launched{{record.location, instance_id(job, record.token)}, record.launched_at};
  };
  if (!prepared.entry.job.empty()) return answer(prepared.entry.job);
  std::string job;
  if (prepared.claim == Claim::known) {
    // A launcher that fell silent may have submitted it.
    TW_ASSIGN_OR_RETURN(const std::shared_ptr<const JobsSeen> seen, jobs(clock_.now()));
    if (const Job* found = job_of(*seen, prepared.entry)) job = id_of(*found, prepared.entry);
  }
  if (job.empty()) {
    Result<std::string> submitted = submit(request, place, record);
    if (!submitted) {
      if (is_definite(submitted.error().code)) {
        static_cast<void>(store_.withdraw(record));
      } else {
        note_unsure();
      }
      return std::move(submitted).error();
    }
    job = *submitted;
  }
  TW_ASSIGN_OR_RETURN(const std::string first, store_.claim(record, job));
  return answer(first);
}

Result<std::string> SlurmProvider::submit(const LaunchRequest& request, const Place& place,
                                          const Record& record) {
  TW_ASSIGN_OR_RETURN([[maybe_unused]] const std::size_t left, room());
  TW_ASSIGN_OR_RETURN(const std::string program, agent());
  BatchJob batch;
  batch.folder = store_.folder_of(record.owner, record.token);
  batch.agent = agent_of(request, program);
  batch.notice_lead = options_.cluster.notice_lead;
  batch.grace = place.grace;
  batch.heartbeat = options_.heartbeat;
  batch.nodes = request.nodes;
  SubmitRequest wanted = submit_request(request, place, batch.folder);
  wanted.script = batch_script(batch);
  return controller_->submit(wanted);
}

BatchAgent SlurmProvider::agent_of(const LaunchRequest& request, const std::string& program) const {
  return {agent_words(request, program, objectstore::file_url(store_.job_stores())),
          std::max(request.hard_limit - clock_.now(), Duration(60'000))};
}

SubmitRequest SlurmProvider::submit_request(const LaunchRequest& request, const Place& place,
                                            const std::string& folder) const {
  const Cluster& cluster = options_.cluster;
  SubmitRequest wanted;
  wanted.name = name_of(request.owner, request.token);
  wanted.comment = comment_of(request.owner, request.token);
  wanted.partition = place.partition;
  wanted.folder = folder;
  wanted.output = folder + "/job.log";
  wanted.nodes = request.nodes;
  wanted.cpus = place.cpus;
  wanted.memory_mib = place.memory_mib;
  wanted.gres = place.gres;
  wanted.account = cluster.account;
  wanted.qos = cluster.qos;
  wanted.reservation = cluster.reservation;
  wanted.constraint = cluster.constraint;
  wanted.exclusive = cluster.exclusive;
  wanted.time_limit = place.time_limit;
  wanted.notice_lead = cluster.notice_lead;
  wanted.more = cluster.options;
  return wanted;
}

Result<InstancePage> SlurmProvider::instances(const OwnerId& owner, const provider::PageToken& page) {
  std::size_t first = 0;
  if (!page.empty()) {
    const auto [end, error] = std::from_chars(page.data(), page.data() + page.size(), first);
    if (error != std::errc() || end != page.data() + page.size())
      return Error{Code::invalid_argument, "there is no page '" + page + "' of the instances"};
  }
  InstancePage answer;
  if (!is_plain(owner.text())) return answer;
  Entries listed;
  auto seen = std::make_shared<const JobsSeen>();
  TW_ASSIGN_OR_RETURN(const bool quiet, all_ended(owner, listed));
  if (!quiet) {
    // The jobs first: what ends meanwhile has then said so itself.
    TW_ASSIGN_OR_RETURN(seen, jobs());
    TW_ASSIGN_OR_RETURN(listed, store_.list(owner));
  }
  const Sight sight{*seen, listed.now, clock_.now() - seen->asked_at()};
  std::vector<std::pair<Record, End>> ended;
  for (const Entry& entry : listed.entries) {
    std::optional<Viewed> viewed = view(entry, sight, options_.stale);
    if (!viewed) continue;
    if (viewed->conclusion) ended.emplace_back(entry.record, *viewed->conclusion);
    answer.instances.push_back(std::move(viewed->instance));
  }
  TW_RETURN_IF_ERROR(store_.conclude(ended));
  if (std::ranges::all_of(listed.entries, [](const Entry& entry) { return entry.end.has_value(); })) {
    const std::scoped_lock lock(mutex_);
    quiet_.insert(owner.text());
  }
  cancel_strays(listed.entries, sight);
  // By token, so that pages hold still while others come and go.
  const std::size_t all = answer.instances.size();
  const std::size_t last = std::min(all, first + options_.page_size);
  if (last < all) answer.next_page = std::to_string(last);
  answer.instances.erase(answer.instances.begin() + static_cast<std::ptrdiff_t>(last),
                         answer.instances.end());
  answer.instances.erase(answer.instances.begin(),
                         answer.instances.begin() + static_cast<std::ptrdiff_t>(std::min(first, last)));
  return answer;
}

Result<bool> SlurmProvider::all_ended(const OwnerId& owner, Entries& listed) {
  {
    const std::scoped_lock lock(mutex_);
    if (!quiet_.contains(owner.text())) return false;
  }
  TW_ASSIGN_OR_RETURN(listed, store_.list(owner));
  if (std::ranges::all_of(listed.entries, [](const Entry& entry) { return entry.end.has_value(); }))
    return true;
  const std::scoped_lock lock(mutex_);
  quiet_.erase(owner.text());
  return false;
}

// A second job of a token would end as soon as it began; until then it stands in the queue for nothing.
void SlurmProvider::cancel_strays(const std::vector<Entry>& entries, const Sight& sight) {
  std::vector<Entry> strays;
  for (const Entry& entry : entries) {
    if (!entry.end) continue;
    const std::vector<const Job*> jobs = sight.jobs.of(entry);
    if (std::ranges::any_of(jobs, [](const Job* job) { return job->state == JobState::pending; }))
      strays.push_back(entry);
  }
  static_cast<void>(cancel_all(strays, sight));
}

bool SlurmProvider::may_cancel_now(const std::string& token) {
  const std::scoped_lock lock(mutex_);
  const Duration now = clock_.monotonic();
  std::erase_if(cancelled_, [&](const auto& item) { return now - item.second >= options_.query_gap; });
  return cancelled_.emplace(token, now).second;
}

}  // namespace tradewind::slurm
