#include "engine/simulator/mirror.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>

#include "core/model/decision.h"
#include "core/policy/safety.h"
#include "core/scheduler/seat.h"
#include "edge/store/store.h"
#include "engine/broker/broker.h"

namespace tradewind::simulator {
namespace {

using policy::Problem;
using scheduler::Observation;

const JobId the_job("j-mirrored");
const Time start = *parse_utc("2026-01-01");
constexpr Duration ages{1'000'000'000'000};

JobRecord record_of(const MirrorSetup& setup) {
  JobRecord job;
  job.id = the_job;
  job.spec = setup.spec;
  job.submitted_at = start;
  job.total_steps = setup.spec.work.total;
  job.deadline = start + *setup.spec.deadline_after;
  return job;
}

scheduler::Tempo tempo_of(const MirrorSetup& setup) {
  scheduler::Tempo tempo;
  tempo.tick = setup.tick;
  tempo.ask_again = setup.tick;
  tempo.mailbox_poll = tempo.retry_capacity = Duration(0);
  tempo.list_poll = tempo.idle_list_poll = tempo.lease_term = tempo.boot_patience = tempo.hard_limit = ages;
  return tempo;
}

std::shared_ptr<scheduler::Seat> seat_of(const MirrorSetup& setup) {
  const JobRecord job = record_of(setup);
  scheduler::SurveyQuestion question{job, setup.offers, start};
  question.whole = true;
  return scheduler::make_seat(job, setup.survey(question), tempo_of(setup), std::nullopt, 0.05);
}

class WallClock final : public Clock {
 public:
  Time now() const override { return now_; }
  Duration monotonic() const override { return now_ - start; }
  void set(Time now) { now_ = now; }

 private:
  Time now_ = start;
};

// A place that was launched, and the agent on it.
struct Place {
  LeaseRecord lease;  // as launched: id, offer
  int zone = 0;
  bool spot = false;
  Instance instance;
  AgentStatus status;
  double setup_left_s = 0;
  std::uint64_t told = 0;  // the sequence of the status that was read last

  bool lives() const { return instance.state != InstanceState::terminated; }
  bool runs() const { return lives() && status.epoch > 0 && !is_final(status.phase); }
};

class Mirror final : public broker::ActionRunner {
 public:
  Mirror(const MirrorSetup& setup, const std::vector<std::vector<std::uint8_t>>& up)
      : setup_(setup),
        up_(up),
        seat_(simulator::seat_of(setup)),
        store_(store::make_memory_store(OwnerId("owner"))) {
    boot();
    observations_.emplace_back(scheduler::SubmitCommand{1, the_job, setup.spec, "home"});
  }

  Result<Mirrored> run() {
    while (!over()) {
      const std::vector<Observation> observations = broker_->wait();
      if (std::exchange(restarts_, false)) {
        restarted_before_ = tick_ + 1;
        clock_.set(seat_->time_of(tick_) + seat_->tick / 2);
        reading_.reset();
        boot();
        continue;
      }
      TW_RETURN_IF_ERROR(broker_->turn(observations));
    }
    return finished();
  }

  void start(scheduler::Action action) override {
    if (auto* launch = std::get_if<scheduler::Launch>(&action)) return do_launch(*launch);
    if (auto* terminate = std::get_if<scheduler::Terminate>(&action)) return do_terminate(*terminate);
    if (auto* order = std::get_if<scheduler::WriteOrder>(&action)) return do_order(*order);
    if (auto* read = std::get_if<scheduler::ReadMailbox>(&action)) return do_read(*read);
    if (std::holds_alternative<scheduler::ListInstances>(action)) list();
  }

  std::vector<Observation> wait_until(Time time) override {
    if (observations_.empty()) {
      const Time next = seat_->time_of(tick_ + 1);
      if (setup_.restarts_before.contains(tick_ + 1) && restarted_before_ <= tick_) {
        restarts_ = true;
      } else if (time < next) {
        clock_.set(std::max(clock_.now(), time));
      } else {
        pass_tick();
      }
    }
    return std::exchange(observations_, {});
  }

 private:
  const Problem& problem() const { return seat_->problem; }
  bool over() const {
    const auto job = broker_->state().jobs.find(the_job);
    return tick_ >= problem().deadline_ticks ||
           (job != broker_->state().jobs.end() && is_final(job->second.state));
  }

  void boot() {
    scheduler::Working working;
    working.tempo = tempo_of(setup_);
    working.suppliers = setup_.suppliers;
    working.offers = setup_.offers;
    working.random = Random(7 + static_cast<std::uint64_t>(tick_));
    broker_ = std::make_unique<broker::Broker>(
        broker::BrokerParts{*store_, *this, clock_, setup_.survey, std::move(working)});
    (void)broker_->load();
  }

