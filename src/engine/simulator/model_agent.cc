#include "engine/simulator/model_agent.h"

#include <algorithm>

namespace tradewind::simulator {
namespace {

constexpr double steps_per_second = 1.0;
constexpr double save_every_steps = 45;

}  // namespace

ModelAgent::ModelAgent(AgentSetup setup, objectstore::ObjectStore& store, HookedStore::Hook hook,
                       HookedStore::Later later)
    : setup_(std::move(setup)),
      store_(store, std::move(hook), std::move(later)),
      mailbox_(store_, setup_.owner, setup_.job),
      ledger_(store_, mailbox::job_prefix(setup_.owner, setup_.job), setup_.lease),
      random_(setup_.seed) {
  status_.lease = setup_.lease;
  status_.job = setup_.job;
  may_claim_ = !setup_.standby;
}

void ModelAgent::notice(Time now, Time deadline) {
  if (!status_.notice) status_.notice = PreemptionNotice{now, deadline, "the supplier takes it back"};
}

void ModelAgent::tick(Time now) {
  if (ended()) return;
  read_orders(now);
  if (stop_order_ && (stop_order_->discard || status_.epoch == 0)) {
    stop(now, stop_order_->reason);
  } else if (status_.epoch == 0) {
    if (status_.notice) {
      stop(now, status_.notice->reason);
    } else if (may_claim_) {
      claim(now);
    } else {
      status_.phase = AgentPhase::standby;
    }
  } else {
    train(now);
  }
  report(now);
}

void ModelAgent::read_orders(Time) {
  const auto orders = mailbox_.read_orders(setup_.lease, status_.orders_done);
  if (!orders.ok()) return;
  for (const Order& order : *orders) {
    if (order.kind == OrderKind::start) may_claim_ = true;
    if (order.kind == OrderKind::stop) stop_order_ = order;
    if (order.kind == OrderKind::extend && order.until) limit_ = std::max(limit_, *order.until);
    status_.orders_done = order.number;
  }
}

void ModelAgent::claim(Time now) {
  if (!spec_) {
    auto spec = mailbox_.read_spec();
    if (!spec.ok()) return;
    spec_ = *std::move(spec);
  }
  if (spec_->run == "break") {
    status_.phase = AgentPhase::broken;
    status_.message = "its disk cannot be written";
    return;
  }
  const Status claimed = ledger_.claim(now, random_.next());
  if (!claimed.ok()) {
    if (claimed.error().code == Code::fenced) status_.phase = AgentPhase::fenced;
    return;
  }
  status_.epoch = ledger_.epoch();
  status_.phase = AgentPhase::running;
  status_.total_steps = spec_->work.total;
  status_.resumed_step = ledger_.view().saved ? ledger_.view().saved->step : 0;
  status_.step = status_.saved_step = status_.resumed_step;
  status_.program_started_at = now;
  trained_until_ = now;
}

void ModelAgent::train(Time now) {
  const double gained = seconds_of(now - *trained_until_) * steps_per_second;
  trained_until_ = now;
  status_.step = std::min(status_.total_steps, status_.step + gained);
  const bool is_deaf = spec_->envs.contains(std::string(deaf_variable));
  if ((stop_order_ && !is_deaf) || status_.notice) {
    if (save(now)) stop(now, stop_order_ ? stop_order_->reason : status_.notice->reason);
    return;
  }
  const bool all = status_.step >= status_.total_steps;
  if (status_.step - status_.saved_step >= save_every_steps || (all && status_.saved_step < status_.step)) {
    if (!save(now)) return;
  }
  if (!all) return;
  const int exit_code = spec_->run == "fail" ? 1 : 0;
  const auto finished =
      ledger_.append_finish(now, exit_code == 0 ? Outcome::succeeded : Outcome::failed, exit_code, "");
  if (finished.ok()) {
    status_.phase = AgentPhase::finished;
    status_.exit_code = exit_code;
  } else if (finished.error().code == Code::fenced) {
    status_.phase = AgentPhase::fenced;
  }
}

bool ModelAgent::save(Time now) {
  if (status_.step <= status_.saved_step) return true;
  const ManifestId manifest(random_name(random_, "", 16));
  const auto record = ledger_.append_checkpoint(now, manifest, manifest.text(), status_.step);
  if (record.ok()) {
    status_.saved_step = status_.step;
    status_.saved_digest = manifest.text();
    return true;
  }
  if (record.error().code == Code::fenced) status_.phase = AgentPhase::fenced;
  return false;
}

void ModelAgent::stop(Time now, const std::string& message) {
  status_.phase = AgentPhase::stopped;
  status_.program_stopped_at = now;
  status_.message = message;
}

void ModelAgent::report(Time now) {
  ++status_.sequence;
  status_.agent_time = now;
  if (!mailbox_.write_status(status_).ok()) return;
  reported_earlier_ = reported_at_;
  reported_at_ = now;
}

}  // namespace tradewind::simulator
