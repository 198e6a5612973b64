// Whatever a server sends: no crash, nothing larger than the packet it came in, and nothing that steers a
// terminal.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "edge/objectstore/sftp/sftp_packet.h"
#include "edge/objectstore/sftp/sftp_text.h"
#include "edge/objectstore/sftp/sftp_url.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tradewind::objectstore;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto reply = parse_sftp_reply(std::string(input));
  if (reply.ok()) {
    if (reply->data().size() > size || reply->handle.size() > sftp_handle_bytes_max) std::abort();
    std::size_t named = 0;
    for (const SftpName& name : reply->names) named += name.name.size() + 12;
    if (named > size || reply->message.size() > size) std::abort();
  }
  const auto version = parse_sftp_version(input);
  if (version.ok() && version->extensions.size() > size / 8) std::abort();
  const auto limits = parse_sftp_limits(input);
  if (limits.ok() && (limits->read_bytes < 1024 || limits->write_bytes > (std::size_t{255} << 10)))
    std::abort();
  (void)parse_sftp_free_bytes(input);
  const std::string shown = printable(input, 100);
  if (shown.size() > 103 || shown.find_first_of("\x1b\n\r\t\x7f") != std::string::npos) std::abort();
  const auto url = parse_sftp_url(input);
  if (url.ok()) {
    const auto again = parse_sftp_url(to_text(*url));
    if (!again.ok() || again->host != url->host || again->user != url->user || again->path != url->path)
      std::abort();
    if (url->host.starts_with('-') || url->user.starts_with('-') || url->path.empty()) std::abort();
  }
  return 0;
}
