#include "engine/broker/broker.h"

#include <algorithm>

namespace tradewind::broker {
namespace {

constexpr Duration pause_after_error{1000};

std::optional<std::uint64_t> ticket_of(const scheduler::Observation& observation) {
  if (const auto* submit = std::get_if<scheduler::SubmitCommand>(&observation)) return submit->ticket;
  if (const auto* cancel = std::get_if<scheduler::CancelCommand>(&observation)) return cancel->ticket;
  if (const auto* move = std::get_if<scheduler::MoveCommand>(&observation)) return move->ticket;
  return std::nullopt;
}

}  // namespace

Broker::Broker(BrokerParts parts)
    : parts_(std::move(parts)), working_(parts_.start), wake_at_(parts_.clock.now()) {}

Status Broker::load() {
  TW_ASSIGN_OR_RETURN(state_, parts_.store.snapshot());
  // Chance goes on from where it was: an id is never made twice.
  const Random random = working_.random;
  std::vector<Offer> offers = std::move(working_.offers);
  working_ = parts_.start;
  working_.random = random;
  if (!offers.empty()) working_.offers = std::move(offers);
  stale_ = false;
  wake_at_ = parts_.clock.now();
  ++changes_;
  return {};
}

std::vector<scheduler::Observation> Broker::wait() {
  return parts_.runner.wait_until(wake_at_);
}

Status Broker::turn(const std::vector<scheduler::Observation>& observations) {
  const Time now = parts_.clock.now();
  if (stale_) {
    if (Status loaded = load(); !loaded.ok()) {
      refuse_commands(observations, loaded.error());
      wake_at_ = now + pause_after_error;
      return loaded;
    }
  }
  const std::uint64_t version = state_.version;
  scheduler::Decisions decisions = parts_.decide(state_, working_, parts_.survey, observations, now);
  if (!decisions.events.empty()) {
    const Result<std::uint64_t> committed = parts_.store.commit(version, decisions.events);
    if (!committed.ok()) {
      // What was decided is in the state already and was never stored: out with it before anybody reads it.
      stale_ = true;
      ++changes_;
      (void)load();  // else at the next turn; the error that matters is the commit's
      refuse_commands(observations, committed.error());
      wake_at_ = committed.error().code == Code::conflict ? now : now + pause_after_error;
      return committed.error();
    }
    state_.version = *committed;
  }
  if (!decisions.events.empty() || !observations.empty()) ++changes_;
  wake_at_ = decisions.wake_at;
  for (scheduler::Action& action : decisions.actions) parts_.runner.start(std::move(action));
  for (const scheduler::Answer& answer : decisions.answers) parts_.answer(answer);
  return {};
}

void Broker::refuse_commands(const std::vector<scheduler::Observation>& observations, const Error& error) {
  for (const scheduler::Observation& observation : observations) {
    if (const auto ticket = ticket_of(observation)) {
      parts_.answer({*ticket, Error{Code::unavailable, "nothing was stored: " + error.message, error.hint}});
    }
  }
}

}  // namespace tradewind::broker
