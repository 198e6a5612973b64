// `tradewind server`: the control plane of this user, from lock to farewell.
#pragma once

#include <functional>

#include "app/cli/context.h"
#include "edge/drivers/registry.h"

namespace tradewind::app {

// What suppliers need to know of this program and its user.
drivers::DriverConfig driver_config(const cli::Context& context, const std::string& zones_file);

// Runs until it is told to end (SIGTERM, SIGINT, POST /v1/server/stop, or idle for long enough). `ready` is
// called once it answers, with what GET /v1/version says and the socket. conflict: a server runs already, or
// the port is in use; unauthorized, unavailable: the state folder cannot be used; corrupt: the database is
// damaged.
Result<cli::ExitCode> run_server(const cli::ServerRunOptions& options, const cli::Context& context,
                                 const std::function<void(const json::value&)>& ready);

}  // namespace tradewind::app
