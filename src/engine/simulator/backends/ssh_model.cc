#include "engine/simulator/backends/ssh_model.h"

#include "base/text.h"

namespace tradewind::simulator {

namespace {

constexpr int exit_not_found = 127;
constexpr std::string_view neighbour = "ffffffffffffffffffffffffffffffff";

io::CommandOutput printed(std::string text) {
  return {{false, 0}, std::move(text) + "\n", ""};
}

}  // namespace

HostModel::HostModel(const ModelWorld& world, HostKind kind, std::uint64_t seed)
    : world_(world), kind_(std::move(kind)), random_(seed) {}

void HostModel::begin() {
  plan_neighbour();
  if (world_.faults.has_accidents()) plan_accidents();
}

// ---- connections

Result<std::uint64_t> HostModel::connect() {
  if (now() < link_cut_until_ || now() < down_until_) {
    world_.count("ssh: a host was out of reach");
    return Error{Code::unavailable, kind_.name + " does not answer"};
  }
  if (now() < key_changed_until_) {
    world_.count("ssh: a host had another key");
    return Error{Code::unauthorized, kind_.name + " is not the host that it was: its key changed"};
  }
  connections_.insert(++connections_made_);
  return connections_made_;
}

void HostModel::disconnect(std::uint64_t connection) {
  connections_.erase(connection);
  std::erase_if(sockets_, [&](const auto& item) { return item.second == connection; });
  note_ways();
}

void HostModel::forward(std::uint64_t connection, const std::string& socket) {
  sockets_[socket] = connection;
  note_ways();
}

bool HostModel::leads_home() const {
  return sockets_.contains(relay_leads_to_);
}

void HostModel::note_ways() {
  const bool open = leads_home();
  const bool was_open = !ways_home_.empty() && !ways_home_.back().second;
  if (open && !was_open) ways_home_.emplace_back(now(), std::nullopt);
  if (!open && was_open) {
    ways_home_.back().second = now();
    const bool any = std::any_of(instances_.begin(), instances_.end(),
                                 [](const auto& item) { return item.second->agent != nullptr; });
    if (any) world_.count("ssh: agents lost their way home");
  }
  const bool dark = now() < link_cut_until_ || now() < key_changed_until_ || now() < down_until_;
  if (!dark) dark_since_.reset();
  if (dark && !dark_since_) dark_since_ = now();
}

Duration HostModel::heard_since(Time since, Time now) const {
  Duration sum{};
  for (const auto& [from, until] : ways_home_) {
    const Time begin = std::max(from, since);
    const Time end = until.value_or(now);
    if (end > begin) sum += end - begin;
  }
  return sum;
}

// ---- what runs there

io::CommandOutput HostModel::run(const io::HostCommand& command) {
  if (command.argv.front() == "sh") {
    if (command.argv.back().find("cat >") == std::string::npos) return printed("/home/tw/.tradewind");
    if (now() < disk_full_until_) return {{false, 1}, "", "No space left on device"};
    has_program_ = true;
    return printed("");
  }
  if (!has_program_) return {{false, exit_not_found}, "", "not found"};
  const Result<json::value> document = parse_json(command.input);
  const Result<node::NodeCall> call =
      document.ok() ? node::node_call_from_json(*document) : Result<node::NodeCall>(document.error());
  if (!call.ok()) {
    world_.violation("the node was asked what it does not understand: " + call.error().message);
    return printed(tradewind::to_text(node::answer_of(call.error())));
  }
  const Result<json::value> said = answer(*call);
  return printed(tradewind::to_text(said.ok() ? json::value(json::object{{"ok", *said}})
                                              : node::answer_of(said.error())));
}

Result<json::value> HostModel::answer(const node::NodeCall& call) {
  if (call.call != "instances") used_ = now();
  if (call.call == "facts") {
    node::HostFacts facts;
    facts.machine.cpus = kind_.cpus;
    facts.machine.memory_gib = 64;
    if (kind_.gpus > 0) facts.machine.accelerator = Accelerator{"L4", double(kind_.gpus), 24};
    facts.cgroup = "v2";
    facts.disk_free_gib = 100;
    facts.now = now();
    return node::to_json(facts);
  }
  if (call.call == "relay") {
    const bool lies = world_.mutant == Mutant::ssh_way_back_unproved && !relay_leads_to_.empty();
    if (lies) return json::value(json::object{});
    if (!sockets_.contains(call.socket)) return Error{Code::not_found, "there is no socket " + call.socket};
    relay_leads_to_ = call.socket;
    note_ways();
    world_.count("ssh: the way home was led anew");
    return json::value(json::object{});
  }
  if (call.call == "launch") return launch(call);
  if (call.call == "instances") return list(call);
  return terminate(call);
}

Result<json::value> HostModel::launch(const node::NodeCall& call) {
  const provider::LaunchRequest& request = call.launch;
  const auto answer_for = [&](const HostInstance& instance) {
    return node::to_json(
        provider::Launched{{request.offer.location, InstanceId(request.token)}, instance.launched_at});
  };
  const auto known = instances_.find(request.token);
  if (known != instances_.end() && world_.mutant != Mutant::ssh_token_forgotten) {
    world_.count("ssh: a token was launched a second time");
    return answer_for(*known->second);
  }
  if (now() < disk_full_until_) {
    world_.count("ssh: a full disk refused a launch");
    return Error{Code::unavailable, "write the launch's record: No space left on device",
                 "free some disk space"};
  }
  if (world_.faults.launch_refused()) return Error{Code::insufficient_capacity, kind_.name + " is full"};
  const auto zone = std::find_if(call.zones.begin(), call.zones.end(), [&](const local::Zone& each) {
    return local::location_of(each) == request.offer.location;
  });
  if (zone == call.zones.end()) return Error{Code::invalid_argument, "there is no such zone"};
  auto instance = std::make_unique<HostInstance>();
  TW_ASSIGN_OR_RETURN(instance->claims, free_claims(*zone));
  instance->launch = request;
  instance->launched_at = now();
  for (const std::string& claim : instance->claims) claims_[claim] = request.token;
  HostInstance& here = *instance;
  if (known != instances_.end()) buried_.push_back(std::move(known->second));
  instances_[request.token] = std::move(instance);
  world_.time.after(between(random_, Duration(2'000), Duration(10'000)),
                    [this, &here] { begin_agent(here); });
  return answer_for(here);
}

// The first that are free. Those of neighbours are theirs.
Result<std::set<std::string>> HostModel::free_claims(const local::Zone& zone) {
  std::set<std::string> taken;
  const auto take = [&](const char* kind, int wanted, int all) {
    for (int i = 0; i < all && wanted > 0; ++i) {
      const std::string name = std::string(kind) + "-" + std::to_string(i);
      if (!claims_.contains(name) && taken.insert(name).second) --wanted;
    }
    return wanted == 0;
  };
  const local::Share share = zone.share.value_or(local::Share{});
  if (take("gpu", share.gpus, kind_.gpus) && take("core", share.cores, kind_.cpus)) return taken;
  world_.count("ssh: claims of others refused a launch");
  return Error{Code::insufficient_capacity, kind_.name + ": others have claimed what it takes"};
}

void HostModel::begin_agent(HostInstance& instance) {
  if (instance.state != InstanceState::pending) return;
  instance.state = InstanceState::running;
  const provider::LaunchRequest& launch = instance.launch;
  if (launch.owner.text() == neighbour || world_.faults.boot_fails()) {
    if (launch.owner.text() != neighbour) {
      world_.time.at(launch.hard_limit, [this, &instance] { end(instance, "its hard limit was reached"); });
    }
    return;
  }
  ProcessSetup setup{launch.owner, launch.job, launch.token, is_standby(launch.agent_arguments),
                     launch.hard_limit};
  setup.reaches_store = [this] { return leads_home(); };
  setup.ended = [this, &instance] { end(instance, "its agent ended"); };
  instance.agent = std::make_unique<AgentProcess>(world_, std::move(setup), random_);
}

void HostModel::end(HostInstance& instance, const std::string& reason) {
  if (instance.state == InstanceState::terminated) return;
  instance.state = InstanceState::terminated;
  instance.ended_at = now();
  instance.reason = reason;
  if (instance.agent) instance.agent->stop();
  world_.log(instance.launch.token + " on " + kind_.name + " ends: " + reason);
  if (world_.mutant == Mutant::ssh_claim_kept && random_.chance(0.03)) return;
  for (const std::string& claim : instance.claims) {
    const auto held = claims_.find(claim);
    if (held != claims_.end() && held->second == instance.launch.token) claims_.erase(held);
  }
}

json::value HostModel::list(const node::NodeCall& call) {
  InstancePage page;
  constexpr std::size_t page_size = 3;
  for (auto at = instances_.upper_bound(call.page); at != instances_.end(); ++at) {
    HostInstance& instance = *at->second;
    if (instance.launch.owner != call.owner || instance.is_forgotten) continue;
    if (instance.ended_at && *instance.ended_at + call.forget_after < now()) {
      instance.is_forgotten = true;
      continue;
    }
    if (page.instances.size() == page_size) {
      page.next_page = page.instances.back().token;
      break;
    }
    Instance shown;
    shown.ref = {instance.launch.offer.location, InstanceId(at->first)};
    shown.owner = instance.launch.owner;
    shown.token = at->first;
    shown.state = instance.state;
    shown.launched_at = instance.launched_at;
    shown.terminated_at = instance.ended_at;
    shown.reason = instance.reason;
    page.instances.push_back(std::move(shown));
  }
  if (page.instances.empty()) leave_nothing(call);
  json::value answer = node::to_json(page);
  const bool relayed = relay_leads_to_ == call.socket && sockets_.contains(call.socket);
  answer.as_object()["relay"] = relayed || world_.mutant == Mutant::ssh_way_back_unproved;
  return answer;
}

// As the node does: the program goes, and with the folder the sockets in it.
void HostModel::leave_nothing(const node::NodeCall& call) {
  if (now() - used_ < call.forget_after) return;
  world_.count("ssh: a host was left as it was found");
  has_program_ = false;
  sockets_.clear();
  relay_leads_to_.clear();
  note_ways();
}

Result<json::value> HostModel::terminate(const node::NodeCall& call) {
  const auto found = instances_.find(call.instance.id.text());
  const bool gone = found == instances_.end() || found->second->state == InstanceState::terminated;
  if (!gone) {
    HostInstance& instance = *found->second;
    if (instance.launch.owner.text() == neighbour)
      world_.violation("foreign: a neighbour's instance on " + kind_.name + " was terminated");
    instance.state = InstanceState::stopping;
    world_.time.after(up_to(random_, Duration(15'000)),
                      [this, &instance] { end(instance, "terminated on request"); });
  }
  return json::value(json::object{{"done", gone}});
}

// ---- what befalls it

void HostModel::plan_accidents() {
  constexpr Duration before{2'700'000};
  const auto plan = [&](double chance, std::function<void()> happening) {
    if (world_.faults.accident(chance)) world_.time.after(up_to(random_, before), std::move(happening));
  };
  for (int i = 0; i < 3; ++i)
    plan(0.5, [this] { cut_link(between(random_, Duration(5'000), Duration(240'000))); });
  plan(0.3, [this] { cut_link(between(random_, Duration(240'000), Duration(2'400'000))); });
  plan(0.4, [this] { reboot(); });
  for (int i = 0; i < 2; ++i) {
    plan(0.4, [this] {  // as those do who clear folders of what is old
      world_.count("ssh: a socket was cleared away");
      sockets_.clear();
      note_ways();
    });
  }
  plan(0.3, [this] {
    disk_full_until_ = now() + between(random_, Duration(60'000), Duration(900'000));
    world_.log(kind_.name + ": the disk is full until " + format_utc(disk_full_until_));
  });
  plan(0.3, [this] {
    const Duration lasts = between(random_, Duration(60'000), Duration(900'000));
    key_changed_until_ = now() + lasts;
    world_.log(kind_.name + ": another key until " + format_utc(key_changed_until_));
    for (const std::uint64_t each : std::set(connections_)) disconnect(each);
    note_ways();
    world_.time.after(lasts, [this] { note_ways(); });
  });
}

void HostModel::cut_link(Duration lasts) {
  link_cut_until_ = std::max(link_cut_until_, now() + lasts);
  world_.log(kind_.name + ": the link is cut until " + format_utc(link_cut_until_));
  for (const std::uint64_t each : std::set(connections_)) disconnect(each);
  note_ways();
  world_.time.after(lasts, [this] { note_ways(); });
}

// All that ran there is over; files stay, locks and sockets do not.
void HostModel::reboot() {
  world_.count("ssh: a host was rebooted");
  world_.log(kind_.name + " is rebooted");
  for (auto& [token, instance] : instances_) {
    if (instance->launch.owner.text() == neighbour) continue;  // comes up again with the host
    if (instance->state != InstanceState::terminated) {
      world_.count("ssh: a reboot ended an instance");
      end(*instance, "its machine ended without a word");
    }
  }
  const Duration lasts = between(random_, Duration(30'000), Duration(300'000));
  down_until_ = now() + lasts;
  for (const std::uint64_t each : std::set(connections_)) disconnect(each);
  note_ways();
  world_.time.after(lasts, [this] { note_ways(); });
}

// Another control plane on the same host holds what it claims to the end.
void HostModel::plan_neighbour() {
  auto instance = std::make_unique<HostInstance>();
  instance->launch.owner = OwnerId(std::string(neighbour));
  instance->launch.token = "neighbour";
  instance->launch.offer.location = {"local", "slot"};
  instance->launched_at = now();
  instance->state = InstanceState::running;
  instance->claims.insert(kind_.gpus > 0 ? "gpu-0" : "core-0");
  for (const std::string& claim : instance->claims) claims_[claim] = "neighbour";
  instances_["neighbour"] = std::move(instance);
  if (world_.faults.has_accidents()) plan_visits();
}

// It also claims more for minutes, and finds it as it left it.
void HostModel::plan_visits() {
  world_.time.after(duration_of_seconds(random_.exponential(400)), [this] {
    if (!world_.faults.has_accidents()) return;
    plan_visits();
    const std::string wanted = kind_.gpus > 0 ? "gpu-" + std::to_string(random_.below(3))
                                              : "core-" + std::to_string(random_.below(6));
    if (!claims_.try_emplace(wanted, "neighbour").second) return;
    world_.time.after(duration_of_seconds(random_.exponential(300)), [this, wanted] {
      const auto held = claims_.find(wanted);
      if (held == claims_.end() || held->second != "neighbour")
        return world_.violation("foreign: a neighbour's claim " + wanted + " was taken");
      world_.count("ssh: a neighbour came and went");
      claims_.erase(held);
    });
  });
}

// ---- the truth

const ModelAgent* HostModel::agent_of(const std::string& token) const {
  const auto found = instances_.find(token);
  if (found == instances_.end() || found->second->state != InstanceState::running) return nullptr;
  return found->second->agent ? found->second->agent->agent() : nullptr;
}

void HostModel::check_end(const OwnerId& owner, const std::function<void(const std::string&)>& found) const {
  for (const auto& [token, instance] : instances_) {
    const bool lives = instance->state != InstanceState::terminated;
    if (instance->launch.owner == owner && lives) found("leak: " + token + " runs on on " + kind_.name);
    if (instance->launch.owner.text() == neighbour && !lives)
      found("foreign: a neighbour's instance on " + kind_.name + " was ended");
  }
  for (const auto& [claim, token] : claims_) {
    if (token != "neighbour") found("leak: " + token + " left its claim " + claim + " on " + kind_.name);
  }
  const std::string theirs = kind_.gpus > 0 ? "gpu-0" : "core-0";
  const auto held = claims_.find(theirs);
  if (held == claims_.end() || held->second != "neighbour")
    found("foreign: a neighbour's claim " + theirs + " on " + kind_.name + " was taken");
}

}  // namespace tradewind::simulator
