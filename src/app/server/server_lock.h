// One server for one state folder: a lock that the kernel releases when its holder dies.
#pragma once

#include "app/api/state_folder.h"
#include "base/result.h"
#include "edge/io/files.h"

namespace tradewind::server {

// Makes the folder (0700) when it is missing. The lock lasts as long as what is returned.
// conflict: a server runs already, the message names its process; unauthorized, unavailable: the folder or a
// file in it cannot be made (a read-only place, a full disk).
Result<io::FileLock> lock_state_folder(const api::StateFolder& folder);

}  // namespace tradewind::server
