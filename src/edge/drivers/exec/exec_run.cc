#include "edge/drivers/exec/exec_run.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "base/text.h"
#include "base/utf8.h"
#include "edge/io/errno_error.h"
#include "edge/io/process_tree.h"

namespace tradewind::exec {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t line_bytes_max = std::size_t{16} << 20;
constexpr std::size_t shown_letters_max = 120;  // of a line that is no answer
constexpr std::size_t given_up_max = 1000;
constexpr Duration leave_patience = std::chrono::seconds(2);  // after its stdin was closed
constexpr Duration term_patience = std::chrono::seconds(1);   // after SIGTERM
constexpr Duration kill_patience = std::chrono::seconds(30);
constexpr milliseconds slice{100};  // in which a writer looks whether all is over

// A write into a program that has gone is an error to tell, not an end of ours.
class NoPipeSignal {
 public:
  NoPipeSignal() {
    ::sigemptyset(&pipe_);
    ::sigaddset(&pipe_, SIGPIPE);
    sigset_t pending = {};
    ::sigpending(&pending);
    was_pending_ = ::sigismember(&pending, SIGPIPE) == 1;
    ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~NoPipeSignal() {
    const timespec at_once = {};
    if (!was_pending_) {
      while (::sigtimedwait(&pipe_, nullptr, &at_once) < 0 && errno == EINTR) {
      }
    }
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  NoPipeSignal(const NoPipeSignal&) = delete;
  NoPipeSignal& operator=(const NoPipeSignal&) = delete;

 private:
  sigset_t pipe_ = {};
  sigset_t before_ = {};
  bool was_pending_ = false;
};

void never_block(int fd) {
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
}

std::string shown(std::string_view line) {
  std::string text = make_utf8(line.substr(0, shown_letters_max));
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = ' ';
  }
  return "'" + text + (line.size() > shown_letters_max ? "…'" : "'");
}

Duration now_span() {
  return std::chrono::duration_cast<Duration>(steady_clock::now().time_since_epoch());
}

int poll_ms(Run::Deadline deadline) {
  const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
  return static_cast<int>(std::clamp(left, milliseconds(0), slice).count());
}

}  // namespace

std::string program_text(const RunOptions& options) {
  const std::string program = options.command.empty() ? "" : " (" + options.command.front() + ")";
  return "the program of the supplier " + options.name + program;
}

Result<std::unique_ptr<Run>> Run::start(const RunOptions& options) {
  TW_ASSIGN_OR_RETURN(io::Pipe in, io::make_pipe());
  TW_ASSIGN_OR_RETURN(io::Pipe out, io::make_pipe());
  TW_ASSIGN_OR_RETURN(io::Pipe err, io::make_pipe());
  TW_ASSIGN_OR_RETURN(io::Pipe wake, io::make_pipe());
  io::SpawnRequest request;
  request.argv = options.command;
  request.environment = options.environment;
  request.cwd = options.folder;
  request.stdin_fd = in.read_end.get();
  request.stdout_fd = out.write_end.get();
  request.stderr_fd = err.write_end.get();
  Result<io::Child> child = io::spawn(request);
  if (!child.ok())
    return Error{child.error().code, program_text(options) + " cannot be started: " + child.error().message,
                 child.error().hint};
  for (const int fd : {in.write_end.get(), out.read_end.get(), err.read_end.get()}) never_block(fd);
  Streams streams{std::move(in.write_end), std::move(out.read_end), std::move(err.read_end)};
  return std::unique_ptr<Run>(new Run(options, *std::move(child), std::move(streams), std::move(wake)));
}

Run::Run(const RunOptions& options, io::Child child, Streams streams, io::Pipe wake)
    : options_(options),
      wake_(std::move(wake)),
      child_(std::move(child)),
      streams_(std::move(streams)),
      said_([this](const std::string& line) { options_.log(hidden_.cleared(line)); }) {
  reader_ = std::thread([this] { lead(); });
}

Run::~Run() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.write_end.close();
  reader_.join();
}

Error Run::unavailable(const std::string& what, const std::string& hint) const {
  return cleared({Code::unavailable, program_text(options_) + " " + what, hint});
}

Error Run::cleared(const Error& error) const {
  return {error.code, hidden_.cleared(error.message), hidden_.cleared(error.hint)};
}

void Run::allow(int parallel) {
  const std::lock_guard lock(mutex_);
  parallel_ = parallel;
  changed_.notify_all();
}

bool Run::is_over() const {
  const std::lock_guard lock(mutex_);
  return over_ || broken_.has_value();
}

Error Run::why_over() const {
  const std::lock_guard lock(mutex_);
  return broken_.value_or(Error{Code::unavailable, program_text(options_) + " is over"});
}

