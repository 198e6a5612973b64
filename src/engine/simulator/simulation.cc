#include "engine/simulator/simulation.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <set>
#include <span>

#include "base/text.h"
#include "core/policy/player_registry.h"
#include "edge/objectstore/memory_store.h"
#include "edge/store/store.h"
#include "engine/broker/world.h"
#include "engine/simulator/process_stores.h"
#include "engine/simulator/suppliers.h"
#include "engine/simulator/truth.h"

namespace tradewind::simulator {
namespace {

using scheduler::Observation;

constexpr Duration faults_cease_after{5'400'000};
constexpr Duration horizon{4 * 3'600'000};
// Queues, and outages of an hour, take their time.
constexpr Duration backends_horizon{10 * 3'600'000};
constexpr double interval_s = 45;  // of progress between checkpoints
// Beyond its work, what a job needs to end in time on on-demand: two starts, a checkpoint, and the steps of
// agents and broker.
constexpr double deadline_spare_s = 300;
constexpr double start_s = 80;  // launch to the program's first second, at most

class Simulation final : public broker::ActionRunner {
 public:
  explicit Simulation(const SimulationOptions& options);
  SimulationReport run();

  void start(scheduler::Action action) override;
  std::vector<Observation> wait_until(Time time) override;

 private:
  void make_suppliers();
  void take_supplier(std::unique_ptr<ModelBackend> supplier);
  void plan_users();
  void submit(int number);
  void set_deadline(JobSpec& spec);
  void check_deadline(const JobRecord& job);
  void submit_again(const scheduler::SubmitCommand& command);
  void ask_later(int number);
  Location some_place();
  Fault boundary(Boundary where);
  Fault commit_boundary(const std::vector<Event>& events);
  Fault happen(Fault fault, std::string_view where);
  scheduler::Market survey(const scheduler::SurveyQuestion& question) const;
  broker::Decide decide() const;
  void start_broker();
  void crash();
  void arrive_late(const std::vector<scheduler::Action>& actions);
  struct Batch;
  void depart(const std::shared_ptr<Batch>& batch, std::uint64_t generation);
  void answer_later(Duration span, std::vector<Observation> observations, std::function<void()> then = {});
  void ask_for_offers();
  Duration on_the_way() { return Duration(static_cast<std::int64_t>(1 + faults_.random().below(200))); }
  void saw_commit(const std::vector<Event>& events, Fault fault);
  bool settled();
  void log(const std::string& line);
  void finish_report();

  SimulationOptions options_;
  Timeline time_;
  Faults faults_;
  Random random_;
  OwnerId owner_;
  std::unique_ptr<objectstore::ObjectStore> objects_;
  std::unique_ptr<objectstore::ObjectStore> agent_objects_;
  std::unique_ptr<HookedStore> broker_objects_;
  std::unique_ptr<ModelWorld> models_;
  std::set<std::string> begun_;  // tokens whose agents did
  Truth::Backends suppliers_;
  std::map<std::string, std::vector<Offer>> offers_;  // as each supplier told them last
  std::vector<Offer> broker_offers_;
  std::unique_ptr<store::Store> store_;
  ClusterState committed_;  // what the store holds, but for its version: without a copy for every look
  std::unique_ptr<CommitHook> hooked_store_;
  std::unique_ptr<Truth> truth_;
  broker::World world_;
  scheduler::Working working_;
  std::unique_ptr<broker::Broker> broker_;

