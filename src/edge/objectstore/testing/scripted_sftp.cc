#include "edge/objectstore/testing/scripted_sftp.h"

#include <cstdlib>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

namespace tradewind::objectstore {
namespace {

constexpr int patience_ms = 5'000;

std::string numbered(std::uint64_t value, int size) {
  std::string bytes;
  for (int shift = 8 * (size - 1); shift >= 0; shift -= 8) {
    bytes += static_cast<char>((value >> static_cast<unsigned>(shift)) & 0xFFU);
  }
  return bytes;
}

// What came of `size` bytes before the patience or the stream ended.
std::string receive(int socket, std::size_t size) {
  std::string bytes;
  while (bytes.size() < size) {
    pollfd entry = {socket, POLLIN, 0};
    if (::poll(&entry, 1, patience_ms) <= 0) return bytes;
    char buffer[65536];
    const ssize_t got = ::recv(socket, buffer, std::min(sizeof buffer, size - bytes.size()), 0);
    if (got <= 0) return bytes;
    bytes.append(buffer, static_cast<std::size_t>(got));
  }
  return bytes;
}

std::uint32_t number_at(const std::string& bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = at; i < at + 4 && i < bytes.size(); ++i) {
    value = (value << 8U) | static_cast<unsigned char>(bytes[i]);
  }
  return value;
}

}  // namespace

std::string sftp_number(std::uint32_t value) {
  return numbered(value, 4);
}
std::string sftp_number64(std::uint64_t value) {
  return numbered(value, 8);
}
std::string sftp_text(std::string_view bytes) {
  return sftp_number(static_cast<std::uint32_t>(bytes.size())) + std::string(bytes);
}
std::string sftp_extension(std::string_view name, std::string_view version) {
  return sftp_text(name) + sftp_text(version);
}

ScriptedSftp::ScriptedSftp() {
  int ends[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) std::abort();
  client_ = io::UniqueFd(ends[0]);
  server_ = io::UniqueFd(ends[1]);
}

SftpAsked ScriptedSftp::read() {
  const std::string length = receive(server_.get(), 4);
  const std::string packet = length.size() == 4 ? receive(server_.get(), number_at(length, 0)) : "";
  if (packet.size() < 5) {
    ADD_FAILURE() << "the client sent no request";
    return {};
  }
  return {static_cast<unsigned char>(packet[0]), number_at(packet, 1), packet.substr(5)};
}

bool ScriptedSftp::asked_within(Duration patience) {
  pollfd entry = {server_.get(), POLLIN, 0};
  return ::poll(&entry, 1, static_cast<int>(patience.count())) > 0;
}

bool ScriptedSftp::at_end() {
  return receive(server_.get(), 1).empty();
}

void ScriptedSftp::greet(std::string_view extensions) {
  const SftpAsked init = read();
  EXPECT_EQ(init.type, 1);
  EXPECT_EQ(init.id, 3U);
  send_packet("\x02" + sftp_number(3) + std::string(extensions));
}

void ScriptedSftp::send_status(std::uint32_t id, std::uint32_t code, std::string_view message) {
  send_packet("\x65" + sftp_number(id) + sftp_number(code) + sftp_text(message) + sftp_text("en"));
}

void ScriptedSftp::send_handle(std::uint32_t id, std::string_view handle) {
  send_packet("\x66" + sftp_number(id) + sftp_text(handle));
}

void ScriptedSftp::send_data(std::uint32_t id, std::string_view data) {
  send_packet("\x67" + sftp_number(id) + sftp_text(data));
}

void ScriptedSftp::send_packet(std::string_view packet) {
  send_raw(sftp_text(packet));
}

void ScriptedSftp::send_raw(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(server_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;  // the client hung up, which the test sees
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

}  // namespace tradewind::objectstore