Duration Run::lived() const {
  const std::lock_guard lock(mutex_);
  return std::chrono::duration_cast<Duration>((over_ ? over_at_ : steady_clock::now()) - begun_);
}

// --- callers ---

Result<json::value> Run::ask(std::string_view method, json::object params, Deadline deadline) {
  TW_ASSIGN_OR_RETURN(const std::int64_t id, take_turn(method, deadline));
  const Status sent = send(request_line(id, method, std::move(params)), method, deadline);
  if (!sent.ok()) return not_sent(id, sent.error());
  TW_ASSIGN_OR_RETURN(Answer answer, await(id, method, deadline));
  if (answer.error) {
    answer.error->message = options_.name + ": " + answer.error->message;
    return cleared(*answer.error);
  }
  return *std::move(answer.result);
}

Result<std::int64_t> Run::take_turn(std::string_view method, Deadline deadline) {
  std::unique_lock lock(mutex_);
  const bool mine = changed_.wait_until(lock, deadline, [&] {
    return broken_ || stopping_ || waiting_.size() < static_cast<std::size_t>(parallel_);
  });
  if (broken_) return *broken_;
  if (stopping_) return unavailable("was not asked " + std::string(method) + ": it is being ended");
  if (!mine)
    return unavailable("was not asked " + std::string(method) + ": it was busy with " + methods_out(),
                       "raise parallel in its capabilities where it can do more at once");
  const std::int64_t id = next_id_++;
  waiting_[id] = method;
  return id;
}

std::string Run::methods_out() const {
  std::vector<std::string> methods;
  for (const auto& [id, method] : waiting_) {
    if (std::ranges::find(methods, method) == methods.end()) methods.push_back(method);
  }
  return methods.empty() ? "nothing" : join(methods, ", ");
}

Status Run::send(const std::string& line, std::string_view method, Deadline deadline) {
  const std::lock_guard sending(sending_);
  const NoPipeSignal quiet;
  std::size_t sent = 0;
  while (sent < line.size()) {
    {
      const std::lock_guard lock(mutex_);
      if (broken_) return *broken_;
      if (stopping_) return unavailable("is being stopped");
    }
    pollfd entry = {streams_.in.get(), POLLOUT, 0};
    ::poll(&entry, 1, poll_ms(deadline));
    const ssize_t n = ::write(streams_.in.get(), line.data() + sent, line.size() - sent);
    if (n > 0) sent += static_cast<std::size_t>(n);
    const bool again = n >= 0 || errno == EAGAIN || errno == EINTR;
    const bool late = sent < line.size() && steady_clock::now() >= deadline;
    if (!again || late)
      return unavailable("does not take its stdin: " + std::string(method) + " was not asked whole");
  }
  return {};
}

// Half a line is worse than none: whatever follows would be read as its end. One that died says more of it
// than its stdin does.
Error Run::not_sent(std::int64_t id, const Error& why) {
  std::unique_lock lock(mutex_);
  waiting_.erase(id);
  changed_.notify_all();
  changed_.wait_for(lock, leave_patience, [&] { return broken_.has_value(); });
  if (broken_) return *broken_;
  lock.unlock();
  break_off(why);
  return why;
}

Result<Answer> Run::await(std::int64_t id, std::string_view method, Deadline deadline) {
  const Deadline sent_at = steady_clock::now();
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, deadline, [&] { return answers_.contains(id) || broken_; });
  waiting_.erase(id);
  changed_.notify_all();
  if (auto found = answers_.extract(id)) return std::move(found.mapped());
  if (broken_) return *broken_;
  given_up_.insert(id);
  if (given_up_.size() > given_up_max) given_up_.erase(given_up_.begin());
  const bool hangs = heard_at_ <= sent_at;
  lock.unlock();
  const Error late =
      unavailable("did not answer " + std::string(method) + " in time; whether it was done is not known",
                  "timeout: of exec.yaml says how long to wait");
  if (hangs) break_off(late);  // nothing at all came since: it is started anew
  return late;
}

void Run::break_off(const Error& why) {
  const std::lock_guard lock(mutex_);
  if (!broken_) broken_ = why;
  changed_.notify_all();
  const char nothing = 0;
  [[maybe_unused]] const ssize_t n = ::write(wake_.write_end.get(), &nothing, 1);
}

// --- the reading thread ---

void Run::lead() {
  read_streams();
  finish();
}

