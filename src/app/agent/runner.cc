#include "app/agent/runner.h"

#include <algorithm>
#include <cerrno>
#include <deque>
#include <memory>
#include <optional>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "app/agent/agent_logic.h"
#include "app/agent/gang.h"
#include "app/agent/job_data.h"
#include "app/agent/mail_worker.h"
#include "app/agent/metadata_watch.h"
#include "app/agent/notice.h"
#include "app/agent/progress_file.h"
#include "app/agent/progress_line.h"
#include "app/agent/segment_buffer.h"
#include "app/agent/stage_process.h"
#include "app/agent/state_worker.h"
#include "core/model/job_environment.h"
#include "edge/io/files.h"
#include "edge/io/process_tree.h"
#include "edge/objectstore/file_url.h"
#include "edge/objectstore/store_identity.h"

namespace tradewind::agent {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t segment_bytes = std::size_t{1} << 20;
constexpr Duration segment_patience = seconds(1);
constexpr std::size_t progress_bytes_at_once = std::size_t{1} << 20;
constexpr Duration urgent_poll = milliseconds(20);
constexpr Duration notice_lead_when_unknown = seconds(10);
constexpr Duration delivery_patience = std::chrono::hours(1);

LogicOptions logic_options(const AgentOptions& options) {
  LogicOptions logic;
  logic.lease = options.lease;
  logic.job = options.job;
  logic.standby = options.standby;
  logic.hard_limit = options.hard_limit;
  logic.lease_term = options.lease_term;
  logic.hazard_per_hour = options.hazard_per_hour;
  logic.notice_lead = options.notice_lead;
  logic.grace = options.grace;
  return logic;
}

// A checkpoint matters more than the copy of the lines before it: a mailbox that is slow is not waited for
// longer.
constexpr Duration progress_patience = seconds(3);

StateParts state_parts(const RunnerParts& parts, MailWorker& mail, JobData& data) {
  StateParts made;
  made.clock = parts.clock;
  made.home = parts.home;
  made.local = parts.local;
  made.standby = parts.standby;
  made.owner = parts.options.owner;
  made.job = parts.options.job;
  made.lease = parts.options.lease;
  made.scratch = parts.options.scratch;
  made.packed = parts.options.packed;
  made.data = &data;
  made.helpers = parts.helpers;
  made.seed = parts.seed;
  made.before_record = [&mail] { mail.deliver_progress(progress_patience); };
  return made;
}

// Beside the chunks that this place keeps.
std::filesystem::path data_cache(const AgentOptions& options) {
  if (!options.data_cache.empty()) return options.data_cache;
  if (options.local_store_url.starts_with("file:")) {
    const Result<std::string> folder = objectstore::path_of_file_url(options.local_store_url);
    if (folder.ok()) return std::filesystem::path(*folder) / "~data";  // no key of a store begins so
  }
  return options.scratch / "data-cache";
}

std::filesystem::path home_folder() {
  return cloud::variable(io::current_environment(), "HOME");
}

MailSettings mail_settings(const AgentOptions& options) {
  MailSettings settings;
  settings.lease = options.lease;
  settings.poll = options.poll;
  settings.heartbeat = options.lease_term / 3;
  return settings;
}

MetadataTempo metadata_tempo(const AgentOptions& options) {
  MetadataTempo tempo;
  tempo.google_lead = options.notice_lead.value_or(tempo.google_lead);
  return tempo;
}

// Wakes the loop from other threads.
class Bell {
 public:
  Bell() : fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}
  int fd() const { return fd_.get(); }
  void ring() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t n = ::write(fd_.get(), &one, sizeof one);
  }
  void silence() const {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t n = ::read(fd_.get(), &count, sizeof count);
  }

 private:
  io::UniqueFd fd_;
};

io::UniqueFd catch_signals() {
  sigset_t caught;
  ::sigemptyset(&caught);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&caught, number);
  ::pthread_sigmask(SIG_BLOCK, &caught, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error to tell, not an end
  return io::UniqueFd(::signalfd(-1, &caught, SFD_NONBLOCK | SFD_CLOEXEC));
}

class Runner {
 public:
  explicit Runner(RunnerParts parts);
  int run();

