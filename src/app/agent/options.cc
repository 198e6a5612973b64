#include "app/agent/options.h"

#include <charconv>
#include <functional>
#include <map>
#include <string_view>

#include "base/text.h"

namespace tradewind::agent {
namespace {

Error bad(std::string_view name, std::string_view found, std::string_view allowed) {
  return {Code::invalid_argument,
          "--" + std::string(name) + "=" + std::string(found) + " is not " + std::string(allowed),
          "tradewind-agent --help lists the options"};
}

using Setter = std::function<Status(AgentOptions&, const std::string& value)>;

Setter text(std::string AgentOptions::*member) {
  return [member](AgentOptions& options, const std::string& value) -> Status {
    options.*member = value;
    return {};
  };
}

template <class Tag>
Setter id(Id<Tag> AgentOptions::*member, std::string name) {
  return [member, name = std::move(name)](AgentOptions& options, const std::string& value) -> Status {
    constexpr std::string_view allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
    if (value.empty() || value.find_first_not_of(allowed) != std::string::npos || value.front() == '.') {
      return bad(name, value, "an id of letters, digits, '-', '_' and '.'");
    }
    options.*member = Id<Tag>(value);
    return {};
  };
}

Result<Duration> positive_duration(std::string_view name, const std::string& value) {
  Result<Duration> span = parse_duration(value);
  if (!span.ok() || *span <= Duration::zero())
    return bad(name, value, "a time span above zero such as 250ms or 30s");
  return span;
}

Setter duration(Duration AgentOptions::*member, std::string name) {
  return [member, name = std::move(name)](AgentOptions& options, const std::string& value) -> Status {
    TW_ASSIGN_OR_RETURN(options.*member, positive_duration(name, value));
    return {};
  };
}

Setter absolute_path(std::filesystem::path AgentOptions::*member, std::string name) {
  return [member, name = std::move(name)](AgentOptions& options, const std::string& value) -> Status {
    if (value.empty() || value.front() != '/') return bad(name, value, "an absolute path");
    options.*member = value;
    return {};
  };
}

Status set_hard_limit(AgentOptions& options, const std::string& value) {
  const Result<Time> limit = parse_utc(value);
  if (!limit.ok()) return bad("hard-limit", value, "a time such as 2026-11-24T01:52:07Z");
  options.hard_limit = *limit;
  return {};
}

Status set_metadata(AgentOptions& options, const std::string& value) {
  Result<MetadataSource> source = parse_metadata_source(value);
  if (!source.ok()) return bad("metadata", value, "aws, azure or gcp, or aws,http://HOST:PORT");
  options.metadata = std::move(*source);
  return {};
}

Status set_location(AgentOptions& options, const std::string& value) {
  const Result<Location> location = parse_location(value);
  if (!location.ok()) return bad("location", value, "a location such as local/harbour");
  options.location = *location;
  return {};
}

Status set_purchase(AgentOptions& options, const std::string& value) {
  const std::optional<Purchase> purchase = purchase_from_text(value);
  if (!purchase) return bad("purchase", value, "on_demand, spot, reserved_1y or reserved_3y");
  options.purchase = *purchase;
  return {};
}

template <class Number>
std::optional<Number> number_from(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Status set_attempt(AgentOptions& options, const std::string& value) {
  const std::optional<int> attempt = number_from<int>(value);
  if (!attempt || *attempt < 1) return bad("attempt", value, "a whole number from 1");
  options.attempt = *attempt;
  return {};
}

Status set_hazard(AgentOptions& options, const std::string& value) {
  const std::optional<double> hazard = number_from<double>(value);
  if (!hazard || !(*hazard >= 0 && *hazard < 1e6)) return bad("hazard-per-hour", value, "a number from 0");
  options.hazard_per_hour = *hazard;
  return {};
}

Status set_notice_lead(AgentOptions& options, const std::string& value) {
  TW_ASSIGN_OR_RETURN(options.notice_lead, positive_duration("notice-lead", value));
  return {};
}

// "H100:8"
Status set_accelerator(AgentOptions& options, const std::string& value) {
  const std::vector<std::string> parts = split(value, ':');
  const std::optional<double> count = parts.size() == 2 ? number_from<double>(parts[1]) : std::nullopt;
  if (!count || !(*count > 0) || parts[0].empty())
    return bad("accelerator", value, "MODEL:COUNT such as H100:8");
  Accelerator accelerator;
  accelerator.model = parts[0];
  accelerator.count = *count;
  options.accelerator = accelerator;
  return {};
}

Status add_standby_store(AgentOptions& options, const std::string& value) {
  options.standby_urls.push_back(value);
  return {};
}

Status add_data_store(AgentOptions& options, const std::string& value) {
  options.data_urls.push_back(value);
  return {};
}

Status set_node_ips(AgentOptions& options, const std::string& value) {
  options.node_ips = split(value, ',');
  for (const std::string& ip : options.node_ips) {
    if (ip.empty() || ip.find_first_of(" \t\n") != std::string::npos)
      return bad("node-ips", value, "addresses with commas between them, such as 10.0.0.1,10.0.0.2");
  }
  return {};
}

std::map<std::string, Setter, std::less<>> setters() {
  return {
      {"store", text(&AgentOptions::store_url)},
      {"local-store", text(&AgentOptions::local_store_url)},
      {"standby-store", add_standby_store},
      {"data-store", add_data_store},
      {"data-cache", absolute_path(&AgentOptions::data_cache, "data-cache")},
      {"owner", id(&AgentOptions::owner, "owner")},
      {"job", id(&AgentOptions::job, "job")},
      {"lease", id(&AgentOptions::lease, "lease")},
      {"hard-limit", set_hard_limit},
      {"lease-term", duration(&AgentOptions::lease_term, "lease-term")},
      {"scratch", absolute_path(&AgentOptions::scratch, "scratch")},
      {"notice", absolute_path(&AgentOptions::notice, "notice")},
      {"metadata", set_metadata},
      {"limit-file", absolute_path(&AgentOptions::limit_file, "limit-file")},
      {"location", set_location},
      {"purchase", set_purchase},
      {"accelerator", set_accelerator},
      {"attempt", set_attempt},
      {"poll", duration(&AgentOptions::poll, "poll")},
      {"grace", duration(&AgentOptions::grace, "grace")},
      {"hazard-per-hour", set_hazard},
      {"notice-lead", set_notice_lead},
      {"launcher", absolute_path(&AgentOptions::launcher, "launcher")},
      {"node-ips", set_node_ips},
  };
}

Error unknown(const std::string& argument, const std::map<std::string, Setter, std::less<>>& known) {
  std::vector<std::string_view> names = {"standby", "packed", "encrypted"};
  for (const auto& entry : known) names.push_back(entry.first);
  const std::string word =
      argument.substr(0, 2) == "--" ? argument.substr(2, argument.find('=') - 2) : argument;
  const std::string near = nearest_word(word, names);
  return {Code::invalid_argument, "'" + argument + "' is not an option of the form --name=value",
          near.empty() ? "tradewind-agent --help lists the options" : "did you mean --" + near + "?"};
}

Status check_complete(const AgentOptions& options) {
  std::vector<std::string> missing;
  if (options.store_url.empty()) missing.emplace_back("--store");
  if (options.owner.empty()) missing.emplace_back("--owner");
  if (options.job.empty()) missing.emplace_back("--job");
  if (options.lease.empty()) missing.emplace_back("--lease");
  if (options.scratch.empty()) missing.emplace_back("--scratch");
  if (missing.empty()) return {};
  return Error{Code::invalid_argument, "missing: " + join(missing, ", "),
               "tradewind-agent --help lists the options"};
}

}  // namespace

Result<AgentOptions> parse_options(const std::vector<std::string>& arguments) {
  const auto known = setters();
  AgentOptions options;
  for (const std::string& argument : arguments) {
    if (argument == "--standby") {
      options.standby = true;
      continue;
    }
    if (argument == "--packed") {
      options.packed = true;
      continue;
    }
    if (argument == "--encrypted") {
      options.encrypted = true;
      continue;
    }
    const std::size_t equals = argument.find('=');
    const bool formed = argument.substr(0, 2) == "--" && equals != std::string::npos;
    const auto setter = formed ? known.find(argument.substr(2, equals - 2)) : known.end();
    if (setter == known.end()) return unknown(argument, known);
    TW_RETURN_IF_ERROR(setter->second(options, argument.substr(equals + 1)));
  }
  TW_RETURN_IF_ERROR(check_complete(options));
  return options;
}

std::string help_text() {
  return R"(tradewind-agent runs one lease of a job on the machine it is started on. A supplier's driver starts it; people rarely do.

  tradewind-agent --store=file:///srv/store --owner=ID --job=ID --lease=ID --scratch=/mnt/scratch

  --store=URL            the job's home: ledger, mailbox and checkpoints
  --owner=ID --job=ID --lease=ID
  --scratch=FOLDER       empty folder for the work; it may vanish with the machine
  --notice=FILE          where a preemption notice appears
  --metadata=CLOUD       ask the metadata service of aws, azure or gcp for such notices
  --local-store=URL      this place's own store: chunks that are here already do not travel again
  --standby-store=URL    a further copy of every checkpoint; may be repeated
  --data-store=URL       a store that the job's data comes from or goes to; may be repeated. The task names them:
                         this tells the machine that the agent needs what opens them
  --data-cache=FOLDER    where brought data stays for the next job (default: in the local store's folder)
  --standby              prefetch and wait for the order to start (the target of a move)
  --packed               the task's workdir and files come from the job's home, not from this machine
  --encrypted            all of the job in its stores is sealed by the key in $TRADEWIND_JOB_KEY
  --hard-limit=TIME      end by then, whatever happens (RFC 3339)
  --limit-file=FILE      gets the time of a hard limit that an order moved: what ends the machine looks there
  --lease-term=SPAN      heartbeats come three times as often (default 30s)
  --location=PLACE --purchase=KIND --accelerator=MODEL:COUNT --attempt=N    told to the program
  --hazard-per-hour=N    interruptions that this place sees; sets the cadence of checkpoints
  --notice-lead=SPAN     warning that an interruption gives here
  --launcher=PROGRAM     the lease has several nodes: what starts its arguments on all of them, with the node's rank
                         in $TRADEWIND_NODE_RANK; the scratch folder must be seen by all
  --node-ips=IP,IP       their addresses, by rank
  --grace=SPAN           from SIGTERM to SIGKILL (default 10s)
  --poll=SPAN            how often orders and progress are looked for (default 250ms)

`tradewind-agent rank --dir=FOLDER` is what the launcher starts on each node. Where nodes are there before anybody starts
something on them, the launcher is `tradewind-agent lead-ranks FOLDER NODES`, and on the others `wait-as-rank FOLDER RANK` runs.
On a host that is reached by SSH, `tradewind-agent node` answers one question of the control plane (JSON on standard
input and output), and `tradewind-agent local-machine --dir=FOLDER` leads one instance from its start to its end.

`tradewind-agent idle --for=SPAN` waits and does nothing: what `tradewind provider test` launches.

Exit codes: 0 finished or stopped, 1 cannot go on, 2 wrong usage, 3 a newer lease owns the job.
)";
}

}  // namespace tradewind::agent
