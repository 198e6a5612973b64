#include "edge/objectstore/sftp/sftp_session.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <poll.h>
#include <sys/socket.h>

#include "edge/objectstore/sftp/sftp_text.h"

namespace tradewind::objectstore {
namespace {

constexpr std::size_t length_bytes = 4;
// Of one call whose session is busy with others: a reply that is lost must not be waited for without end.
constexpr int patiences_max = 10;

std::uint32_t number_of(const char* bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < length_bytes; ++i) value = (value << 8U) | static_cast<unsigned char>(bytes[i]);
  return value;
}

Error hung_up() {
  return {Code::unavailable, "the connection to the SFTP server ended"};
}

Error broken_rules(const std::string& how) {
  return {Code::unavailable, "the SFTP server broke the protocol: it " + how};
}

// A login shell's start-up file that prints something speaks before the server does.
Error chatter(std::string_view bytes) {
  return {
      Code::invalid_argument,
      "instead of an SFTP server something answers that begins with '" + printable(bytes, 60) + "'",
      "let no start-up file of that user's shell print anything where there is no terminal, and give it a "
      "shell that runs commands"};
}

}  // namespace

// --- the session ---

SftpSession::SftpSession(io::UniqueFd socket, Duration patience)
    : socket_(std::move(socket)), patience_(patience), progress_(Clock::now()), slow_until_(progress_) {}

SftpSession::~SftpSession() {
  break_off(hung_up());
  if (reader_.joinable()) reader_.join();
}

Result<std::unique_ptr<SftpSession>> SftpSession::start(io::UniqueFd socket, Duration patience) {
  std::unique_ptr<SftpSession> session(new SftpSession(std::move(socket), patience));
  TW_RETURN_IF_ERROR(session->greet());
  session->reader_ = std::thread([raw = session.get()] { raw->read_replies(); });
  TW_RETURN_IF_ERROR(session->learn_limits());
  return session;
}

Status SftpSession::greet() {
  TW_RETURN_IF_ERROR(send_bytes(sftp_init_packet()));
  std::string packet;
  const auto read = [&](std::size_t size) -> Status {
    const std::size_t end = packet.size() + size;
    while (packet.size() < end) {
      TW_RETURN_IF_ERROR(wait_for_socket(POLLIN));
      char buffer[4096];
      const ssize_t got =
          ::recv(socket_.get(), buffer, std::min(sizeof buffer, end - packet.size()), MSG_DONTWAIT);
      if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (got <= 0 && packet.size() > length_bytes) return chatter(packet);
      if (got <= 0) return hung_up();
      packet.append(buffer, static_cast<std::size_t>(got));
    }
    return {};
  };
  TW_RETURN_IF_ERROR(read(length_bytes));
  const std::uint32_t length = number_of(packet.data());
  // Text makes for lengths above 500 million; a greeting has a few hundred bytes.
  constexpr std::uint32_t greeting_bytes_max = std::uint32_t{64} << 10;
  if (length < 5 || length > greeting_bytes_max) {
    static_cast<void>(read(40).ok());  // what there is of it
    return chatter(packet);
  }
  TW_RETURN_IF_ERROR(read(length));
  const Result<SftpVersion> version = parse_sftp_version(std::string_view(packet).substr(length_bytes));
  if (!version.ok()) return chatter(std::string_view(packet).substr(length_bytes));
  if (version->version != 3) {
    return Error{Code::invalid_argument,
                 "the SFTP server speaks version " + std::to_string(version->version) + " of the protocol",
                 "version 3 is needed, which OpenSSH and most others speak"};
  }
  const auto offers = [&](std::string_view name) { return version->extensions.contains(name); };
  abilities_.hardlink = offers("hardlink@openssh.com");
  abilities_.posix_rename = offers("posix-rename@openssh.com");
  abilities_.fsync = offers("fsync@openssh.com");
  abilities_.free_space = offers("statvfs@openssh.com");
  limits_offered_ = offers("limits@openssh.com");
  return {};
}

Status SftpSession::learn_limits() {
  if (!limits_offered_) return {};
  SftpCall call(*this);
  TW_ASSIGN_OR_RETURN(const SftpReply reply,
                      call.ask(SftpRequest::extension("limits@openssh.com", SftpType::extended_reply)));
  if (reply.type != SftpType::extended_reply) return {};  // refused: the defaults serve
  TW_ASSIGN_OR_RETURN(abilities_.limits, parse_sftp_limits(reply.data()));
  return {};
}

Error SftpSession::failure() const {
  const std::lock_guard lock(mutex_);
  return *failure_;
}

void SftpSession::break_off(const Error& reason) {
  const std::lock_guard lock(mutex_);
  if (failure_) return;
  failure_ = reason;
  broken_ = true;
  ::shutdown(socket_.get(), SHUT_RDWR);
  for (const auto& [id, waiting] : waiting_) {
    if (waiting.call != nullptr) waiting.call->arrived_.notify_all();
  }
}

Error SftpSession::silence() const {
  return {Code::unavailable, "the SFTP server has not answered for " + format_duration(patience_)};
}

// --- reading ---

bool SftpSession::receive(char* bytes, std::size_t size) {
  while (size > 0) {
    const ssize_t got = ::recv(socket_.get(), bytes, size, MSG_WAITALL);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    bytes += got;
    size -= static_cast<std::size_t>(got);
  }
  return true;
}

