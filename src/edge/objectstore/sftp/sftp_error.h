// What an SFTP server refused, as an error that says where and what helps.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "edge/objectstore/sftp/sftp_transfer.h"

namespace tradewind::objectstore {

// "cannot <action> '<path>' on <target>: the server says …". unauthorized, not_found, invalid_argument (a
// name that the server cannot have, what it does not know), else unavailable.
Error sftp_error(const SftpRefusal& refusal, std::string_view action, std::string_view path,
                 std::string_view target);

}  // namespace tradewind::objectstore
