#include "core/scheduler/step.h"

namespace tradewind::scheduler {

// One order at a time: the next waits until the last is known to lie in the mailbox.
bool give_order(Step& step, LeaseRecord lease, Order order, const std::string& detail) {
  if (lease.pending_order) return false;
  order.number = ++lease.orders;
  order.issued_at = step.now();
  if (order.kind == OrderKind::stop) lease.stop_ordered_at = step.now();
  if (order.kind == OrderKind::extend) lease.hard_limit = order.until;
  lease.pending_order = std::move(order);
  step.put("lease.ordered", detail, std::move(lease));
  return true;
}

void release(Step& step, LeaseRecord lease, LeaseEnd end, const std::string& reason) {
  if (lease.state != LeaseState::launched && lease.state != LeaseState::active) return;
  lease.end = end;
  lease.reason = reason;
  lease.released_at = step.now();
  lease.unseen_since.reset();
  step.change(std::move(lease), lifecycle::LeaseChange::release, reason);
}

}  // namespace tradewind::scheduler