void SftpSession::read_replies() {
  for (;;) {
    char length_field[length_bytes];
    if (!receive(length_field, sizeof length_field)) return break_off(hung_up());
    const std::uint32_t length = number_of(length_field);
    if (length > sftp_packet_bytes_max) {
      return break_off(broken_rules("announced a packet of " + std::to_string(length) + " bytes"));
    }
    std::string packet(length, '\0');
    if (!receive(packet.data(), packet.size())) return break_off(hung_up());
    if (const Status taken = take_reply(std::move(packet)); !taken.ok()) return break_off(taken.error());
  }
}

Status SftpSession::take_reply(std::string packet) {
  Result<SftpReply> reply = parse_sftp_reply(std::move(packet));
  if (!reply.ok()) return broken_rules("sent a packet that is cut short or no packet at all");
  const std::lock_guard lock(mutex_);
  progress_ = Clock::now();
  const auto found = waiting_.find(reply->id);
  if (found == waiting_.end()) return broken_rules("answered a request that was not made");
  const Waiting waiting = found->second;
  const bool refused = reply->type == SftpType::status &&
                       (waiting.answer == SftpType::status || reply->status != SftpStatus::ok);
  if (reply->type != waiting.answer && !refused)
    return broken_rules("answered something else than was asked");
  waiting_.erase(found);  // only now: while it is there, its call hears of a break
  if (waiting.call == nullptr) return {};
  waiting.call->progress_ = progress_;
  waiting.call->replies_.push_back(*std::move(reply));
  waiting.call->arrived_.notify_all();
  return {};
}

// --- sending ---

Status SftpSession::wait_for_socket(short events) {
  pollfd entry = {socket_.get(), events, 0};
  const auto ms = std::clamp<Duration::rep>(patience_.count(), 1, 1'000'000'000);
  for (;;) {
    const int ready = ::poll(&entry, 1, static_cast<int>(ms));
    if (ready > 0) return {};
    if (ready == 0) return silence();
    if (errno != EINTR) return hung_up();
  }
}

// REQUIRES: sending_ is held, or nobody else sends yet.
Status SftpSession::send_bytes(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
      continue;
    }
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno != EAGAIN) return hung_up();
    TW_RETURN_IF_ERROR(wait_for_socket(POLLOUT));
    const std::lock_guard lock(mutex_);
    progress_ = Clock::now();
  }
  return {};
}

Result<std::uint32_t> SftpSession::send(SftpCall& call, SftpRequest& request, Duration allowance) {
  std::uint32_t id = 0;
  const std::lock_guard sending(sending_);
  {
    const std::lock_guard lock(mutex_);
    if (failure_) return *failure_;
    while (waiting_.contains(++last_id_)) {
    }
    id = last_id_;
    const auto now = Clock::now();
    if (waiting_.empty()) progress_ = now;
    if (call.under_way_ == 0) call.progress_ = now;
    if (allowance > Duration::zero()) slow_until_ = std::max(slow_until_, now + patience_ + allowance);
    waiting_.emplace(id, Waiting{&call, request.answer()});
  }
  for (const std::string_view piece : request.packet(id)) {
    const Status sent = send_bytes(piece);
    if (sent.ok()) continue;
    break_off(sent.error());
    return failure();
  }
  return id;
}

SftpSession::Clock::time_point SftpSession::deadline_of(const SftpCall& call) const {
  const auto own_end = call.progress_ + patiences_max * patience_;
  return std::max(std::min(std::max(progress_, call.progress_) + patience_, own_end), slow_until_);
}

// --- a call ---

SftpCall::SftpCall(SftpSession& session) : session_(session) {}

SftpCall::~SftpCall() {
  const std::lock_guard lock(session_.mutex_);
  if (under_way_ == replies_.size()) return;
  for (auto& [id, waiting] : session_.waiting_) {
    if (waiting.call == this) waiting.call = nullptr;
  }
}

Result<std::uint32_t> SftpCall::send(SftpRequest request, Duration allowance) {
  TW_ASSIGN_OR_RETURN(const std::uint32_t id, session_.send(*this, request, allowance));
  ++under_way_;
  return id;
}

Status SftpCall::send_unasked(SftpRequest request) {
  TW_ASSIGN_OR_RETURN(const std::uint32_t id, session_.send(*this, request, {}));
  const std::lock_guard lock(session_.mutex_);
  // The reply may have come already.
  std::erase_if(replies_, [id](const SftpReply& reply) { return reply.id == id; });
  if (const auto found = session_.waiting_.find(id); found != session_.waiting_.end()) {
    found->second.call = nullptr;
  }
  return {};
}

template <class Found>
Result<SftpReply> SftpCall::wait(Found found) {
  std::unique_lock lock(session_.mutex_);
  for (;;) {
    const auto reply = std::find_if(replies_.begin(), replies_.end(), found);
    if (reply != replies_.end()) {
      SftpReply taken = std::move(*reply);
      replies_.erase(reply);
      --under_way_;
      return taken;
    }
    if (session_.failure_) return *session_.failure_;
    const auto deadline = session_.deadline_of(*this);
    if (SftpSession::Clock::now() >= deadline) {
      lock.unlock();
      session_.break_off(session_.silence());
      return session_.failure();
    }
    arrived_.wait_until(lock, deadline);
  }
}

Result<SftpReply> SftpCall::next() {
  return wait([](const SftpReply&) { return true; });
}

Result<SftpReply> SftpCall::reply_to(std::uint32_t id) {
  return wait([id](const SftpReply& reply) { return reply.id == id; });
}

Result<SftpReply> SftpCall::ask(SftpRequest request, Duration allowance) {
  TW_ASSIGN_OR_RETURN(const std::uint32_t id, send(std::move(request), allowance));
  return reply_to(id);
}

}  // namespace tradewind::objectstore
