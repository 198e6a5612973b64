#include "edge/drivers/ssh/ssh_provider.h"

#include "base/text.h"
#include "edge/io/files.h"
#include "edge/io/hash.h"
#include "edge/objectstore/relay/relay_pass.h"

namespace tradewind::ssh {
namespace {

using node::NodeCall;
using provider::Launched;
using provider::LaunchRequest;
using provider::TerminateState;

constexpr Duration facts_last = std::chrono::minutes(10);
constexpr Duration lent_facts_last = std::chrono::minutes(1);  // an owner comes and goes
// A host that closes sooner than this after its notice is not worth the start.
constexpr Duration worth_it = std::chrono::minutes(1);
constexpr Duration call_timeout = std::chrono::seconds(60);
constexpr Duration upload_timeout = std::chrono::minutes(10);
constexpr int exit_not_found = 127;
constexpr int exit_not_executable = 126;

provider::Capabilities capabilities_of(const HostConfig& config) {
  provider::Capabilities facts;
  facts.provider = "ssh";
  facts.only_region = config.name;
  facts.regions = {config.name};
  facts.spot = true;  // where its owner has rules
  facts.token_kind = provider::TokenKind::idempotent;
  facts.needs_relay = true;
  facts.far = true;
  return facts;
}

Duration lasting(const node::HostFacts& facts) {
  return facts.lending ? lent_facts_last : facts_last;
}

std::string last_line(const std::string& text) {
  const std::vector<std::string> lines = split(trim(text), '\n');
  return lines.empty() ? "" : lines.back();
}

}  // namespace

SshProvider::SshProvider(SshProviderOptions options, const Clock& clock)
    : SshProvider(options, std::make_unique<SshHost>(options.ssh), clock) {}

SshProvider::SshProvider(SshProviderOptions options, std::unique_ptr<LinkedHost> host, const Clock& clock)
    : options_(std::move(options)),
      clock_(clock),
      capabilities_(capabilities_of(options_.ssh.config)),
      kept_host_(std::move(host)),
      host_(*kept_host_) {}

Result<std::string> SshProvider::folder() {
  {
    const std::lock_guard lock(mutex_);
    if (!folder_.empty()) return folder_;
  }
  const std::string& wanted = config().folder;
  // "$HOME" is the shell's own, not what we think of it.
  const std::string script = "umask 077; cd && f=" + io::shell_quoted(wanted) +
                             "; case \"$f\" in /*) ;; *) f=\"$PWD/$f\" ;; esac; mkdir -p -- \"$f\" && "
                             "cd -- \"$f\" && printf '%s\\n' \"$PWD\"";
  TW_ASSIGN_OR_RETURN(const io::CommandOutput output, host_.run({{"sh", "-c", script}}));
  std::string found = last_line(output.out);  // a login script may say something before
  if (!output.status.success() || !found.starts_with('/')) {
    return Error{
        Code::invalid_argument,
        "the folder " + wanted + " cannot be made on " + host_.name() + ": " + std::string(trim(output.err)),
        "name another as folder: in ssh.yaml"};
  }
  const std::lock_guard lock(mutex_);
  folder_ = found;
  return folder_;
}

Status SshProvider::bring_agent(const std::string& path) {
  TW_ASSIGN_OR_RETURN(const std::string program, io::read_file(options_.agent_program));
  const std::string folder = path.substr(0, path.rfind('/'));
  // Whole or not at all, also where two bring it at once, and proved before it has its name.
  const std::string script =
      "umask 077; mkdir -p -- " + io::shell_quoted(folder) + " && t=" + io::shell_quoted(path) +
      ".$$ && cat > \"$t\" && chmod 700 \"$t\" && \"$t\" --version >/dev/null && mv -f -- \"$t\" " +
      io::shell_quoted(path) + " || { e=$?; rm -f -- \"$t\"; exit $e; }";
  TW_ASSIGN_OR_RETURN(const io::CommandOutput output,
                      host_.run({{"sh", "-c", script}, program, upload_timeout}));
  if (output.status.success()) return {};
  const bool forbidden = !output.status.signaled && output.status.code == exit_not_executable;
  return Error{forbidden ? Code::invalid_argument : Code::unavailable,
               "the agent program could not be put to " + path + " on " + host_.name() + ": " +
                   (trim(output.err).empty() ? to_text(output.status) : std::string(trim(output.err))),
               forbidden
                   ? "programs do not run from that folder (noexec, or another kind of processor): name "
                     "another as folder: in ssh.yaml"
                   : "see whether the disk there is full"};
}

// By its digest: a host may serve several versions at once.
Result<std::string> SshProvider::agent_on_host() {
  TW_ASSIGN_OR_RETURN(const std::string where, folder());
  const std::lock_guard lock(mutex_);
  if (agent_digest_.empty()) {
    TW_ASSIGN_OR_RETURN(const std::string program, io::read_file(options_.agent_program));
    agent_digest_ = io::hex(io::sha256(program)).substr(0, 24);
  }
  return where + "/bin/tradewind-agent-" + agent_digest_;
}

Result<json::value> SshProvider::ask_once(const NodeCall& call, bool& missing) {
  TW_ASSIGN_OR_RETURN(const std::string program, agent_on_host());
  TW_ASSIGN_OR_RETURN(const io::CommandOutput output,
                      host_.run({{program, "node"}, tradewind::to_text(node::to_json(call)), call_timeout}));
  missing = !output.status.signaled && output.status.code == exit_not_found;
  if (missing) return Error{Code::not_found, "there is no agent program on " + host_.name()};
  if (!output.status.success()) {
    return Error{Code::unavailable, "the agent program on " + host_.name() +
                                        " failed: " + to_text(output.status) + " " + last_line(output.err)};
  }
  const Result<json::value> document = parse_json(last_line(output.out));
  if (!document.ok()) {
    return Error{Code::unavailable,
                 "the agent program on " + host_.name() + " answered no JSON: " + document.error().message};
  }
  return node::read_answer(*document);
}

Result<json::value> SshProvider::ask(NodeCall call) {
  TW_ASSIGN_OR_RETURN(call.folder, folder());
  call.now = clock_.now();
  call.forget_after = config().forget_after;
  bool missing = false;
  Result<json::value> answer = ask_once(call, missing);
  if (!missing) return answer;
  TW_ASSIGN_OR_RETURN(const std::string program, agent_on_host());
  TW_RETURN_IF_ERROR(bring_agent(program));
  call.now = clock_.now();
  return ask_once(call, missing);
}

Result<SshProvider::Known> SshProvider::facts() {
  {
    const std::lock_guard lock(mutex_);
    if (facts_ && clock_.monotonic() - facts_at_ < lasting(facts_->facts)) return *facts_;
  }
  if (std::optional<Known> kept = kept_facts()) return *kept;
  TW_ASSIGN_OR_RETURN(const node::HostFacts fresh, fresh_facts());
  return Known{fresh, clock_.now()};
}

// Of a command a moment ago. Nothing: there are none, or they are old.
std::optional<SshProvider::Known> SshProvider::kept_facts() {
  if (options_.facts_file.empty()) return std::nullopt;
  const Result<std::string> text = io::read_file(options_.facts_file, 1 << 16);
  if (!text.ok()) return std::nullopt;
  const Result<json::value> document = parse_json(*text);
  if (!document.ok()) return std::nullopt;
  JsonReader reader(*document, "facts");
  const Time seen = reader.time("seen");
  const std::string target = reader.text("target");
  const Result<node::HostFacts> facts = node::host_facts_from_json(reader.value("facts"));
  const Duration age = clock_.now() - seen;
  if (!reader.status().ok() || !facts.ok() || target != host_.name()) return std::nullopt;
  if (age < Duration(0) || age > lasting(*facts)) return std::nullopt;
  return Known{*facts, seen};
}

Result<node::HostFacts> SshProvider::fresh_facts() {
  NodeCall call;
  call.call = "facts";
  TW_ASSIGN_OR_RETURN(const json::value answer, ask(call));
  TW_ASSIGN_OR_RETURN(const node::HostFacts facts, node::host_facts_from_json(answer));
  if (!options_.facts_file.empty()) {
    const json::value kept = json::object{{"seen", tradewind::to_json(clock_.now())},
                                          {"target", host_.name()},
                                          {"facts", node::to_json(facts)}};
    // Only a convenience: without it the next command asks again.
    if (io::make_folders(options_.facts_file.parent_path(), 0700).ok()) {
      static_cast<void>(io::write_file_atomic(options_.facts_file, tradewind::to_text(kept) + "\n").ok());
    }
  }
  const std::lock_guard lock(mutex_);
  facts_ = Known{facts, clock_.now()};
  facts_at_ = clock_.monotonic();
  return facts;
}

Result<std::vector<local::Zone>> SshProvider::zones() {
  TW_ASSIGN_OR_RETURN(const Known known, facts());
  return shapes_of(config(), known.facts);
}

// Nothing: it takes no jobs now, or not for long enough. Zero: there is no end.
std::optional<Duration> SshProvider::open_for(const Known& known) const {
  if (!known.facts.lending) return Duration(0);
  const lending::State& state = *known.facts.lending;
  if (!state.open) return std::nullopt;
  if (!state.until) return Duration(0);
  // Its clock and ours may differ.
  const Duration left = *state.until - known.facts.now - (clock_.now() - known.seen);
  if (left <= state.rules.yield + worth_it) return std::nullopt;
  return std::chrono::floor<std::chrono::minutes>(left);
}

Result<std::vector<Offer>> SshProvider::offers(const provider::OfferQuery& query) {
  std::vector<Offer> found;
  if (!query.region.empty() && query.region != config().name) return found;
  TW_ASSIGN_OR_RETURN(const Known known, facts());
  const std::optional<Duration> open = open_for(known);
  if (!open) return found;
  const std::string day = format_utc(clock_.now()).substr(0, 10);
  for (const local::Zone& zone : shapes_of(config(), known.facts)) {
    for (Offer& offer : local::offers_of(zone, day)) {
      offer.location = {"ssh", config().name};
      offer.instance_type = zone.name;
      offer.source = "ssh.yaml";
      if (*open > Duration(0)) offer.time_limit = *open;
      found.push_back(std::move(offer));
    }
  }
  return found;
}

// The same offer as the host's zones name it.
Result<Offer> SshProvider::offer_here(const Offer& offer) {
  TW_ASSIGN_OR_RETURN(const Known known, facts());
  for (const local::Zone& zone : shapes_of(config(), known.facts)) {
    if (zone.name != offer.instance_type || offer.location != Location{"ssh", config().name}) continue;
    // Its owner has made rules, or ended them, since it was offered.
    const bool sold = offer.purchase == Purchase::spot ? zone.sells_spot : zone.sells_on_demand;
    if (!sold) {
      return Error{Code::insufficient_capacity,
                   host_.name() + " is not sold as " + std::string(to_text(offer.purchase)) + " any more"};
    }
    Offer there = offer;
    there.location = local::location_of(zone);
    there.instance_type = local::instance_type;
    return there;
  }
  // An owner may have lowered what he lends since it was offered.
  const Code code = known.facts.lending ? Code::insufficient_capacity : Code::invalid_argument;
  return Error{code, offer_key(offer) + " is not on offer at " + host_.name()};
}

// "<token>@<shape>": the host is told of an instance by both.
InstanceRef SshProvider::ref_here(const InstanceRef& there) const {
  return {{"ssh", config().name}, InstanceId(there.id.text() + "@" + there.location.region)};
}

Result<Launched> SshProvider::launch(const LaunchRequest& request) {
  NodeCall call;
  call.call = "launch";
  TW_ASSIGN_OR_RETURN(call.zones, zones());
  call.launch = request;
  TW_ASSIGN_OR_RETURN(call.launch.offer, offer_here(request.offer));
  if (!options_.relay_socket.empty()) {
    TW_RETURN_IF_ERROR(keep_relay(true));
    TW_ASSIGN_OR_RETURN(const std::string where, folder());
    call.launch.secrets[objectstore::relay_socket_variable] = node::relay_name(where, options_.plane);
  }
  TW_ASSIGN_OR_RETURN(const json::value answer, ask(call));
  TW_ASSIGN_OR_RETURN(Launched launched, node::launched_from_json(answer));
  launched.ref = ref_here(launched.ref);
  return launched;
}

Result<InstancePage> SshProvider::instances(const OwnerId& owner, const provider::PageToken& page) {
  NodeCall call;
  call.call = "instances";
  call.owner = owner;
  call.page = page;
  // Agents there must reach us before their silence means anything.
  const bool relays = !options_.relay_socket.empty();
  if (relays) TW_RETURN_IF_ERROR(keep_relay(false));
  call.plane = options_.plane;
  call.socket = forwarded();
  TW_ASSIGN_OR_RETURN(const json::value answer, ask(call));
  TW_ASSIGN_OR_RETURN(InstancePage listed, node::instance_page_from_json(answer));
  JsonReader reader(answer, "page");
  if (relays && !listed.instances.empty() && !reader.boolean_or("relay", false)) {
    TW_RETURN_IF_ERROR(keep_relay(true));
  }
  for (Instance& instance : listed.instances) instance.ref = ref_here(instance.ref);
  return listed;
}

Result<TerminateState> SshProvider::terminate(const InstanceRef& instance) {
  const std::string& id = instance.id.text();
  const std::size_t at = id.rfind('@');
  if (instance.location != Location{"ssh", config().name} || at == std::string::npos) {
    return TerminateState::done;
  }
  NodeCall call;
  call.call = "terminate";
  call.instance = {{"local", id.substr(at + 1)}, InstanceId(id.substr(0, at))};
  TW_ASSIGN_OR_RETURN(const json::value answer, ask(call));
  JsonReader reader(answer, "answer");
  const bool done = reader.boolean("done");
  TW_RETURN_IF_ERROR(reader.status());
  return done ? TerminateState::done : TerminateState::in_progress;
}

// The question makes the folder and brings the program, so that there is a place for the socket. It also
// tells whether the socket is still there: it goes with the folder once the host's last instance has ended.
Status SshProvider::keep_relay(bool ask_always) {
  const std::lock_guard lock(relay_mutex_);
  TW_ASSIGN_OR_RETURN(const std::string where, folder());
  if (!ask_always && !forwarded_.empty() && relayed_connection_ == host_.connection()) return {};
  for (int attempt = 0; attempt < 3; ++attempt) {
    NodeCall call;
    call.call = "relay";
    call.plane = options_.plane;
    call.socket = forwarded_.empty() || relayed_connection_ != host_.connection()
                      ? where + "/relay-" + options_.plane + "-none"
                      : forwarded_;
    const Result<json::value> answer = ask(call);
    if (answer.ok()) return {};
    if (answer.error().code != Code::not_found) return answer.error();
    if (!forwarded_.empty() && relayed_connection_ == host_.connection()) {
      host_.stop_forward(forwarded_, options_.relay_socket);
    }
    forwarded_ = where + "/relay-" + options_.plane + "-" + io::hex(io::random_bytes(6));
    TW_RETURN_IF_ERROR(host_.forward(forwarded_, options_.relay_socket));
    relayed_connection_ = host_.connection();
  }
  return Error{Code::unavailable, "the way back from " + host_.name() + " could not be made"};
}

std::string SshProvider::forwarded() {
  const std::lock_guard lock(relay_mutex_);
  return relayed_connection_ == host_.connection() ? forwarded_ : "";
}

Status SshProvider::prove_relay() {
  return keep_relay(true);
}

}  // namespace tradewind::ssh
