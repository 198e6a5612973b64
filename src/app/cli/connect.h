// How a verb gets to its server: the one that $TRADEWIND_SERVER names, or this user's own, which is started
// when it does not run.
#pragma once

#include "app/cli/api_client.h"
#include "app/cli/context.h"

namespace tradewind::cli {

// Where the server is; $TRADEWIND_SERVER ("http://127.0.0.1:7070", "unix:/path") is stronger than the state
// folder. invalid_argument: the variable holds no address.
Result<io::HttpEndpoint> server_endpoint(const Context& context);

// A client that has a server, started if need be. unavailable: it does not answer, or could not be started
// (the message says what it said).
Result<ApiClient> connect(Context& context);
// Only when one runs already: not_found otherwise.
Result<ApiClient> connect_if_running(Context& context);

// Of a request: that nobody answers, which may be better in a moment.
bool is_away(const Error& error);

// Starts this user's server in the background and returns when it answers. Of several programs that do so at
// once one starts it and the others find it. conflict: it runs already.
Status start_server(Context& context, const ServerRunOptions& options);

}  // namespace tradewind::cli
