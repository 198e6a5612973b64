// An SFTP server that a test plays by hand, at the other end of a socket pair.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"
#include "edge/io/unique_fd.h"

namespace tradewind::objectstore {

struct SftpAsked {
  int type = 0;
  std::uint32_t id = 0;  // of INIT: the version
  std::string rest;      // all that follows
};

class ScriptedSftp {
 public:
  ScriptedSftp();

  // The client's end of the socket; once.
  io::UniqueFd take_client() { return std::move(client_); }
  // The next request. A failed check and {} when none comes within 5 seconds.
  SftpAsked read();
  // Whether a request comes within that time.
  bool asked_within(Duration patience);
  // True once the client has hung up.
  bool at_end();

  // Answers INIT with version 3 and these extensions, "name\0value" joined as they travel: see extension().
  void greet(std::string_view extensions = "");
  void send_status(std::uint32_t id, std::uint32_t code, std::string_view message = "");
  void send_handle(std::uint32_t id, std::string_view handle);
  void send_data(std::uint32_t id, std::string_view data);
  // Any packet: its length is put before it.
  void send_packet(std::string_view packet);
  void send_raw(std::string_view bytes);
  void hang_up() { server_.close(); }

 private:
  io::UniqueFd client_;
  io::UniqueFd server_;
};

// Pieces of packets.
std::string sftp_number(std::uint32_t value);
std::string sftp_number64(std::uint64_t value);
std::string sftp_text(std::string_view bytes);
std::string sftp_extension(std::string_view name, std::string_view version = "1");

}  // namespace tradewind::objectstore
