#include "app/agent/mail_worker.h"

#include <algorithm>

#include "app/agent/save_control.h"

namespace tradewind::agent {
namespace {

constexpr Duration retry_pause_max = std::chrono::seconds(5);

}  // namespace

MailWorker::MailWorker(mailbox::Mailbox mailbox, const Clock& clock, MailSettings settings,
                       std::function<void()> wake)
    : mailbox_(std::move(mailbox)), clock_(clock), settings_(std::move(settings)), wake_(std::move(wake)) {
  const Duration long_ago = clock_.monotonic() - std::max(settings_.heartbeat, settings_.poll);
  status_written_at_ = long_ago;
  orders_read_at_ = long_ago;
  thread_ = std::thread([this] { work(); });
}

MailWorker::~MailWorker() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

bool MailWorker::log_room() const {
  const std::lock_guard lock(mutex_);
  return log_.queue.size() < settings_.queue_segments_max;
}

bool MailWorker::progress_room() const {
  const std::lock_guard lock(mutex_);
  return progress_.queue.size() < settings_.queue_segments_max;
}

void MailWorker::add_log(std::string bytes) {
  if (bytes.empty()) return;
  const std::lock_guard lock(mutex_);
  log_.queue.push_back(std::move(bytes));
  changed_.notify_all();
}

void MailWorker::add_progress(std::string lines) {
  if (lines.empty()) return;
  const std::lock_guard lock(mutex_);
  progress_.queue.push_back(std::move(lines));
  changed_.notify_all();
}

void MailWorker::publish(const AgentStatus& status) {
  const std::lock_guard lock(mutex_);
  phase_changed_ = phase_changed_ || !status_ || status_->phase != status.phase;
  status_ = status;
  status_changed_ = true;
  changed_.notify_all();
}

std::vector<Order> MailWorker::take_orders() {
  const std::lock_guard lock(mutex_);
  return std::exchange(orders_, {});
}

std::string MailWorker::take_warning() {
  const std::lock_guard lock(mutex_);
  return std::exchange(warning_, {});
}

bool MailWorker::deliver_progress(Duration patience) {
  Lock lock(mutex_);
  const std::uint64_t last = progress_.written + progress_.queue.size();
  return changed_.wait_for(lock, patience, [&] { return progress_.written >= last || stopping_; });
}

bool MailWorker::deliver_all(Duration patience) {
  Lock lock(mutex_);
  delivering_ = true;
  retry_at_ = Duration::zero();
  changed_.notify_all();
  return changed_.wait_for(lock, patience, [this] { return delivered(); });
}

void MailWorker::work() {
  Lock lock(mutex_);
  while (!stopping_) {
    if (round(lock)) continue;
    const Duration pause = next_due() - clock_.monotonic();
    if (pause > Duration::zero()) changed_.wait_for(lock, pause);
  }
}

// Does each kind of work at most once, so that none starves another. True: there may be more at once.
bool MailWorker::round(Lock& lock) {
  if (clock_.monotonic() < retry_at_) return false;
  bool more = write_segment(lock, log_, &mailbox::Mailbox::write_log);
  more = write_segment(lock, progress_, &mailbox::Mailbox::write_progress) || more;
  more = write_status(lock) || more;
  return read_orders(lock) || more;
}

bool MailWorker::write_segment(Lock& lock, Stream& stream, Write write) {
  if (stream.queue.empty() || stopping_) return false;
  // Only this thread takes from the front, and references into a deque survive additions at its end.
  const std::string& bytes = stream.queue.front();
  const std::uint64_t number = stream.written + 1;
  lock.unlock();
  const Status written = (mailbox_.*write)(settings_.lease, number, bytes);
  lock.lock();
  note_outcome(written);
  if (!written.ok() && written.error().code == Code::conflict) {
    ++stream.written;  // somebody else's segment has our number: ours goes under the next
    return true;
  }
  if (!written.ok()) return false;
  ++stream.written;
  const bool was_full = stream.queue.size() >= settings_.queue_segments_max;
  stream.queue.pop_front();
  if (status_) status_changed_ = true;
  changed_.notify_all();
  if (was_full) wake_();
  return true;
}

bool MailWorker::status_due(Duration now) const {
  if (!status_) return false;
  const bool is_last = delivering_ || is_final(status_->phase);
  if (is_last) return status_changed_ && log_.queue.empty() && progress_.queue.empty();
  const Duration pause = phase_changed_    ? settings_.phase_pause
                         : status_changed_ ? settings_.status_pause
                                           : settings_.heartbeat;
  return now >= status_written_at_ + pause;
}

bool MailWorker::write_status(Lock& lock) {
  if (!status_due(clock_.monotonic()) || stopping_) return false;
  AgentStatus status = *status_;
  status.sequence = ++sequence_;
  status.agent_time = clock_.now();
  status.log_segments = log_.written;
  status.progress_segments = progress_.written;
  status_changed_ = false;
  const bool phase_changed = std::exchange(phase_changed_, false);
  status_written_at_ = clock_.monotonic();
  lock.unlock();
  const Status written = mailbox_.write_status(status);
  lock.lock();
  note_outcome(written);
  if (written.ok()) {
    changed_.notify_all();
  } else {
    status_changed_ = true;
    phase_changed_ = phase_changed_ || phase_changed;
  }
  return false;
}

bool MailWorker::read_orders(Lock& lock) {
  const Duration now = clock_.monotonic();
  if (delivering_ || stopping_ || now < orders_read_at_ + settings_.poll) return false;
  orders_read_at_ = now;
  const std::uint64_t after = newest_order_;
  lock.unlock();
  Result<std::vector<Order>> orders = mailbox_.read_orders(settings_.lease, after);
  lock.lock();
  note_outcome(orders.ok() ? Status() : Status(orders.error()));
  if (!orders.ok() || orders->empty()) return false;
  for (Order& order : *orders) {
    newest_order_ = order.number;
    orders_.push_back(std::move(order));
  }
  wake_();
  return false;
}

void MailWorker::note_outcome(const Status& outcome) {
  if (outcome.ok()) {
    failures_ = 0;
    retry_at_ = Duration::zero();
    last_warning_.clear();
    return;
  }
  if (outcome.error().code == Code::conflict) return;
  retry_at_ = clock_.monotonic() + std::min(backoff(++failures_), retry_pause_max);
  const std::string text = describe(outcome.error());
  if (text != last_warning_) warning_ = last_warning_ = text;
}

Duration MailWorker::next_due() const {
  const Duration now = clock_.monotonic();
  // What came while the thread was writing woke nobody.
  if (!log_.queue.empty() || !progress_.queue.empty() || status_due(now)) return std::max(now, retry_at_);
  Duration due = now + settings_.heartbeat;
  if (!delivering_) due = std::min(due, orders_read_at_ + settings_.poll);
  if (status_ && !delivering_) {
    const Duration pause = phase_changed_    ? settings_.phase_pause
                           : status_changed_ ? settings_.status_pause
                                             : settings_.heartbeat;
    due = std::min(due, status_written_at_ + pause);
  }
  return std::max(due, retry_at_);
}

}  // namespace tradewind::agent
