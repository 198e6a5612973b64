// Changing ssh.yaml by a program as a person would: its other lines, comments too, stay as they are.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "edge/drivers/ssh/ssh_hosts.h"

namespace tradewind::ssh {

// A host's fields as they are written, in that order; "name" is the first.
using HostFields = std::vector<std::pair<std::string, std::string>>;

// The file with one host more, at its end; empty text is no file yet. The same text where that very host is
// there already. conflict: another has its name; invalid_argument: a field, or the file, is wrong, or the
// file is written in a way that this does not know.
Result<std::string> with_host(std::string_view yaml, const HostFields& host, const std::string& home);
// The file without it, or "" when it was the last. not_found; invalid_argument as above.
Result<std::string> without_host(std::string_view yaml, const std::string& name, const std::string& home);

}  // namespace tradewind::ssh
