// Words of strangers (an SFTP server, ssh's stderr), made fit for a message.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tradewind::objectstore {

// At most `bytes_max` bytes, "…" behind what was cut. Control characters and what is no UTF-8 become '?',
// runs of blanks and newlines one blank: nothing of it can steer a terminal or forge a line of a log.
std::string printable(std::string_view text, std::size_t bytes_max);

}  // namespace tradewind::objectstore