 private:
  Moment moment() const { return {parts_.clock->now(), parts_.clock->monotonic()}; }
  void tell(const Event& event);
  void perform(const Action& action);
  void wait();
  void look();
  void read_signals();
  void take_from_threads();
  void say_to_all(const std::vector<std::string>& lines);
  void warn(const std::string& warning);
  void noticed(const PreemptionNotice& notice);
  void read_notice();
  void read_metadata();
  void read_output();
  void read_progress();
  // What one look at the progress file found.
  struct Batch {
    std::optional<StepLine> step;
    std::optional<SavedLine> saved;
    std::string problem;
  };
  using TakeLine = std::function<void(std::string_view)>;
  using ReadLines = std::function<void(const TakeLine&)>;
  void take_lines(const ReadLines& read);
  void take_line(std::string_view line, Batch& batch);
  void copy_line(const ProgressLine& line);
  void check_stage();
  void say_end(const StageEnd& end);
  void measure_usage();
  void flush_segments(bool all);
  void publish();
  void tell_machine();
  int leave();
  Duration leaving_patience() const;
  void start_stage(Stage stage);
  StageRequest stage_request(Stage stage) const;

  RunnerParts parts_;
  io::UniqueFd signals_;
  Bell bell_;
  AgentLogic logic_;
  MailWorker mail_;
  JobData data_;
  StateWorker state_;
  std::optional<MetadataWatch> metadata_;
  std::deque<Event> events_;
  std::optional<JobSpec> spec_;
  Workspace workspace_;
  std::optional<StageProcess> stage_;
  Stage stage_kind_ = Stage::setup;
  int stages_ = 0;  // started so far
  std::optional<ProgressFile> progress_file_;
  std::optional<checkpoint::FolderView>
      announced_;  // the checkpoint folder when the newest "saved" line was read
  SegmentBuffer log_{segment_bytes, segment_patience};
  SegmentBuffer progress_{segment_bytes, segment_patience};
  std::uint64_t bad_lines_ = 0;
  std::uint64_t dropped_lines_ = 0;
  Duration next_look_{};
  Duration next_usage_{};
  bool notice_seen_ = false;
  int unreadable_notices_ = 0;
  bool told_to_end_ = false;
  std::optional<AgentStatus> published_;
  std::optional<Time> machine_limit_;  // the hard limit that the machine knows of
  bool limit_file_failed_ = false;
};

Runner::Runner(RunnerParts parts)
    : parts_(std::move(parts)),
      signals_(catch_signals()),
      logic_(logic_options(parts_.options)),
      mail_(mailbox::Mailbox(*parts_.home, parts_.options.owner, parts_.options.job), *parts_.clock,
            mail_settings(parts_.options), [this] { bell_.ring(); }),
      data_({data_cache(parts_.options), home_folder(), parts_.helpers, parts_.say}),
      state_(state_parts(parts_, mail_, data_), [this] { bell_.ring(); }),
      machine_limit_(parts_.options.hard_limit) {}

int Runner::run() {
  if (const Status reaper = io::become_subreaper(); !reaper.ok()) parts_.say(describe(reaper.error()));
  for (const Action& action : logic_.begin(moment())) perform(action);
  for (const std::string& warning : parts_.warnings) warn(warning);
  if (parts_.options.metadata) {
    metadata_.emplace(*parts_.options.metadata, metadata_tempo(parts_.options), *parts_.clock,
                      [this] { bell_.ring(); });
  }
  publish();
  while (!logic_.over()) {
    wait();
    look();
    tell(Tick{});
    flush_segments(false);
    tell_machine();
    // Whoever reads the last status may end this machine at once: it waits until all else is on its way.
    if (!logic_.over()) publish();
  }
  return leave();
}

void Runner::tell(const Event& event) {
  events_.push_back(event);
  while (!events_.empty()) {
    const Event next = std::move(events_.front());
    events_.pop_front();
    for (const Action& action : logic_.handle(next, moment())) perform(action);
  }
}

void Runner::perform(const Action& action) {
  if (const auto* run = std::get_if<RunTask>(&action)) {
    const bool capture = std::holds_alternative<Capture>(run->task);
    if (capture || std::holds_alternative<Finish>(run->task)) mail_.add_progress(progress_.take());
    state_.submit(run->task, capture ? announced_ : std::nullopt);
  } else if (const auto* start = std::get_if<StartStage>(&action)) {
    start_stage(start->stage);
  } else if (std::holds_alternative<SendSave>(action)) {
    const int number = spec_ ? signal_number(spec_->checkpoint.signal) : 0;
    events_.emplace_back(SaveSent{stage_ && number > 0 ? stage_->send_save(number) : 0});
  } else if (std::holds_alternative<LiftBandwidth>(action)) {
    state_.lift_bandwidth();
  } else if (std::holds_alternative<Terminate>(action)) {
    if (stage_) stage_->terminate();
  } else if (std::holds_alternative<Kill>(action)) {
    if (stage_) stage_->kill();
  } else if (std::holds_alternative<StopTasks>(action)) {
    state_.stop_tasks();
  }
}

