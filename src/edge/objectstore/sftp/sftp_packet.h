// The packets of the SSH File Transfer Protocol, version 3, as OpenSSH and most others speak it
// (draft-ietf-secsh-filexfer-02), and of OpenSSH's extensions (its file PROTOCOL).
//   packet: length u32, of what follows; type u8; id u32; fields
// Numbers are big-endian; a string is its length (u32) and its bytes.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tradewind::objectstore {

// Of a packet that is read, without its length field. OpenSSH sends and takes at most 256 KiB.
constexpr std::size_t sftp_packet_bytes_max = std::size_t{1} << 20;
constexpr std::size_t sftp_handle_bytes_max = 256;

enum class SftpType : std::uint8_t {
  init = 1,
  version = 2,
  open = 3,
  close = 4,
  read = 5,
  write = 6,
  lstat = 7,
  setstat = 9,
  opendir = 11,
  readdir = 12,
  remove = 13,
  mkdir = 14,
  stat = 17,
  status = 101,
  handle = 102,
  data = 103,
  name = 104,
  attributes = 105,
  extended = 200,
  extended_reply = 201,
};

enum class SftpStatus : std::uint32_t {
  ok = 0,
  end_of_file = 1,
  no_such_file = 2,
  permission_denied = 3,
  failure = 4,
  bad_message = 5,
  no_connection = 6,
  connection_lost = 7,
  unsupported = 8,
};

// --- what is sent ---

// A request under construction. Its id and its length are filled in when it is sent.
class SftpRequest {
 public:
  // `answer`: what the server sends when it does not refuse.
  SftpRequest(SftpType type, SftpType answer);
  // An extension's request: "fsync@openssh.com".
  static SftpRequest extension(std::string_view name, SftpType answer = SftpType::status);

  SftpRequest& number(std::uint32_t value);
  SftpRequest& number64(std::uint64_t value);
  SftpRequest& text(std::string_view bytes);
  // A string at the end that is not copied. REQUIRES: `bytes` lives until the request is sent.
  SftpRequest& payload(std::string_view bytes);

  SftpType answer() const { return answer_; }
  // The bytes that travel, in two pieces. REQUIRES: this and the payload outlive them.
  std::array<std::string_view, 2> packet(std::uint32_t id);

 private:
  std::string bytes_;
  std::string_view payload_;
  SftpType answer_;
};

// The first packet, which has no id.
std::string sftp_init_packet();

// --- what is read ---

struct SftpAttributes {
  std::optional<std::uint64_t> size_bytes;
  std::optional<std::uint32_t> permissions;  // st_mode of POSIX
  std::optional<std::uint32_t> modified_s;   // since 1970

  // False where the server says nothing about the kind.
  bool is_folder() const;
  bool is_link() const;
  bool is_other() const;  // a pipe, a socket, a device
};

struct SftpName {
  std::string name;  // bytes of the server's choice
  SftpAttributes attributes;
};

struct SftpReply {
  SftpType type = SftpType::status;
  std::uint32_t id = 0;
  SftpStatus status = SftpStatus::ok;  // of a STATUS; else ok
  std::string message;                 // of a STATUS, as the server wrote it: never shown unfiltered
  std::string handle;                  // of a HANDLE
  SftpAttributes attributes;           // of ATTRS
  std::vector<SftpName> names;         // of NAME

  // Of DATA: what was read. Of EXTENDED_REPLY: all that follows the id.
  std::string_view data() const { return std::string_view(packet).substr(data_offset); }
  std::string packet;
  std::size_t data_offset = 0;
};

// Of a packet without its length field. corrupt: cut short, of a type that answers nothing, a handle that is
// empty or longer than 256 bytes, a count that the packet cannot hold. Bytes behind the last field are passed
// over, as other clients do.
Result<SftpReply> parse_sftp_reply(std::string packet);

struct SftpVersion {
  std::uint32_t version = 0;
  std::map<std::string, std::string, std::less<>> extensions;  // "hardlink@openssh.com" to "1"
};
// Of a VERSION packet without its length field. corrupt.
Result<SftpVersion> parse_sftp_version(std::string_view packet);

// Of the answer to limits@openssh.com: the longest reads and writes that are worth asking for.
struct SftpLimits {
  std::size_t read_bytes = std::size_t{32} << 10;  // what each server must take
  std::size_t write_bytes = std::size_t{32} << 10;
};
// 0 and what is too small to be true leave the default; nothing exceeds 255 KiB. corrupt.
Result<SftpLimits> parse_sftp_limits(std::string_view data);

// Of the answer to statvfs@openssh.com: what an ordinary user can still write. corrupt.
Result<std::uint64_t> parse_sftp_free_bytes(std::string_view data);

}  // namespace tradewind::objectstore
