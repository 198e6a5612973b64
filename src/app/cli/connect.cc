#include "app/cli/connect.h"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "app/api/error_body.h"
#include "base/text.h"
#include "edge/io/errno_error.h"
#include "edge/io/files.h"
#include "edge/io/process.h"
#include "edge/sealing/user_key.h"

namespace tradewind::cli {
namespace {

constexpr Duration start_patience{30'000};

io::HttpClientOptions client_options(const Context& context, const io::HttpEndpoint& endpoint) {
  io::HttpClientOptions options;
  const std::string token = context.variable("TRADEWIND_TOKEN").value_or("");
  // The token is for TCP: a Unix socket's rights are enough.
  if (endpoint.unix_path.empty() && !token.empty())
    options.headers.push_back({"Authorization", "Bearer " + token});
  return options;
}

ApiClient client_of(Context& context, const io::HttpEndpoint& endpoint, std::function<Status()> revive) {
  io::HttpClientOptions options = client_options(context, endpoint);
  options.revive = std::move(revive);
  return ApiClient(io::HttpClient(endpoint, std::move(options)),
                   [&context](const std::string& sentence) { print_warning(context, sentence); });
}

// not_found when nobody listens; nothing is sent.
Status knock(const io::HttpEndpoint& endpoint) {
  const Result<io::UniqueFd> socket = io::connect_to(endpoint, Duration(3000));
  return socket.ok() ? Status() : Status(socket.error());
}

std::vector<std::string> server_arguments(const Context& context, const ServerRunOptions& options) {
  std::vector<std::string> argv = context.self;
  argv.insert(argv.end(), {"server", "--background", "--json"});
  if (options.listen) argv.insert(argv.end(), {"--listen", std::to_string(*options.listen)});
  if (!options.zones.empty()) {
    const bool absolute = options.zones.front() == '/';  // the server works elsewhere
    argv.insert(argv.end(),
                {"--zones", absolute ? options.zones : context.working_folder + "/" + options.zones});
  }
  if (options.idle_exit) argv.insert(argv.end(), {"--idle-exit", *options.idle_exit});
  return argv;
}

// The one line that the server writes when it is ready, or the error that it ends with.
Result<std::string> read_line(int fd, Duration patience) {
  std::string line;
  for (;;) {
    pollfd waiting{fd, POLLIN, 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(patience.count()));
    if (ready < 0 && errno == EINTR) continue;
    if (ready == 0) return Error{Code::unavailable, "the server did not become ready in time"};
    std::array<char, 4096> piece{};
    const ssize_t count = ::read(fd, piece.data(), piece.size());
    if (count <= 0) return line;
    line.append(piece.data(), static_cast<std::size_t>(count));
    if (line.find('\n') != std::string::npos) return line;
  }
}

Status as_status(const std::string& line, const std::string& log) {
  const Result<json::value> said = parse_json(line);
  if (said.ok() && said->is_object() && said->get_object().contains("ready")) return {};
  if (said.ok() && said->is_object() && said->get_object().contains("error"))
    return api::error_from_body(500, line);
  return Error{Code::unavailable, "the server ended before it was ready", "its log is " + log};
}

Status spawn_server(const Context& context, const ServerRunOptions& options) {
  const std::string log = context.state().log();
  const io::UniqueFd log_file(::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!log_file.valid()) return io::errno_error(errno, "open the server's log " + log);
  TW_ASSIGN_OR_RETURN(io::Pipe pipe, io::make_pipe());
  io::SpawnRequest request;
  request.argv = server_arguments(context, options);
  request.environment = context.environment;
  // The server's working folder is another.
  const sealing::KeyPlaces keys = sealing::key_places(context.environment, context.working_folder);
  if (!keys.file.empty()) request.environment["TRADEWIND_KEY_FILE"] = keys.file;
  request.cwd = "/";
  request.stdout_fd = pipe.write_end.get();
  request.stderr_fd = log_file.get();
  TW_ASSIGN_OR_RETURN(io::Child child, io::spawn(request));
  pipe.write_end.close();
  TW_ASSIGN_OR_RETURN(const std::string line, read_line(pipe.read_end.get(), start_patience));
  Status started = as_status(line, log);
  if (!started.ok()) (void)child.wait_for(Duration(1000));  // it is ending: leave no zombie
  return started;
}

// For the server that somebody else is starting at this moment.
Status wait_for_socket(const Context& context, const io::HttpEndpoint& endpoint) {
  const Duration until = context.clock.monotonic() + start_patience;
  for (;;) {
    Status there = knock(endpoint);
    if (there.ok() || there.error().code != Code::not_found || context.clock.monotonic() > until)
      return there;
    ::usleep(20'000);
  }
}

}  // namespace

Result<io::HttpEndpoint> server_endpoint(const Context& context) {
  const std::string address = context.variable("TRADEWIND_SERVER").value_or("");
  if (address.empty()) return io::HttpEndpoint{context.state().socket(), "", 0};
  Result<io::HttpEndpoint> endpoint = io::parse_http_endpoint(address);
  if (endpoint.ok()) return endpoint;
  return Error{Code::invalid_argument, "TRADEWIND_SERVER: " + endpoint.error().message,
               endpoint.error().hint};
}

Status start_server(Context& context, const ServerRunOptions& options) {
  const api::StateFolder folder = context.state();
  TW_RETURN_IF_ERROR(io::with_cure(io::make_folders(folder.path, 0700), api::unusable_folder_cure));
  const Result<io::FileLock> lock = io::FileLock::acquire(folder.start_lock(), start_patience);
  if (!lock.ok()) return io::with_cure(lock.error(), api::unusable_folder_cure);
  // Whoever held the lock before us may just have started it.
  if (knock({folder.socket(), "", 0}).ok()) {
    return Error{Code::conflict, "the server runs already", "tradewind server status shows it"};
  }
  return spawn_server(context, options);
}

namespace {

Status ensure_own_server(Context& context, const io::HttpEndpoint& endpoint) {
  const Status there = knock(endpoint);
  if (there.ok() || there.error().code != Code::not_found) return there;
  const Status started = start_server(context, {});
  if (started.ok() || started.error().code != Code::conflict) return started;
  return wait_for_socket(context, endpoint);
}

}  // namespace

Result<ApiClient> connect(Context& context) {
  TW_ASSIGN_OR_RETURN(const io::HttpEndpoint endpoint, server_endpoint(context));
  if (context.variable("TRADEWIND_SERVER")) {
    const Status there = knock(endpoint);
    if (there.ok()) return client_of(context, endpoint, nullptr);
    if (there.error().code != Code::not_found) return there.error();
    return Error{Code::unavailable, there.error().message,
                 "TRADEWIND_SERVER names it: start it, or unset that variable to use a server of your own"};
  }
  TW_RETURN_IF_ERROR(ensure_own_server(context, endpoint));
  return client_of(context, endpoint, [&context, endpoint] { return ensure_own_server(context, endpoint); });
}

Result<ApiClient> connect_if_running(Context& context) {
  TW_ASSIGN_OR_RETURN(const io::HttpEndpoint endpoint, server_endpoint(context));
  const Status there = knock(endpoint);
  if (!there.ok()) return there.error();
  return client_of(context, endpoint, nullptr);
}

bool is_away(const Error& error) {
  return error.code == Code::not_found || error.code == Code::unavailable;
}

}  // namespace tradewind::cli
