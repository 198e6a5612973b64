// What `tradewind check ssh` proves of each host: connection, folder, program, way back, clock, limits.
#pragma once

#include <vector>

#include "edge/drivers/ssh/ssh_provider.h"
#include "edge/provider/proof.h"

namespace tradewind::ssh {

// Brings the agent program there and asks it. `relay`: proves the way back, too, by a relay of this moment.
std::vector<provider::Proof> prove_host(SshProvider& host, const Clock& clock, bool relay);

}  // namespace tradewind::ssh
