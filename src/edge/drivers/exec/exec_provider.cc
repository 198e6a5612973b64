#include "edge/drivers/exec/exec_provider.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "edge/io/files.h"

namespace tradewind::exec {
namespace {

using provider::Finding;
using provider::Launched;
using provider::LaunchRequest;
using provider::Proof;
using provider::TerminateState;

// What every program gets of our environment: enough to find its interpreter, its home and its language.
constexpr std::array usual_variables = {"PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "TMPDIR"};
constexpr const char* ask_author = "'tradewind provider test' tries all that the program must keep";

std::map<std::string, std::string> environment_of(const ExecOptions& options) {
  std::map<std::string, std::string> environment;
  if (options.whole_environment) environment = options.environment;
  const auto pass = [&](const std::string& name) {
    const auto found = options.environment.find(name);
    if (found != options.environment.end()) environment.insert(*found);
  };
  for (const char* name : usual_variables) pass(name);
  for (const std::string& name : options.config.environment) pass(name);
  environment["TRADEWIND_SUPPLIER"] = options.config.name;
  environment["TRADEWIND_SUPPLIER_STATE"] = options.state_folder.string();
  return environment;
}

ProgramOptions program_options(const ExecOptions& options) {
  ProgramOptions program;
  program.run.name = options.config.name;
  program.run.command = options.config.command;
  program.run.environment = environment_of(options);
  program.run.folder = options.folder.string();
  program.run.log = [log = options.log, name = options.config.name](const std::string& line) {
    log("supplier " + name + ": " + line);
  };
  program.timeout = options.config.timeout;
  program.greeting_timeout = options.greeting_timeout;
  program.first_pause = options.first_pause;
  return program;
}

// Of one that never answered: whatever it turns out to be, nothing is lost by these.
provider::Capabilities most_careful(const std::string& name) {
  provider::Capabilities facts;
  facts.provider = name;
  facts.offers_change = true;
  facts.list_delay = std::chrono::minutes(5);
  facts.list_gap = std::chrono::seconds(1);
  facts.far = true;
  facts.network_stores_only = true;
  return facts;
}

// What it said last time.
provider::Capabilities remembered(const ExecOptions& options) {
  const Result<std::string> text = io::read_file(options.facts_file, std::size_t{1} << 20);
  if (!text.ok()) return most_careful(options.config.name);
  const Result<json::value> document = parse_json(*text);
  if (!document.ok()) return most_careful(options.config.name);
  const Result<Told> told = read_capabilities(*document, options.config.name);
  return told.ok() ? told->facts : most_careful(options.config.name);
}

// Callers rely on the facts that they were given first. Nothing: these ask no more of them.
std::optional<std::string> asks_more(const provider::Capabilities& now, const provider::Capabilities& first) {
  if (now.list_delay > first.list_delay)
    return "list_delay_s is " + format_duration(now.list_delay) + " now, and was " +
           format_duration(first.list_delay);
  if (now.far && !first.far) return "far is true now, and was false";
  if (now.network_stores_only && !first.network_stores_only)
    return "network_stores_only is true now, and was false";
  return std::nullopt;
}

Proof broken(const std::string& name, const Error& error) {
  return {name, Finding::broken, error.message, error.hint};
}

}  // namespace

Result<std::unique_ptr<ExecProvider>> ExecProvider::open(ExecOptions options, const Clock& clock) {
  TW_RETURN_IF_ERROR(io::make_folders(options.state_folder, 0700));
  provider::Capabilities facts = remembered(options);
  std::unique_ptr<ExecProvider> made(new ExecProvider(std::move(options), std::move(facts), clock));
  if (made->program_.prove_started().ok()) made->capabilities_ = made->told().facts;
  made->opened_ = true;
  return made;
}

ExecProvider::ExecProvider(ExecOptions options, provider::Capabilities capabilities, const Clock& clock)
    : options_(std::move(options)),
      clock_(clock),
      capabilities_(std::move(capabilities)),
      program_(program_options(options_), capabilities_params(options_.config.name),
               [this](const json::value& result) { return greet(result); }) {}

Error ExecProvider::nonsense(std::string_view method, const Error& error, const std::string& hint) const {
  return {Code::unavailable,
          program_text({options_.config.name, options_.config.command, {}, {}}) + " answered " +
              std::string(method) + " wrongly: " + error.message,
          hint.empty() ? ask_author : hint};
}

Result<int> ExecProvider::greet(const json::value& result) {
  Result<Told> told = read_capabilities(result, options_.config.name);
  if (!told.ok()) return nonsense("capabilities", told.error());
  const std::optional<std::string> more =
      opened_ ? asks_more(told->facts, capabilities_) : std::optional<std::string>();
  if (more)
    return nonsense("capabilities", {Code::invalid_argument, *more},
                    "tradewind server stop: the next command starts a server that knows");
  if (!options_.facts_file.empty()) {
    // Without it the next start takes the supplier for a more careful one than it is.
    if (io::make_folders(options_.facts_file.parent_path(), 0700).ok())
      static_cast<void>(io::write_file_atomic(options_.facts_file, to_text(result) + "\n").ok());
  }
  const int parallel = told->parallel;
  const std::lock_guard lock(mutex_);
  told_ = *std::move(told);
  return parallel;
}

Told ExecProvider::told() const {
  const std::lock_guard lock(mutex_);
  return told_.value_or(Told{capabilities_, 1});
}

bool ExecProvider::is_used(const std::string& region) const {
  const std::vector<std::string>& used = options_.config.regions;
  return used.empty() || std::ranges::find(used, region) != used.end();
}

Result<std::vector<Offer>> ExecProvider::offers(const provider::OfferQuery& query) {
  if (!query.region.empty() && !is_used(query.region)) return std::vector<Offer>();
  TW_ASSIGN_OR_RETURN(const json::value result, program_.ask("offers", offers_params(query)));
  const std::string today = format_utc(clock_.now()).substr(0, 10);
  Result<std::vector<Offer>> read = read_offers(result, told(), query, today);
  if (!read.ok()) return nonsense("offers", read.error());
  std::erase_if(*read, [this](const Offer& offer) { return !is_used(offer.location.region); });
  return read;
}

Result<Launched> ExecProvider::launch(const LaunchRequest& request) {
  const Location& where = request.offer.location;
  if (where.provider != options_.config.name || where.region.empty() || !is_used(where.region))
    return Error{Code::invalid_argument,
                 offer_key(request.offer) + " is not on offer at " + options_.config.name,
                 options_.config.regions.empty() ? "" : "exec.yaml says which of its regions are used"};
  Result<json::value> result =
      program_.ask("launch", launch_params(request, options_.agent_program), request.secrets);
  if (!result.ok()) return std::move(result).error();
  Result<Launched> launched = read_launched(*result, request);
  if (!launched.ok()) return nonsense("launch", launched.error());
  return launched;
}

Result<InstancePage> ExecProvider::instances(const OwnerId& owner, const provider::PageToken& page) {
  TW_ASSIGN_OR_RETURN(const json::value result, program_.ask("instances", instances_params(owner, page)));
  Result<InstancePage> read = read_instances(result, options_.config.name, owner, page);
  if (!read.ok()) return nonsense("instances", read.error());
  return read;
}

Result<TerminateState> ExecProvider::terminate(const InstanceRef& instance) {
  if (instance.location.provider != options_.config.name) return TerminateState::done;
  TW_ASSIGN_OR_RETURN(const json::value result, program_.ask("terminate", terminate_params(instance)));
  Result<TerminateState> read = read_terminated(result);
  if (!read.ok()) return nonsense("terminate", read.error());
  return read;
}

std::vector<Proof> ExecProvider::prove() {
  const std::string& name = options_.config.name;
  if (const Status started = program_.prove_started(); !started.ok()) return {broken(name, started.error())};
  const Told now = told();
  std::vector<Proof> proofs = {{name, Finding::ok,
                                "the program answers; " + count_text(now.facts.regions.size(), "region") +
                                    (now.facts.spot ? ", with spot" : "") + ", asked " +
                                    std::to_string(now.parallel) + " at once"}};
  for (const std::string& variable : options_.config.environment) {
    if (!options_.environment.contains(variable))
      proofs.push_back({name + " environment", Finding::warning,
                        "there is no variable " + variable + " to pass on",
                        "set it where Tradewind is started, or take it from exec.yaml"});
  }
  const Result<std::vector<Offer>> sold = offers({});
  if (!sold.ok()) {
    proofs.push_back(broken(name + " offers", sold.error()));
  } else {
    proofs.push_back({name + " offers", sold->empty() ? Finding::warning : Finding::ok,
                      count_text(sold->size(), "offer"),
                      sold->empty() ? "nothing is placed there meanwhile" : ""});
  }
  const Result<InstancePage> nobodys = instances(OwnerId(std::string(32, '0')), "");
  if (!nobodys.ok()) {
    proofs.push_back(broken(name + " instances", nobodys.error()));
  } else if (!nobodys->instances.empty()) {
    proofs.push_back(
        {name + " instances", Finding::broken, "an owner that there is not is shown instances", ask_author});
  } else {
    proofs.push_back({name + " instances", Finding::ok, "can be listed"});
  }
  return proofs;
}

}  // namespace tradewind::exec