// Until its output ends, it ends itself, says nonsense, or somebody stops it. What it started may hold its
// output open after it: its own end is the end.
void Run::read_streams() {
  while (true) {
    pollfd entries[4] = {{streams_.out.get(), POLLIN, 0},
                         {streams_.err.get(), POLLIN, 0},
                         {child_.pidfd(), POLLIN, 0},
                         {wake_.read_end.get(), POLLIN, 0}};
    if (::poll(entries, 4, -1) < 0) {
      if (errno == EINTR) continue;
      return;
    }
    if (entries[1].revents != 0) take_words();
    if (entries[3].revents != 0) return;
    if (entries[0].revents != 0 && !take_output()) return;
    if (entries[2].revents != 0 && entries[0].revents == 0) return;
  }
}

void Run::take_words() {
  char buffer[4096];
  while (streams_.err.valid()) {
    const ssize_t n = ::read(streams_.err.get(), buffer, sizeof buffer);
    if (n > 0) said_.take({buffer, static_cast<std::size_t>(n)}, now_span());
    if (n < 0 && errno == EINTR) continue;
    if (n == 0 || (n < 0 && errno != EAGAIN)) streams_.err.close();
    if (n < static_cast<ssize_t>(sizeof buffer)) return;
  }
}

bool Run::take_output() {
  char buffer[65536];
  const ssize_t n = ::read(streams_.out.get(), buffer, sizeof buffer);
  if (n < 0) return errno == EINTR || errno == EAGAIN;
  if (n == 0) return false;
  std::string_view rest(buffer, static_cast<std::size_t>(n));
  for (std::size_t end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
    output_.append(rest.substr(0, end));
    rest.remove_prefix(end + 1);
    if (!take_line(trim(output_))) return false;
    output_.clear();
  }
  output_.append(rest);
  if (output_.size() <= line_bytes_max) return true;
  const std::unique_lock lock(mutex_);
  broken_ = unavailable("answered " + methods_out() + " with a line of more than 16 MiB");
  return false;
}

bool Run::take_line(std::string_view line) {
  if (line.empty()) return true;
  Result<Answer> answer = exec::read_answer(line);
  const std::lock_guard lock(mutex_);
  if (!answer.ok()) {
    broken_ = unavailable("answered " + methods_out() + " with what is no answer: " + answer.error().message +
                              ": " + shown(line),
                          "stdout is for answers, one JSON object a line: all else belongs on stderr");
    return false;
  }
  heard_at_ = steady_clock::now();
  if (given_up_.erase(answer->id) > 0) return true;
  if (!waiting_.contains(answer->id) || answers_.contains(answer->id)) {
    broken_ = unavailable("answered " + methods_out() + " with the id " + std::to_string(answer->id) +
                          ", which nobody asked, or twice");
    return false;
  }
  answers_[answer->id] = *std::move(answer);
  changed_.notify_all();
  return true;
}

// All that is in its session goes with it. What is to stay has a session of its own.
void Run::end_session(Duration patience) {
  const pid_t leader = child_.pid();
  const auto gone_within = [&](Duration span) {
    const Deadline until = steady_clock::now() + span;
    while (true) {
      const Result<io::ProcessInfo> info = io::process_info(leader);
      if (!info.ok() || info->ended()) return true;
      if (steady_clock::now() >= until) return false;
      take_words();
      std::this_thread::sleep_for(milliseconds(5));
    }
  };
  if (!gone_within(patience)) {
    static_cast<void>(child_.signal_group(SIGTERM).ok());
    if (patience > Duration(0)) gone_within(term_patience);
  }
  const Status ended = io::kill_all(
      [leader](const std::vector<io::ProcessInfo>& table) {
        std::vector<io::ProcessInfo> members;
        std::ranges::copy_if(table, std::back_inserter(members),
                             [&](const io::ProcessInfo& each) { return each.session == leader; });
        return members;
      },
      kill_patience);
  if (!ended.ok()) options_.log(program_text(options_) + " could not be ended: " + describe(ended.error()));
}

void Run::finish() {
  bool nonsense = false;
  bool asked = false;
  {
    const std::lock_guard lock(mutex_);
    nonsense = broken_.has_value();
    asked = std::exchange(stopping_, true);
    changed_.notify_all();
  }
  {
    const std::lock_guard sending(sending_);
    streams_.in.close();
  }
  end_session(nonsense ? Duration(0) : leave_patience);
  take_words();
  said_.finish();
  const Result<std::optional<io::ExitStatus>> status = child_.wait_for(kill_patience);
  const bool known = status.ok() && status->has_value();
  std::string why = asked ? "was stopped" : "ended: " + (known ? to_text(**status) : "nobody knows how");
  if (!asked && !said_.last().empty()) why += "; it said at last: " + said_.last();
  const std::lock_guard lock(mutex_);
  if (!broken_) broken_ = unavailable(why);
  over_ = true;
  over_at_ = steady_clock::now();
  changed_.notify_all();
}

}  // namespace tradewind::exec