  Mirrored finished() const {
    Mirrored mirrored;
    const ClusterState& state = broker_->state();
    const auto entries = store_->history({the_job.text(), 0, 1'000'000});
    for (const store::HistoryEntry& entry : *entries) {
      if (entry.kind != decided_kind) continue;
      const std::optional<Decision> decision = decision_of(entry.detail);
      if (!decision || decision->action == "wait" || entry.at >= seat_->time_of(problem().deadline_ticks))
        continue;
      MirrorDecision told{seat_->tick_at(entry.at), decision->action == "stop" ? "stop" : "launch",
                          decision->zone, decision->purchase, true};
      for (const auto& [id, lease] : state.leases) {
        if (lease.intended_at == entry.at) told.ok = lease.launched_at.has_value();
      }
      mirrored.decisions.push_back(told);
    }
    mirrored.succeeded = state.jobs.at(the_job).state == JobState::succeeded;
    mirrored.finished_s = finished_s_;
    return mirrored;
  }

  // ---- the supplier

  void do_launch(const scheduler::Launch& launch) {
    Place place;
    place.zone = seat_->zone_of(launch.offer.location);
    place.spot = launch.offer.purchase == Purchase::spot;
    scheduler::LaunchReply reply{launch.lease, {}, clock_.now(), std::nullopt};
    if (place.spot && up_[static_cast<std::size_t>(place.zone)][static_cast<std::size_t>(tick_)] == 0) {
      reply.error = Error{Code::insufficient_capacity, "no spot in " + to_text(launch.offer.location)};
      observations_.emplace_back(reply);
      return;
    }
    reply.instance = {launch.offer.location, InstanceId("i-" + launch.lease.text())};
    place.lease.id = launch.lease;
    place.instance.ref = reply.instance;
    place.instance.owner = OwnerId("owner");
    place.instance.token = launch.lease.text();
    place.instance.state = InstanceState::running;
    place.instance.launched_at = clock_.now();
    place.status.lease = launch.lease;
    place.status.job = the_job;
    place.status.phase = AgentPhase::standby;
    place.status.total_steps = setup_.spec.work.total;
    places_.push_back(place);
    observations_.emplace_back(reply);
    if (!launch.standby) claim(places_.back());
    tell();
  }

  void do_terminate(const scheduler::Terminate& terminate) {
    for (Place& place : places_) {
      if (place.instance.ref == terminate.instance) end(place, false);
    }
    observations_.emplace_back(
        scheduler::TerminateReply{terminate.lease, terminate.instance, true, std::nullopt});
    list();
  }

  void end(Place& place, bool preempted) {
    if (!place.lives()) return;
    place.instance.state = InstanceState::terminated;
    place.instance.terminated_at = clock_.now();
    place.instance.preempted = preempted;
  }

  void list() {
    scheduler::Listing listing{"", clock_.now(), {}, std::nullopt};
    for (const auto& [provider, facts] : setup_.suppliers) {
      listing.provider = provider;
      listing.instances.clear();
      for (const Place& place : places_) {
        if (place.instance.ref.location.provider == provider) listing.instances.push_back(place.instance);
      }
      observations_.emplace_back(listing);
    }
  }

  // ---- the agents and their mailbox

  void claim(Place& place) {
    place.status.epoch = ++epoch_;
    place.status.phase = AgentPhase::restoring;
    place.status.resumed_step = place.status.step = place.status.saved_step = step_of(checkpoint_s_);
    progress_s_ = checkpoint_s_;
    const int region = problem().zones[static_cast<std::size_t>(place.zone)].region_index;
    const bool away = checkpoint_s_ > 0 && region_ && *region_ != region;
    place.setup_left_s = problem().cold_start_s + (away ? problem().transfer_s : 0);
    append(LedgerKind::claim, place);
    if (place.setup_left_s <= 0) begin(place, clock_.now());
  }

  void begin(Place& place, Time at) {
    place.setup_left_s = 0;
    place.status.phase = AgentPhase::running;
    place.status.program_started_at = at;
    region_ = problem().zones[static_cast<std::size_t>(place.zone)].region_index;
  }

  void do_order(const scheduler::WriteOrder& written) {
    for (Place& place : places_) {
      if (place.lease.id != written.lease || !place.lives()) continue;
      if (written.order.kind == OrderKind::start) claim(place);
      if (written.order.kind != OrderKind::stop) continue;
      save(place, progress_s_);
      place.status.phase = AgentPhase::stopped;
      place.status.program_stopped_at = clock_.now();
    }
    observations_.emplace_back(scheduler::OrderWritten{written.lease, written.order.number, std::nullopt});
    tell();
  }

  double step_of(double progress_s) const { return progress_s / problem().work_s * setup_.spec.work.total; }