void Runner::wait() {
  const Duration now = parts_.clock->monotonic();
  Duration until = next_look_;
  const auto sooner = [&until](const std::optional<Duration>& due) {
    if (due) until = std::min(until, *due);
  };
  sooner(logic_.wake_at());
  // A segment that is due but finds no room is woken by the mailbox's thread.
  if (mail_.log_room()) sooner(log_.due_at());
  if (mail_.progress_room()) sooner(progress_.due_at());
  std::vector<pollfd> entries = {{bell_.fd(), POLLIN, 0}, {signals_.get(), POLLIN, 0}};
  if (stage_ && log_.room() > 0) entries.push_back({stage_->output_fd(), POLLIN, 0});
  // Once its first process has ended, the rest of a stage is looked after at each look.
  const bool leader_watched = stage_ && !logic_.urgent();
  if (leader_watched) entries.push_back({stage_->pidfd(), POLLIN, 0});
  const Duration pause = std::clamp<Duration>(until - now, milliseconds(1), seconds(60));
  ::poll(entries.data(), entries.size(), static_cast<int>(pause.count()));
  if (leader_watched && entries.back().revents != 0) next_look_ = now;
}

void Runner::look() {
  bell_.silence();
  read_signals();
  take_from_threads();
  read_output();
  const Duration now = parts_.clock->monotonic();
  if (now < next_look_) return;
  next_look_ = now + (logic_.urgent() ? std::min(urgent_poll, parts_.options.poll) : parts_.options.poll);
  read_notice();
  read_progress();
  check_stage();
  measure_usage();
}

void Runner::read_signals() {
  signalfd_siginfo info = {};
  while (::read(signals_.get(), &info, sizeof info) == sizeof info) {
    told_to_end_ = true;
    tell(StopRequested{static_cast<int>(info.ssi_signo)});
  }
}

void Runner::take_from_threads() {
  for (Event& event : state_.take_events()) {
    if (const auto* read = std::get_if<SpecRead>(&event)) {
      spec_ = read->spec;
      if (const Result<Workspace> planned = plan_workspace(parts_.options.scratch, *spec_); planned.ok()) {
        workspace_ = *planned;
        progress_file_.emplace(workspace_.progress);
      }
    }
    if (const auto* brought = std::get_if<DataBrought>(&event)) say_to_all(brought->lines);
    if (const auto* kept = std::get_if<OutputsKept>(&event)) say_to_all(kept->lines);
    if (const auto* failed = std::get_if<TaskFailed>(&event)) parts_.say(describe(failed->error));
    tell(event);
  }
  for (const Order& order : mail_.take_orders()) {
    parts_.say("order " + std::to_string(order.number) + ": " + std::string(to_text(order.kind)));
    tell(OrderSeen{order});
  }
  if (const std::string warning = mail_.take_warning(); !warning.empty()) warn(warning);
  read_metadata();
}

void Runner::warn(const std::string& warning) {
  parts_.say(warning);
  tell(Warned{warning});
}

void Runner::read_metadata() {
  if (!metadata_) return;
  if (const std::string warning = metadata_->take_warning(); !warning.empty()) warn(warning);
  if (const std::optional<std::string> hint = metadata_->take_hint()) {
    say_to_all({*hint});
    tell(SaveAdvised{*hint});
  }
  if (const std::optional<PreemptionNotice> notice = metadata_->take_notice()) noticed(*notice);
}

void Runner::noticed(const PreemptionNotice& notice) {
  parts_.say("preemption notice: " + notice.reason + ", deadline " + format_utc(notice.deadline));
  tell(NoticeSeen{notice});
}

// In the agent's own log, and in the job's, where its user looks.
void Runner::say_to_all(const std::vector<std::string>& lines) {
  for (const std::string& line : lines) {
    parts_.say(line);
    log_.add("tradewind-agent: " + line + "\n", parts_.clock->monotonic());
  }
}

void Runner::read_notice() {
  const AgentOptions& options = parts_.options;
  if (notice_seen_ || options.notice.empty() || !io::path_exists(options.notice)) return;
  const Time now = parts_.clock->now();
  const Result<std::string> text = io::read_file(options.notice, 64 << 10);
  Result<PreemptionNotice> notice =
      text.ok() ? parse_notice(*text, now) : Result<PreemptionNotice>(text.error());
  // It may be half written: the next look decides.
  if (!notice.ok() && ++unreadable_notices_ < 2) return;
  if (!notice.ok()) notice = bare_notice(now, options.notice_lead.value_or(notice_lead_when_unknown));
  notice_seen_ = true;
  noticed(*notice);
}

