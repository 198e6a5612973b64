// tradewind server: run, start, stop, or ask for the control plane.
#include <ostream>
#include <thread>

#include "app/api/server_info.h"
#include "app/cli/connect.h"
#include "app/cli/verbs.h"
#include "edge/io/files.h"

namespace tradewind::cli {
namespace {

constexpr Duration stop_patience{30'000};

Result<ExitCode> run_here(const ServerRunOptions& options, Context& context) {
  return context.wiring.run_server(options, [&](const json::value& info) {
    if (options.background) {
      // Read by the program that started this one (connect.cc), which then no longer listens.
      context.out << to_text(json::object{{"ready", info}}) << "\n" << std::flush;
      return;
    }
    if (context.json) return print_json(context, info);
    const json::object& fields = info.as_object();
    context.err << "tradewind server is ready: " << std::string(fields.at("socket").as_string()) << "\n";
    if (fields.contains("listen") && !fields.at("listen").is_null()) {
      context.err << "also " << std::string(fields.at("listen").as_string()) << ", with the token in "
                  << context.state().token() << "\n";
    }
    context.err << "Ctrl-C ends it; its jobs go on\n";
  });
}

Result<json::object> status_of(ApiClient& client) {
  TW_ASSIGN_OR_RETURN(const json::value version, client.get_from_any_version("/v1/version"));
  TW_ASSIGN_OR_RETURN(const json::value jobs, client.get_from_any_version("/v1/jobs?state=live&limit=0"));
  json::object status = version.as_object();
  status["live_jobs"] = jobs.as_object().at("total");
  return status;
}

Result<ExitCode> print_status(Context& context) {
  Result<ApiClient> client = connect_if_running(context);
  if (!client.ok() && client.error().code == Code::not_found) {
    return Error{Code::not_found, "no server runs for " + context.folders.state.string(),
                 "tradewind server start starts one; other commands do so when they need it"};
  }
  if (!client.ok()) return client.error();
  TW_ASSIGN_OR_RETURN(const json::object status, status_of(*client));
  if (context.json) {
    print_json(context, status);
    return ExitCode::done;
  }
  TW_ASSIGN_OR_RETURN(const api::ServerInfo info, api::server_info_from_json(status, "server"));
  context.out << "running   version " << info.version << ", process " << info.pid << ", since "
              << format_utc(info.started_at) << "\njobs      " << to_text(status.at("live_jobs"))
              << " that live\nstate     " << info.state_folder << "\n";
  if (!info.listen.empty()) context.out << "listens   " << info.listen << "\n";
  return ExitCode::done;
}

// The lock is free once the last thread has ended: then the state folder may be used, moved or deleted.
Result<ExitCode> stop_server(Context& context) {
  Result<ApiClient> client = connect_if_running(context);
  const bool none = !client.ok() && client.error().code == Code::not_found;
  if (!client.ok() && !none) return client.error();
  if (!none) {
    TW_RETURN_IF_ERROR([&]() -> Status {
      const Result<json::value> answer = client->post_to_any_version("/v1/server/stop");
      return answer.ok() ? Status() : Status(answer.error());
    }());
    const Duration until = context.clock.monotonic() + stop_patience;
    const bool own = !context.variable("TRADEWIND_SERVER");
    while (own && io::FileLock::is_held(context.state().server_lock())) {
      if (context.clock.monotonic() > until) {
        return Error{Code::unavailable, "the server was told to end and has not yet",
                     "its log is " + context.state().log()};
      }
      std::this_thread::sleep_for(Duration(20));
    }
  }
  if (context.json) {
    print_json(context, json::object{{"stopped", !none}});
  } else {
    context.err << (none ? "no server runs\n" : "the server has ended; its jobs go on\n");
  }
  return ExitCode::done;
}

Result<ExitCode> start_in_background(const ServerRunOptions& options, Context& context) {
  const Status started = start_server(context, options);
  if (!started.ok()) return started.error();
  return print_status(context);
}

}  // namespace

Result<ExitCode> run_server(const ServerRunOptions& options, Context& context) {
  switch (options.action) {
    case ServerAction::run:
      return run_here(options, context);
    case ServerAction::start:
      return start_in_background(options, context);
    case ServerAction::stop:
      return stop_server(context);
    case ServerAction::status:
      return print_status(context);
  }
  return ExitCode::usage;
}

}  // namespace tradewind::cli