  void save(Place& place, double progress_s) {
    if (progress_s <= checkpoint_s_) return;
    checkpoint_s_ = progress_s;
    place.status.saved_step = step_of(progress_s);
    place.status.saved_digest = "d" + std::to_string(ledger_.size());
    append(LedgerKind::checkpoint, place);
  }

  void append(LedgerKind kind, const Place& place) {
    LedgerRecord record;
    record.number = ledger_.size() + 1;
    record.kind = kind;
    record.epoch = place.status.epoch;
    record.lease = place.lease.id;
    record.at = clock_.now();
    record.step = place.status.saved_step;
    record.manifest = ManifestId("m" + std::to_string(record.number));
    ledger_.push_back(record);
  }

  // A reading waits in the mailbox until there is news, or is answered at once where there is already, or a
  // lease of it has ended.
  void do_read(const scheduler::ReadMailbox& read) {
    reading_ = read;
    const bool news =
        ledger_.size() > read.ledger_after || std::ranges::any_of(places_, [&](const Place& place) {
          return (!place.lives() || place.told != place.status.sequence) && is_asked_for(place);
        });
    if (news) answer_reading();
  }

  bool is_asked_for(const Place& place) const {
    return std::ranges::find(reading_->leases, place.lease.id) != reading_->leases.end();
  }

  void tell() {
    for (Place& place : places_) {
      if (place.lives()) ++place.status.sequence;
    }
    if (reading_) answer_reading();
  }

  void answer_reading() {
    scheduler::MailboxReading told{the_job, clock_.now(), std::nullopt, {}, {}};
    for (const LedgerRecord& record : ledger_) {
      if (record.number > reading_->ledger_after) told.ledger.push_back(record);
    }
    for (Place& place : places_) {
      if (!is_asked_for(place)) continue;
      told.statuses.push_back(place.status);
      place.told = place.status.sequence;
    }
    reading_.reset();
    observations_.emplace_back(std::move(told));
  }

  // ---- time

  void pass_tick() {
    ++tick_;
    clock_.set(seat_->time_of(tick_));
    for (Place& place : places_) work(place);
    tell();
    if (tick_ < problem().deadline_ticks) preempt();
  }

  void work(Place& place) {
    if (!place.runs()) return;
    const double tick_s = problem().tick_s;
    const double idle = std::min(place.setup_left_s, tick_s);
    place.setup_left_s -= idle;
    if (place.setup_left_s <= 1e-9 && !place.status.program_started_at) {
      begin(place, clock_.now() - seat_->tick + duration_of_seconds(idle));
    }
    const double worked = std::min(tick_s - idle, problem().work_s - progress_s_);
    progress_s_ += worked;
    place.status.step = step_of(progress_s_);
    const double before = checkpoint_s_;
    save(place, policy::saved_at(problem(), progress_s_, before));
    if (progress_s_ < problem().work_s - policy::finished_within_s) return;
    finished_s_ = (tick_ - 1) * tick_s + idle + worked;
    place.status.phase = AgentPhase::finished;
    place.status.exit_code = 0;
    append(LedgerKind::finish, place);
  }

  void preempt() {
    for (Place& place : places_) {
      if (!place.lives() || !place.spot) continue;
      if (up_[static_cast<std::size_t>(place.zone)][static_cast<std::size_t>(tick_)] != 0) continue;
      end(place, true);
      progress_s_ = checkpoint_s_;
      list();
    }
  }

  const MirrorSetup& setup_;
  const std::vector<std::vector<std::uint8_t>>& up_;
  std::shared_ptr<scheduler::Seat> seat_;  // for its problem and its clock alone
  std::unique_ptr<store::Store> store_;
  WallClock clock_;
  std::unique_ptr<broker::Broker> broker_;
  std::vector<Observation> observations_;
  std::vector<Place> places_;
  std::vector<LedgerRecord> ledger_;
  std::optional<scheduler::ReadMailbox> reading_;
  std::uint64_t epoch_ = 0;
  double progress_s_ = 0;
  double checkpoint_s_ = 0;
  std::optional<int> region_;
  double finished_s_ = 0;
  int tick_ = 0;
  bool restarts_ = false;  // the control plane is to be started again, now
  int restarted_before_ = 0;
};

}  // namespace

std::string to_text(const MirrorDecision& decision) {
  std::string text = std::to_string(decision.tick) + " " + decision.action;
  if (decision.action == "launch") {
    text += " " + decision.purchase + " in " + decision.zone + (decision.ok ? "" : ", refused");
  }
  return text;
}

policy::Problem problem_of(const MirrorSetup& setup) {
  return seat_of(setup)->problem;
}

Result<Mirrored> mirror(const MirrorSetup& setup, const std::vector<std::vector<std::uint8_t>>& up) {
  return Mirror(setup, up).run();
}

}  // namespace tradewind::simulator