void Runner::read_output() {
  if (!stage_) return;
  const Duration now = parts_.clock->monotonic();
  stage_->read_output(log_.room(), [this, now](std::string_view bytes) { log_.add(bytes, now); });
  flush_segments(false);
}

void Runner::read_progress() {
  if (!progress_file_) return;
  take_lines([this](const TakeLine& take) { progress_file_->read(progress_bytes_at_once, take); });
}

// Tells the logic the newest of what the lines say: a batch holds what one look found.
void Runner::take_lines(const ReadLines& read) {
  Batch batch;
  read([this, &batch](std::string_view line) { take_line(line, batch); });
  if (batch.step) tell(Progressed{batch.step->step, batch.step->total, batch.step->metrics});
  if (batch.saved) {
    const Result<checkpoint::FolderView> view = checkpoint::look_at_folder(workspace_.checkpoint);
    announced_ = view.ok() ? std::optional(*view) : std::nullopt;
    tell(SaveAnnounced{batch.saved->step});
  }
  if (!batch.problem.empty()) tell(BadProgress{bad_lines_, batch.problem});
}

void Runner::take_line(std::string_view line, Batch& batch) {
  const Result<ProgressLine> parsed = parse_progress_line(line);
  if (!parsed.ok()) {
    ++bad_lines_;
    batch.problem = parsed.error().message;
    return;
  }
  if (const auto* reported = std::get_if<StepLine>(&*parsed)) {
    if (!batch.step) batch.step.emplace();
    batch.step->step = reported->step;
    if (reported->total > 0) batch.step->total = reported->total;
    for (const auto& [name, value] : reported->metrics) batch.step->metrics[name] = value;
  } else {
    batch.saved = std::get<SavedLine>(*parsed);
    if (!batch.saved->step && batch.step) batch.saved->step = batch.step->step;
  }
  copy_line(*parsed);
}

// A store that does not answer must not hold up the reading of "saved" lines: the copy has gaps then.
void Runner::copy_line(const ProgressLine& line) {
  if (progress_.room() == 0 && !mail_.progress_room()) {
    if (dropped_lines_++ == 0) parts_.say("the mailbox does not take progress lines: some are left out");
    return;
  }
  progress_.add(stamp_progress_line(line, parts_.clock->now()) + "\n", parts_.clock->monotonic());
  flush_segments(false);
}

void Runner::check_stage() {
  if (!stage_) return;
  const std::optional<StageEnd> end = stage_->ended();
  if (!end) return;
  read_output();
  // What still lies in the pipe fits into memory whether or not the mailbox takes segments: a pipe is small.
  const Duration now = parts_.clock->monotonic();
  stage_->read_output(segment_bytes, [this, now](std::string_view bytes) { log_.add(bytes, now); });
  stage_.reset();
  if (stage_kind_ == Stage::program && progress_file_) {
    take_lines([this](const TakeLine& take) { progress_file_->read_rest(take); });
  }
  say_end(*end);
  tell(StageEnded{stage_kind_, end->status.shell_code(), end->killed, end->rank, end->lost});
}

void Runner::say_end(const StageEnd& end) {
  parts_.say(std::string(stage_kind_ == Stage::setup ? "setup" : "the program") +
             " ended: " + to_text(end.status));
  if (!end.lost.empty()) say_to_all({end.lost + ": all are ended, and the job goes on elsewhere"});
  if (end.rank >= 0 && !logic_.urgent())
    say_to_all(
        {"rank " + std::to_string(end.rank) + " ended first: " + to_text(end.status) + "; all are ended"});
}

void Runner::measure_usage() {
  const Duration now = parts_.clock->monotonic();
  if (!stage_ || now < next_usage_) return;
  next_usage_ = now + parts_.options.lease_term / 3;
  const ProcessUsage usage = stage_->usage();
  tell(UsageSeen{usage.cpu_s, usage.resident_bytes});
}

void Runner::flush_segments(bool all) {
  const Duration now = parts_.clock->monotonic();
  if ((log_.due(now) && mail_.log_room()) || (all && !log_.empty())) mail_.add_log(log_.take());
  if ((progress_.due(now) && mail_.progress_room()) || (all && !progress_.empty())) {
    mail_.add_progress(progress_.take());
  }
}

