#include "app/main/server_main.h"

#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <unistd.h>

#include "app/main/control_plane.h"
#include "app/server/server.h"
#include "app/server/server_lock.h"
#include "core/catalog/catalog.h"
#include "edge/io/errno_error.h"
#include "edge/io/files.h"
#include "edge/sealing/user_key.h"

namespace tradewind::app {
namespace {

// A server that a command started by itself goes when nobody needs it any more.
constexpr Duration idle_exit_in_background{15 * 60'000};

// Ctrl-C and SIGTERM reach the server through here; null while there is none.
std::atomic<server::Server*> stoppable{nullptr};

void ask_to_stop(int) {
  if (server::Server* running = stoppable.load()) running->request_stop();
}

class StopSignals {
 public:
  explicit StopSignals(server::Server& running) {
    stoppable = &running;
    struct sigaction action = {};
    action.sa_handler = ask_to_stop;
    ::sigaction(SIGINT, &action, &old_int_);
    ::sigaction(SIGTERM, &action, &old_term_);
  }
  ~StopSignals() {
    ::sigaction(SIGINT, &old_int_, nullptr);
    ::sigaction(SIGTERM, &old_term_, nullptr);
    stoppable = nullptr;
  }
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

 private:
  struct sigaction old_int_ = {};
  struct sigaction old_term_ = {};
};

Result<Duration> idle_exit_of(const cli::ServerRunOptions& options) {
  if (!options.idle_exit) return options.background ? idle_exit_in_background : Duration{};
  if (*options.idle_exit == "0") return Duration{};
  Result<Duration> span = parse_duration(*options.idle_exit);
  if (span.ok()) return span;
  return Error{Code::invalid_argument, "--idle-exit: " + span.error().message, span.error().hint};
}

// Lines with the time, for the log file and for people alike.
std::function<void(const std::string&)> logger(const Clock& clock) {
  return [&clock](const std::string& line) {
    std::fprintf(stderr, "%s %s\n", format_utc(clock.now()).c_str(), line.c_str());
  };
}

// The pipe that the starting program reads has served: nobody must wait for its end, or get our later output.
void let_go_of_stdout() {
  const io::UniqueFd nothing(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  if (nothing.valid()) ::dup2(nothing.get(), STDOUT_FILENO);
}

json::value describe_server(const server::Server& running, const api::StateFolder& folder) {
  json::object info = to_json(running.info()).as_object();
  info["socket"] = folder.socket();
  return info;
}

}  // namespace

drivers::DriverConfig driver_config(const cli::Context& context, const std::string& zones_file) {
  drivers::DriverConfig config;
  config.folders = context.folders;
  if (!zones_file.empty()) {
    config.zones_file = zones_file.front() == '/' ? zones_file : context.working_folder + "/" + zones_file;
  }
  config.machine_program = context.self;
  config.machine_program.emplace_back("local-machine");
  const std::filesystem::path own(context.self.front());
  config.agent_program = {
      context.variable("TRADEWIND_AGENT").value_or((own.parent_path() / "tradewind-agent").string())};
  config.environment = context.environment;
  // A machine gets the data keys of its jobs, and never what opens all of them.
  std::erase_if(config.environment, [](const auto& entry) { return sealing::names_user_key(entry.first); });
  config.catalogue = [] {
    const catalog::Catalog known = catalog::embedded_catalog();
    return std::vector<Offer>(known.offers().begin(), known.offers().end());
  };
  config.host_of = [reached = config](const std::string& target) {
    return drivers::host_over_ssh(reached, target);
  };
  return config;
}

Result<cli::ExitCode> run_server(const cli::ServerRunOptions& options, const cli::Context& context,
                                 const std::function<void(const json::value&)>& ready) {
  const api::StateFolder folder = context.state();
  TW_ASSIGN_OR_RETURN(const Duration idle_exit, idle_exit_of(options));
  TW_ASSIGN_OR_RETURN(const io::FileLock lock, server::lock_state_folder(folder));
  const auto log = logger(context.clock);

  ControlPlaneOptions plane_options;
  plane_options.database = folder.database();
  plane_options.store_folder = context.folders.data / "stores" / "home";
  plane_options.drivers = driver_config(context, options.zones);
  plane_options.state_folder = context.folders.state;
  plane_options.keys = sealing::key_places(context.environment, context.working_folder);
  plane_options.log = log;
  TW_ASSIGN_OR_RETURN(const std::unique_ptr<RunningControlPlane> plane,
                      start_control_plane(plane_options, context.clock));

  server::ServerOptions server_options;
  server_options.folder = folder;
  server_options.port = options.listen;
  server_options.idle_exit = idle_exit;
  server_options.market.offers = [&plane] { return plane->offers->known(); };
  TW_ASSIGN_OR_RETURN(const std::unique_ptr<server::Server> running,
                      server::Server::start(server_options, *plane->service, context.clock, plane->owner));
  const StopSignals signals(*running);
  log("the server is ready, process " + std::to_string(::getpid()));
  ready(describe_server(*running, folder));
  if (options.background) let_go_of_stdout();
  const server::StopReason reason = running->wait();
  log(reason == server::StopReason::idle ? "nothing to do for long enough: the server ends"
                                         : "the server was asked to end; jobs go on");
  running->stop();
  return cli::ExitCode::done;
}

}  // namespace tradewind::app
