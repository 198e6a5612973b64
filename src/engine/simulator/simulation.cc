#include "engine/simulator/simulation.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "base/text.h"
#include "core/policy/player_registry.h"
#include "edge/objectstore/memory_store.h"
#include "edge/store/store.h"
#include "engine/broker/world.h"
#include "engine/simulator/model_supplier.h"
#include "engine/simulator/truth.h"

namespace tradewind::simulator {
namespace {

using scheduler::Observation;

constexpr Duration lease_term{60'000};
constexpr Duration faults_cease_after{5'400'000};
constexpr Duration horizon{4 * 3'600'000};
constexpr double interval_s = 45;  // of progress between checkpoints
// Beyond its work, what a job needs to end in time on on-demand: two starts, a checkpoint, and the steps of
// agents and broker.
constexpr double deadline_spare_s = 300;
constexpr double start_s = 80;  // launch to the program's first second, at most

FaultRates rates_of(const SimulationOptions& options) {
  if (!options.faults) return {};
  FaultRates rates;
  rates.crash = options.late_finishers || options.pauses ? 0.01 : 0.004;
  rates.lost = 0.02;
  rates.agent_lost = 0.02;
  rates.agent_death = 0.002;
  rates.partition = options.late_finishers || options.pauses ? 0.7 : 0.15;
  rates.boot_failure = options.boot_failure;
  rates.refusal = options.pauses ? 0.6 : 0.1;
  rates.stale_list = 0.3;
  return rates;
}

// A store in which create-if-absent overwrites: the defect that a ledger cannot stand on.
class OverwritingStore final : public objectstore::ObjectStore {
 public:
  explicit OverwritingStore(objectstore::ObjectStore& inner) : inner_(inner) {}
  std::string url() const override { return inner_.url(); }
  Status put(std::string_view key, std::string_view bytes, objectstore::PutCondition) override {
    return inner_.put(key, bytes, objectstore::PutCondition::always);
  }
  Result<std::string> get(std::string_view key, objectstore::ByteRange range) override {
    return inner_.get(key, range);
  }
  Result<objectstore::ObjectInfo> stat(std::string_view key) override { return inner_.stat(key); }
  Result<objectstore::ObjectPage> list(std::string_view prefix, std::string_view after,
                                       std::size_t limit) override {
    return inner_.list(prefix, after, limit);
  }
  Status remove(std::string_view key) override { return inner_.remove(key); }
  Status remove_if_older(std::string_view key, Time limit) override {
    return inner_.remove_if_older(key, limit);
  }

 private:
  objectstore::ObjectStore& inner_;
};

// The control plane's store as its process sees it: a commit can be lost before or after it was made.
class CommitHook final : public store::Store {
 public:
  using Before = std::function<Fault(const std::vector<Event>&)>;
  using Seen = std::function<void(const std::vector<Event>&, Fault)>;
  using Made = std::function<void(const std::vector<Event>&)>;
  CommitHook(store::Store& inner, Before before, Seen seen, Made made)
      : inner_(inner), before_(std::move(before)), seen_(std::move(seen)), made_(std::move(made)) {}
  Result<ClusterState> snapshot() override { return inner_.snapshot(); }
  Result<std::vector<store::HistoryEntry>> history(const store::HistoryQuery& query) override {
    return inner_.history(query);
  }
  Result<std::uint64_t> commit(std::uint64_t version, const std::vector<Event>& events) override {
    const Fault fault = before_(events);
    seen_(events, fault);
    if (fault == Fault::crash_before || fault == Fault::lost_request) {
      return Error{Code::unavailable, "the disk did not answer"};
    }
    Result<std::uint64_t> committed = inner_.commit(version, events);
    if (committed.ok()) made_(events);
    if (fault != Fault::none) return Error{Code::unavailable, "the disk did not answer in time"};
    return committed;
  }

 private:
  store::Store& inner_;
  Before before_;
  Seen seen_;
  Made made_;
};

class Simulation final : public broker::ActionRunner {
 public:
  explicit Simulation(const SimulationOptions& options);
  SimulationReport run();

  void start(scheduler::Action action) override;
  std::vector<Observation> wait_until(Time time) override;

 private:
  void make_suppliers();
  void plan_users();
  void submit(int number);
  void set_deadline(JobSpec& spec);
  void check_deadline(const JobRecord& job);
  void submit_again(const scheduler::SubmitCommand& command);
  void ask_later(int number);
  Fault boundary(Boundary where);
  Fault commit_boundary(const std::vector<Event>& events);
  Fault happen(Fault fault, std::string_view where);
  scheduler::Market survey(const scheduler::SurveyQuestion& question) const;
  void start_broker();
  void crash();
  void arrive_late(const scheduler::Action& action);
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
  std::map<std::string, std::unique_ptr<ModelSupplier>> suppliers_;
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
  if (options_.broken_create_if_absent) agent_objects_ = std::make_unique<OverwritingStore>(*objects_);
  broker_objects_ =
      std::make_unique<HookedStore>(*objects_, [this] { return boundary(Boundary::mailbox_call); });
  hooked_store_ = std::make_unique<CommitHook>(
      *store_, [this](const std::vector<Event>& events) { return commit_boundary(events); },
      [this](const std::vector<Event>& events, Fault fault) { saw_commit(events, fault); },
      [this](const std::vector<Event>& events) {
        for (const Event& event : events) apply(committed_, event);
      });
  truth_ = std::make_unique<Truth>(time_, suppliers_, *objects_, owner_, lease_term);
  make_suppliers();
  plan_users();
}

Offer offer_of(const std::string& supplier, Purchase purchase, const char* price) {
  Offer offer;
  offer.location = {supplier, "north", ""};
  offer.instance_type = "standard";
  offer.purchase = purchase;
  offer.price_per_hour = *Money::parse(price);
  return offer;
}

void Simulation::make_suppliers() {
  const ModelSupplier::World shared{
      time_,
      faults_,
      agent_objects_ ? *agent_objects_ : *objects_,
      [this] { return boundary(Boundary::supplier_call); },
      [this](const std::string& what) { truth_->violation("foreign: " + what); },
      [this](const std::string& line) { log(line); }};
  const auto add = [&](SupplierModel model) {
    const std::string name = model.name;
    model.page_size = static_cast<std::size_t>(std::clamp(options_.capacity, 4, 1000));
    scheduler::SupplierFacts facts{model.list_delay, model.boot * 2, model.notice_lead};
    working_.suppliers[name] = facts;
    for (const Offer& offer : model.offers) working_.offers.push_back(offer);
    auto supplier = std::make_unique<ModelSupplier>(std::move(model), shared, random_.next());
    supplier->add_foreign(OwnerId("ffffffffffffffffffffffffffffffff"), "foreign");
    supplier->add_foreign(OwnerId(), "foreign");
    supplier->on_launch = [this](const provider::LaunchRequest& request) {
      ++report_.launches;
      truth_->launch_asked(committed_, request);
    };
    world_.providers[name] = supplier.get();
    suppliers_[name] = std::move(supplier);
  };
  const double life_s = 120 + 600 * random_.unit();
  const Duration life = duration_of_seconds(options_.preemptions ? life_s : 0);
  // Every fourth world is short of everything, so that jobs queue.
  const bool scarce = !options_.check_deadlines && (options_.late_finishers || random_.below(4) == 0);
  if (scarce) {
    options_.capacity = std::min(options_.capacity, 1);
    options_.jobs *= 2;
  }
  const Duration ending(options_.late_finishers || random_.below(3) == 0 ? 240'000 : 15'000);
  add({"alpha",
       {offer_of("alpha", Purchase::spot, "0.30")},
       options_.capacity,
       Duration(20'000),
       Duration(20'000),
       life,
       Duration(0),
       ending});
  add({"beta",
       {offer_of("beta", Purchase::spot, "0.35"), offer_of("beta", Purchase::on_demand, "1.20")},
       options_.capacity,
       Duration(15'000),
       Duration(40'000),
       life,
       Duration(30'000),
       ending});
  world_.owner = owner_;
  world_.clock = &time_;
  world_.stores["home"] = broker_objects_.get();
  world_.lease_term = lease_term;
  working_.tempo.mailbox_poll = Duration(10'000);
  working_.tempo.list_poll = Duration(15'000);
  working_.tempo.lease_term = lease_term;
  working_.tempo.orphan_grace = Duration(60'000);
  working_.tempo.retry_capacity = Duration(15'000);
  working_.tempo.tick = Duration(20'000);
  if (options_.pauses) working_.tempo.stop_patience = Duration(5000);  // some finish when they were to stop
  working_.tempo.hard_limit = Duration(1'200'000);
  working_.tempo.stillborn_max = 12;  // agents die more often here than anywhere
  working_.random = Random(random_.next());
}

void Simulation::plan_users() {
  for (int number = 0; number < options_.jobs; ++number) {
    ++jobs_planned_;
    time_.after(Duration(static_cast<std::int64_t>(random_.below(60'000))),
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

void Simulation::ask_later(int number) {
  const JobId job("j-" + std::to_string(number));
  const auto random_time = [this](double most_s) { return duration_of_seconds(most_s * random_.unit()); };
  for (int i = 0; i < 3; ++i) {
    const Location target{random_.chance(0.5) ? "alpha" : "beta", "", ""};
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
  }
  std::ranges::stable_sort(market.offers, {}, &scheduler::FeasibleOffer::expected_usd);
  return market;
}

void Simulation::start_broker() {
  ++generation_;
  crashed_ = false;
  working_.random = Random(random_.next());
  broker_ = std::make_unique<broker::Broker>(broker::BrokerParts{
      *hooked_store_, *this, time_, [this](const auto& question) { return survey(question); }, working_,
      options_.decide,
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
  const Duration there(static_cast<std::int64_t>(1 + faults_.random().below(200)));
  const Duration back(static_cast<std::int64_t>(1 + faults_.random().below(200)));
  time_.after(there, [this, generation, back, action = std::move(action)] {
    // A dead process answers nobody; a request that had left it may still arrive.
    if (generation != generation_ || crashed_) return arrive_late(action);
    const Observation observation = perform(world_, action);
    if (crashed_) return;
    time_.after(back, [this, generation, observation] {
      if (generation == generation_ && !crashed_) observations_.push_back(observation);
    });
  });
}

void Simulation::arrive_late(const scheduler::Action& action) {
  const auto* launch = std::get_if<scheduler::Launch>(&action);
  if (launch == nullptr || !faults_.random().chance(0.5)) return;
  log("a launch of the dead process arrives late: " + launch->lease.text());
  const bool crashed = std::exchange(crashed_, false);
  const std::uint64_t generation = generation_;
  (void)perform(world_, action);
  if (generation == generation_) crashed_ = crashed;
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
  const Time end = time_.now() + horizon;
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

void add_report(SimulationSum& sum, const SimulationReport& report) {
  ++sum.seeds;
  for (const std::string& violation : report.violations) {
    sum.violations.push_back("seed " + std::to_string(report.seed) + ": " + violation);
  }
  SimulationReport& total = sum.total;
  total.coverage.add(report.coverage);
  total.turns += report.turns;
  total.events += report.events;
  total.crashes += report.crashes;
  total.faults += report.faults;
  total.launches += report.launches;
  total.preemptions += report.preemptions;
  total.jobs_succeeded += report.jobs_succeeded;
  total.jobs_cancelled += report.jobs_cancelled;
  total.deadlines_kept += report.deadlines_kept;
  total.moves_done += report.moves_done;
  total.moves_failed += report.moves_failed;
  total.virtual_s += report.virtual_s;
}

}  // namespace

SimulationReport simulate(const SimulationOptions& options) {
  return Simulation(options).run();
}

SimulationSum simulate_seeds(const SimulationOptions& first, std::uint64_t seeds, int threads) {
  SimulationSum sum;
  std::mutex mutex;
  std::atomic<std::uint64_t> next{0};
  const auto work = [&] {
    for (std::uint64_t i = next++; i < seeds; i = next++) {
      SimulationOptions options = first;
      options.seed = first.seed + i;
      const SimulationReport report = simulate(options);
      const std::lock_guard lock(mutex);
      add_report(sum, report);
    }
  };
  std::vector<std::thread> workers;
  for (int i = 1; i < threads; ++i) workers.emplace_back(work);
  work();
  for (std::thread& worker : workers) worker.join();
  return sum;
}

}  // namespace tradewind::simulator
