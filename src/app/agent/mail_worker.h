// The thread that talks to the mailbox: log and progress segments, status, orders. A store that does not
// answer holds up nobody but this thread.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "core/model/agent_status.h"
#include "edge/mailbox/mailbox.h"

namespace tradewind::agent {

struct MailSettings {
  LeaseId lease;
  Duration poll = std::chrono::milliseconds(250);          // between looks for orders
  Duration heartbeat = std::chrono::seconds(10);           // between statuses while nothing changes
  Duration status_pause = std::chrono::milliseconds(500);  // between statuses that differ in figures alone
  Duration phase_pause = std::chrono::milliseconds(100);   // before one of another phase
  std::size_t queue_segments_max = 4;
};

class MailWorker {
 public:
  // `wake` is called from the thread when there is something to take or room again. REQUIRES: `clock` and the
  // mailbox's store outlive this.
  MailWorker(mailbox::Mailbox mailbox, const Clock& clock, MailSettings settings, std::function<void()> wake);
  ~MailWorker();
  MailWorker(const MailWorker&) = delete;
  MailWorker& operator=(const MailWorker&) = delete;

  // Whether another segment is welcome; one that is added all the same is kept too.
  bool log_room() const;
  bool progress_room() const;
  void add_log(std::string bytes);
  void add_progress(std::string lines);
  // The newest counts. Its sequence, time and numbers of segments are filled in when it is written.
  void publish(const AgentStatus& status);
  // Orders that were not taken yet, ascending.
  std::vector<Order> take_orders();
  // Why the mailbox could not be written or read, once per cause; empty: nothing new.
  std::string take_warning();
  // Waits until the progress lines that were added so far are written. False: `patience` ran out.
  bool deliver_progress(Duration patience);
  // Writes all that is pending, the status last, looking for no further orders. False: `patience` ran out.
  bool deliver_all(Duration patience);

 private:
  struct Stream {
    std::deque<std::string> queue;
    std::uint64_t written = 0;
  };
  using Lock = std::unique_lock<std::mutex>;
  using Write = Status (mailbox::Mailbox::*)(const LeaseId&, std::uint64_t, std::string_view);

  void work();
  bool round(Lock& lock);
  bool write_segment(Lock& lock, Stream& stream, Write write);
  bool write_status(Lock& lock);
  bool read_orders(Lock& lock);
  bool status_due(Duration now) const;
  Duration next_due() const;
  bool delivered() const { return log_.queue.empty() && progress_.queue.empty() && !status_changed_; }
  void note_outcome(const Status& outcome);

  mailbox::Mailbox mailbox_;
  const Clock& clock_;
  MailSettings settings_;
  std::function<void()> wake_;

  mutable std::mutex mutex_;  // guards all below
  std::condition_variable changed_;
  Stream log_;
  Stream progress_;
  std::optional<AgentStatus> status_;
  bool status_changed_ = false;
  bool phase_changed_ = false;
  std::uint64_t sequence_ = 0;
  Duration status_written_at_{};
  Duration orders_read_at_{};
  std::vector<Order> orders_;
  std::uint64_t newest_order_ = 0;
  std::string warning_;
  std::string last_warning_;
  int failures_ = 0;
  Duration retry_at_{};
  bool delivering_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace tradewind::agent