void Runner::publish() {
  const AgentStatus& status = logic_.status();
  if (published_ == status) return;
  if (!published_ || published_->phase != status.phase) parts_.say(std::string(to_text(status.phase)));
  published_ = status;
  mail_.publish(status);
}

// Before the order counts as done: a machine that went by the old limit would end a lease that may run on.
void Runner::tell_machine() {
  const std::optional<Time> limit = logic_.hard_limit();
  if (limit == machine_limit_ || parts_.options.limit_file.empty()) return;
  const Status written = io::write_file_atomic(parts_.options.limit_file, format_utc(*limit) + "\n");
  if (written.ok()) {
    machine_limit_ = limit;
    parts_.say("the machine was told of the hard limit " + format_utc(*limit));
  } else if (!std::exchange(limit_file_failed_, true)) {  // tried again at each look
    parts_.say("the machine could not be told of the new hard limit: " + describe(written.error()));
  }
}

StageRequest Runner::stage_request(Stage stage) const {
  const AgentOptions& options = parts_.options;
  RunPlace place;
  place.job = options.job;
  place.lease = options.lease;
  place.epoch = logic_.status().epoch;
  place.attempt = options.attempt;
  place.location = options.location;
  place.purchase = options.purchase;
  place.accelerator = options.accelerator;
  place.checkpoint_dir = workspace_.checkpoint.string();
  place.output_dir = workspace_.outputs.string();
  if (!spec_->inputs.empty()) place.inputs_dir = workspace_.inputs.string();
  place.progress = workspace_.progress.string();
  if (!options.node_ips.empty()) place.node_ips = options.node_ips;
  const bool gang = !options.launcher.empty() && !runs_on_head_only(*spec_);
  if (gang) place.master_port = meeting_port(options.lease.text());
  place.restored = !logic_.status().restored_digest.empty();
  StageRequest request{stage == Stage::setup ? spec_->setup : spec_->run, workspace_.work,
                       workspace_.scratch / "script.sh", io::current_environment(), parts_.helpers};
  if (gang) request.launcher = options.launcher;
  request.nodes = static_cast<int>(place.node_ips.size());
  // Of each stage its own: what is left of an earlier one sees that its folder is gone.
  request.gang_folder = workspace_.scratch / ("gang-" + std::to_string(stages_));
  // What opens the stores is the agent's alone, unless the task names it.
  std::erase_if(request.environment,
                [](const auto& entry) { return objectstore::is_store_identity(entry.first); });
  for (auto& [name, value] : job_environment(*spec_, place)) request.environment[name] = value;
  return request;
}

void Runner::start_stage(Stage stage) {
  ++stages_;
  Result<StageProcess> started = StageProcess::start(stage_request(stage));
  stage_kind_ = stage;
  announced_.reset();
  next_usage_ = parts_.clock->monotonic() + seconds(1);
  if (started.ok()) {
    stage_.emplace(*std::move(started));
    return;
  }
  const std::string problem = "tradewind-agent: " + describe(started.error());
  parts_.say(problem);
  log_.add(problem + "\n", parts_.clock->monotonic());
  events_.emplace_back(StageEnded{stage, 127, false});
}

Duration Runner::leaving_patience() const {
  const Time now = parts_.clock->now();
  Duration patience = delivery_patience;
  const auto until = [&](Time time, Duration at_least) {
    patience = std::min(patience, std::max(time - now, at_least));
  };
  if (logic_.hard_limit()) until(*logic_.hard_limit(), seconds(5));
  if (logic_.status().notice) until(logic_.status().notice->deadline, seconds(5));
  if (told_to_end_ || logic_.status().phase == AgentPhase::fenced) until(now, seconds(10));
  return patience;
}

int Runner::leave() {
  if (stage_) {
    for (int tries = 0; tries < 10 && !stage_->ended(); ++tries) stage_->kill();
    const Duration now = parts_.clock->monotonic();
    stage_->read_output(segment_bytes, [this, now](std::string_view bytes) { log_.add(bytes, now); });
    read_progress();
  }
  say_to_all(data_.release());
  flush_segments(true);
  publish();
  if (!mail_.deliver_all(leaving_patience())) parts_.say("the last status or log could not be written");
  if (metadata_ && logic_.status().notice) {
    if (const Status told = metadata_->approve(); !told.ok()) parts_.say(describe(told.error()));
  }
  return logic_.exit_status();
}

}  // namespace

int run_agent(RunnerParts parts) {
  Runner runner(std::move(parts));
  return runner.run();
}

}  // namespace tradewind::agent