  std::uint64_t generation_ = 0;  // of the control plane's process
  bool crashed_ = false;
  std::vector<Observation> observations_;
  // As broker::ThreadRunner has them: one call of each kind to each supplier that takes several; what comes
  // up meanwhile goes with the next.
  struct Batch {
    std::vector<scheduler::Action> actions;
    std::size_t max = 1;
    bool is_under_way = false;
  };
  std::map<std::string, std::shared_ptr<Batch>> batches_;
  std::uint64_t next_ticket_ = 1;
  std::map<std::uint64_t, JobId> submissions_;  // ticket → job
  std::set<JobId> acknowledged_;
  int jobs_planned_ = 0;
  JobId open_job_;  // the last ones that were seen open
  LeaseId open_lease_;
  SimulationReport report_;
};

// What kinds of programs there are: most train to the end.
std::string run_of(std::uint64_t roll) {
  if (roll == 0) return "fail";      // ends with an error
  if (roll == 1) return "break";     // its agent cannot work anywhere
  if (roll == 2) return "stranded";  // after a while nobody sells what it needs
  return roll < 8 ? "short" : "train";
}

Simulation::Simulation(const SimulationOptions& options)
    : options_(options),
      time_(*parse_utc("2026-01-01")),
      faults_(options.seed * 2 + 1, rates_of(options)),
      random_(options.seed * 2),
      owner_("0123456789abcdef0123456789abcdef"),
      objects_(objectstore::make_memory_store()),
      store_(store::make_memory_store(owner_)) {
  report_.seed = options.seed;
  committed_ = *store_->snapshot();
  if (options_.broken_create_if_absent || options_.mutant == Mutant::ledger_overwritten)
    agent_objects_ = std::make_unique<OverwritingStore>(*objects_);
  broker_objects_ =
      std::make_unique<HookedStore>(*objects_, [this] { return boundary(Boundary::mailbox_call); });
  hooked_store_ = std::make_unique<CommitHook>(
      *store_, [this](const std::vector<Event>& events) { return commit_boundary(events); },
      [this](const std::vector<Event>& events, Fault fault) { saw_commit(events, fault); },
      [this](const std::vector<Event>& events) {
        for (const Event& event : events) apply(committed_, event);
      });
  truth_ = std::make_unique<Truth>(time_, suppliers_, *objects_, owner_, simulated_lease_term);
  make_suppliers();
  plan_users();
  truth_->expect_jobs(options_.jobs);
}

void Simulation::make_suppliers() {
  models_ = std::make_unique<ModelWorld>(
      ModelWorld{time_, faults_, agent_objects_ ? *agent_objects_ : *objects_,
                 [this] { return generation_ == 0 ? Fault::none : boundary(Boundary::supplier_call); },
                 [this](const std::string& what) { truth_->violation(what); },
                 [this](const std::string& line) { log(line); },
                 [this](const std::string& what) { ++report_.counts[what]; }, &begun_, options_.mutant});
  const auto asked = [this](const provider::LaunchRequest& request) {
    ++report_.launches;
    truth_->launch_asked(committed_, request);
  };
  if (options_.backends.empty()) {
    for (auto& cloud : make_clouds(*models_, asked, options_, random_)) take_supplier(std::move(cloud));
  }
  for (const Backend kind : options_.backends) {
    BackendSetup setup{asked, std::max(options_.capacity, 2), random_.next()};
    for (auto& each : make_backends(kind, *models_, setup)) take_supplier(std::move(each));
  }
  world_.owner = owner_;
  world_.clock = &time_;
  world_.stores["home"] = broker_objects_.get();
  world_.lease_term = simulated_lease_term;
  set_pace(working_.tempo, options_);
  working_.random = Random(random_.next());
}

void Simulation::take_supplier(std::unique_ptr<ModelBackend> supplier) {
  provider::Provider& provider = supplier->provider();
  const std::string name = provider::supplier_name(provider.capabilities());
  world_.providers[name] = &provider;
  working_.suppliers[name] = supplier->facts();
  offers_[name] = *provider.offers({});
  working_.offers.insert(working_.offers.end(), offers_[name].begin(), offers_[name].end());
  suppliers_[name] = std::move(supplier);
}

void Simulation::plan_users() {
  std::uint64_t spread_ms = options_.backends.empty() ? 60'000 : 900'000;
  if (!options_.backends.empty() && random_.chance(0.45)) {  // a sweep: many jobs at once, which are short
    options_.jobs *= 3;
    options_.work_steps /= 3;
    spread_ms = random_.chance(0.5) ? 3'000 : 200;
  }
  if (!options_.backends.empty()) ask_for_offers();
  for (int number = 0; number < options_.jobs; ++number) {
    ++jobs_planned_;
    time_.after(Duration(static_cast<std::int64_t>(random_.below(spread_ms))),
                [this, number] { submit(number); });
  }
  time_.after(faults_cease_after, [this] {
    faults_.switch_off();
    log("faults cease");
  });
}

// Some are tight, some leave room for spot alone, some cannot be kept.
void Simulation::set_deadline(JobSpec& spec) {
  if (options_.pauses) {
    spec.policy = "uniform_progress";
    spec.deadline_after = duration_of_seconds(spec.work.total * (2 + 4 * random_.unit()) + deadline_spare_s);
    return;
  }
  if (random_.chance(0.5)) return;
  const std::vector<std::string_view> names = policy::player_names();
  spec.policy = names[random_.below(names.size())];
  const double spare_s = random_.chance(0.1) ? 0 : deadline_spare_s + 400 * random_.unit();
  spec.deadline_after = duration_of_seconds(spec.work.total * (1 + 2 * random_.unit()) + spare_s);
}

void Simulation::submit(int number) {
  JobSpec spec;
  spec.name = "job-" + std::to_string(number);
  spec.run = options_.late_finishers ? (random_.chance(0.5) ? "fail" : "short") : run_of(random_.below(24));
  const bool is_short = spec.run == "short" || options_.late_finishers;
  spec.work.total = is_short ? 20 : std::floor(std::max(20.0, options_.work_steps * (0.5 + random_.unit())));
  if (options_.pauses) {
    const double roll = random_.unit();
    spec.run = spec.run == "short" || roll < 0.2 ? "stranded" : roll < 0.5 ? "fail" : spec.run;
    if (random_.chance(0.7)) spec.envs[std::string(deaf_variable)] = "1";
  }
  if (options_.deadlines || options_.pauses) set_deadline(spec);
  const JobId id("j-" + std::to_string(number));
  submit_again({0, id, spec, "home"});
  if (options_.moves) ask_later(number);
}

// A client that got no answer asks again, under the same id.
void Simulation::submit_again(const scheduler::SubmitCommand& command) {
  if (acknowledged_.contains(command.id)) return;
  scheduler::SubmitCommand asked = command;
  asked.ticket = next_ticket_++;
  submissions_[asked.ticket] = asked.id;
  if (!crashed_) observations_.emplace_back(asked);
  time_.after(Duration(30'000), [this, command] { submit_again(command); });
}

Location Simulation::some_place() {
  if (options_.backends.empty()) return {random_.chance(0.5) ? "alpha" : "beta", "", ""};
  return working_.offers[random_.below(working_.offers.size())].location;
}

void Simulation::ask_later(int number) {
  const JobId job("j-" + std::to_string(number));
  const auto random_time = [this](double most_s) { return duration_of_seconds(most_s * random_.unit()); };
  for (int i = 0; i < 3; ++i) {
    const Location target = some_place();
    const MoveId id("m-" + std::to_string(number) + "-" + std::to_string(i));
    time_.after(random_time(options_.work_steps * 2), [this, job, target, id] {
      if (!crashed_) observations_.emplace_back(scheduler::MoveCommand{next_ticket_++, id, job, target});
    });
  }
  if (random_.chance(0.3)) {
    time_.after(random_time(options_.work_steps * (random_.chance(0.3) ? 0.2 : 2)), [this, job] {
      if (!crashed_) observations_.emplace_back(scheduler::CancelCommand{next_ticket_++, job});
    });
  }
}

Fault Simulation::boundary(Boundary where) {
  if (crashed_) return Fault::crash_before;  // a dead process makes no calls
  constexpr std::string_view names[] = {"a commit", "a supplier's call", "a mailbox call"};
  return happen(faults_.draw(where), names[static_cast<std::size_t>(where)]);
}

// A job that ends, or is cancelled, while it waits for a place: the seldom edges.
Fault Simulation::commit_boundary(const std::vector<Event>& events) {
  if (crashed_) return Fault::crash_before;
  const bool rare = std::any_of(events.begin(), events.end(), [&](const Event& event) {
    if (event.kind == "move.failed") {
      const auto move = committed_.moves.find(MoveId(subject_of(event)));
      return move != committed_.moves.end() && move->second.state == MoveState::saving;
    }
    if (event.kind == "job.gave_up") {
      const auto job = committed_.jobs.find(JobId(subject_of(event)));
      return job != committed_.jobs.end() && job->second.state == JobState::waiting;
    }
    if (event.kind != "job.finished_ok" && event.kind != "job.finished_error" &&
        event.kind != "job.cancel_asked")
      return false;
    const auto job = committed_.jobs.find(JobId(subject_of(event)));
    return job != committed_.jobs.end() && job->second.state != JobState::running &&
           job->second.state != JobState::starting;
  });
  return rare ? happen(faults_.draw_at_rare_commit(), "a rare commit") : boundary(Boundary::commit);
}

Fault Simulation::happen(Fault fault, std::string_view where) {
  if (fault == Fault::none) return fault;
  ++report_.faults;
  if (options_.keep_log) log(std::string(to_text(fault)) + " " + std::string(where));
  if (fault == Fault::crash_before || fault == Fault::crash_after) crashed_ = true;
  return fault;
}

// Every offer, the cheapest first, and all as fast. The planner has its own tests.
scheduler::Market Simulation::survey(const scheduler::SurveyQuestion& question) const {
  scheduler::Market market;
  market.why_none = "nobody sells what it needs";
  market.interval_s = interval_s;
  const bool stranded =
      question.job.spec.run == "stranded" && question.now > question.job.submitted_at + Duration(90'000);
  for (const Offer& offer : question.offers) {
    if (stranded) break;
    if (question.within && !contains(*question.within, offer.location)) continue;
    if (question.except && *question.except == offer.location) continue;
    const double work_s = question.job.spec.work.total;
    const double hours = work_s / 3600;
    market.offers.push_back({offer, offer.price_per_hour.as_double() * hours, work_s, work_s, start_s, 0});
    if (!offer.queue_wait || question.queue_waits == nullptr) continue;
    const auto waits = question.queue_waits->find(offer.location);
    std::span<const planner::QueueSample> history;
    if (waits != question.queue_waits->end()) history = waits->second;
    market.offers.back().queue = planner::QueueWait(*offer.queue_wait, history);
  }
  std::ranges::stable_sort(market.offers, {}, &scheduler::FeasibleOffer::expected_usd);
  return market;
}

broker::Decide Simulation::decide() const {
  if (options_.mutant != Mutant::offers_never_blocked) return options_.decide;
  return [inner = options_.decide](ClusterState& state, scheduler::Working& working,
                                   const scheduler::Survey& survey,
                                   const std::vector<Observation>& observations, Time now) {
    working.health.clear();
    return inner(state, working, survey, observations, now);
  };
}

void Simulation::start_broker() {
  ++generation_;
  crashed_ = false;
  for (const auto& [name, supplier] : suppliers_) {
    supplier->restart();
    world_.providers[name] = &supplier->provider();
  }
  working_.random = Random(random_.next());
  broker_offers_.clear();
  broker_ = std::make_unique<broker::Broker>(
      broker::BrokerParts{*hooked_store_, *this, time_,
                          [this](const auto& question) { return survey(question); }, working_, decide(),
                          [this](const scheduler::Answer& answer) {
                            if (crashed_ || !answer.value.ok()) return;  // a dead process answers nobody
                            const auto submitted = submissions_.find(answer.ticket);
                            if (submitted == submissions_.end()) return;
                            acknowledged_.insert(submitted->second);
                            truth_->acknowledged(submitted->second);
                          }});
  (void)broker_->load();
}

void Simulation::crash() {
  ++report_.crashes;
  broker_.reset();
  observations_.clear();
  batches_.clear();
  for (const auto& [name, supplier] : suppliers_) supplier->stop();
  const Time restart = time_.now() + Duration(static_cast<std::int64_t>(faults_.random().below(90'000)));
  log("the control plane is down until " + format_utc(restart));
  while (time_.next() <= restart) time_.advance();
  time_.skip_to(restart);
  start_broker();
}

void Simulation::saw_commit(const std::vector<Event>& events, Fault fault) {
  report_.coverage.note(committed_, events, fault);
  const bool made = fault == Fault::none || fault == Fault::crash_after || fault == Fault::lost_reply;
  if (!made) return;
  report_.events += events.size();
  truth_->committed(committed_, events);
  if (!options_.keep_log) return;
  for (const Event& event : events) log(event.kind + " " + subject_of(event) + ": " + event.detail);
}

void Simulation::start(scheduler::Action action) {
  const std::uint64_t generation = generation_;
  const Duration there = on_the_way();
  const std::optional<broker::Batching> batching = broker::batching_of(world_, action);
  if (batching) {
    std::shared_ptr<Batch>& batch = batches_[batching->name];
    if (!batch) batch = std::make_shared<Batch>();
    batch->max = batching->max;
    batch->actions.push_back(std::move(action));
    if (std::exchange(batch->is_under_way, true)) return;
    time_.after(there, [this, generation, batch] { depart(batch, generation); });
    return;
  }
  const Duration back = on_the_way();
  time_.after(there, [this, generation, back, action = std::move(action)] {
    // A dead process answers nobody; a request that had left it may still arrive.
    if (generation != generation_ || crashed_) return arrive_late({action});
    const bool twice =
        options_.mutant == Mutant::launch_repeated && std::holds_alternative<scheduler::Launch>(action);
    if (twice) (void)perform(world_, action);
    const Observation observation = perform(world_, action);
    if (!crashed_) answer_later(back, {observation});
  });
}

void Simulation::depart(const std::shared_ptr<Batch>& batch, std::uint64_t generation) {
  const auto end =
      batch->actions.begin() + static_cast<std::ptrdiff_t>(std::min(batch->max, batch->actions.size()));
  const std::vector<scheduler::Action> actions(batch->actions.begin(), end);
  batch->actions.erase(batch->actions.begin(), end);
  if (generation != generation_ || crashed_) return arrive_late(actions);
  if (options_.mutant == Mutant::launch_repeated) (void)perform_together(world_, actions);
  std::vector<Observation> observations = perform_together(world_, actions);
  if (crashed_) return;
  // Meanwhile others gather: a call for many takes its time.
  answer_later(on_the_way() * 10, std::move(observations), [this, batch, generation] {
    batch->is_under_way = !batch->actions.empty();
    if (batch->is_under_way) depart(batch, generation);
  });
}

void Simulation::answer_later(Duration span, std::vector<Observation> observations,
                              std::function<void()> then) {
  time_.after(
      span, [this, generation = generation_, observations = std::move(observations), then = std::move(then)] {
        if (generation != generation_ || crashed_) return;
        for (const Observation& observation : observations) observations_.push_back(observation);
        if (then) then();
      });
}

void Simulation::arrive_late(const std::vector<scheduler::Action>& actions) {
  const auto* launch = actions.empty() ? nullptr : std::get_if<scheduler::Launch>(&actions.front());
  if (launch == nullptr || !faults_.random().chance(0.5)) return;
  log("a launch of the dead process arrives late: " + launch->lease.text());
  const bool crashed = std::exchange(crashed_, false);
  const std::uint64_t generation = generation_;
  (void)perform_together(world_, actions);
  if (generation == generation_) crashed_ = crashed;
}

// What they sell changes while it is sold: how long a queue is, whether a partition is open.
void Simulation::ask_for_offers() {
  time_.after(Duration(60'000), [this] {
    ask_for_offers();
    if (!broker_ || crashed_) return;
    std::vector<Offer> all;
    for (const auto& [name, supplier] : suppliers_) {
      Result<std::vector<Offer>> offers = supplier->provider().offers({});
      if (offers.ok()) offers_[name] = *std::move(offers);
      all.insert(all.end(), offers_[name].begin(), offers_[name].end());
    }
    if (!crashed_ && all != broker_offers_) broker_->set_offers(broker_offers_ = all);
  });
}

std::vector<Observation> Simulation::wait_until(Time time) {
  while (!crashed_ && observations_.empty() && time_.next() <= time && time_.next() != Time::max())
    time_.advance();
  if (!crashed_ && observations_.empty() && time != Time::max()) time_.skip_to(time);
  return std::exchange(observations_, {});
}

// Whether any record is open. `witness` is the last one found open: the search begins there.
template <class Id, class Record, class IsOpen>
bool any_open(const std::map<Id, Record>& records, Id& witness, IsOpen is_open) {
  const auto open = [&](const auto& entry) { return is_open(entry.second); };
  const auto start = records.lower_bound(witness);
  auto found = std::find_if(start, records.end(), open);
  if (found == records.end()) {
    found = std::find_if(records.begin(), start, open);
    if (found == start) return false;
  }
  witness = found->first;
  return true;
}

bool Simulation::settled() {
  if (static_cast<int>(acknowledged_.size()) < jobs_planned_ || !broker_) return false;
  const ClusterState& state = broker_->state();
  return !any_open(state.jobs, open_job_, [](const JobRecord& job) { return !is_final(job.state); }) &&
         !any_open(state.leases, open_lease_,
                   [](const LeaseRecord& lease) { return lease.state != LeaseState::ended; });
}

void Simulation::log(const std::string& line) {
  if (options_.keep_log) report_.log.push_back(format_utc(time_.now()).substr(11, 12) + "  " + line);
}

SimulationReport Simulation::run() {
  start_broker();
  const bool is_short = options_.backends.empty() || options_.mutant == Mutant::driver_wedged;
  const Time end = time_.now() + (is_short ? horizon : backends_horizon);
  std::optional<Time> quiet_until;
  while (time_.now() < end) {
    const std::vector<Observation> observations = broker_->wait();
    if (!crashed_) {
      ++report_.turns;
      (void)broker_->turn(observations);
    }
    if (crashed_) crash();
    truth_->check(committed_);
    if (!settled()) {
      quiet_until.reset();
      continue;
    }
    // Everything ended: faults cease, and whatever was left running has this long to be found and ended.
    faults_.switch_off();
    if (!quiet_until) quiet_until = time_.now() + Duration(300'000);
    if (time_.now() >= *quiet_until) break;
  }
  finish_report();
  return std::move(report_);
}

void Simulation::check_deadline(const JobRecord& job) {
  if (!job.deadline || job.state != JobState::succeeded) return;
  const bool kept = *job.ended_at <= *job.deadline;
  if (kept) ++report_.deadlines_kept;
  const double spare_s = seconds_of(*job.deadline - job.submitted_at) - job.spec.work.total;
  if (kept || !options_.check_deadlines || spare_s < deadline_spare_s) return;
  truth_->violation("late: " + job.id.text() + " of policy " + job.spec.policy + " ended at " +
                    format_utc(*job.ended_at) + ", after its deadline " + format_utc(*job.deadline));
}

void Simulation::finish_report() {
  const ClusterState state = *store_->snapshot();
  committed_.version = state.version;
  if (committed_ != state) truth_->violation("lost: the store does not hold what was committed");
  truth_->check_end(state);
  for (const auto& [id, job] : state.jobs) {
    if (job.state == JobState::succeeded) ++report_.jobs_succeeded;
    check_deadline(job);
    if (job.state == JobState::cancelled) ++report_.jobs_cancelled;
  }
  for (const auto& [id, move] : state.moves) {
    if (move.state == MoveState::done) ++report_.moves_done;
    if (move.state == MoveState::failed) ++report_.moves_failed;
  }
  for (const auto& [id, lease] : state.leases) {
    if (lease.end == LeaseEnd::preempted) ++report_.preemptions;
  }
  report_.violations = truth_->violations();
  report_.virtual_s = seconds_of(time_.monotonic());
}

}  // namespace

SimulationReport simulate(const SimulationOptions& options) {
  return Simulation(options).run();
}

}  // namespace tradewind::simulator
