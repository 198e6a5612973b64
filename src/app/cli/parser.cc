// The command line's grammar: one function a verb.
#include <algorithm>
#include <functional>
#include <memory>

#include <CLI/CLI.hpp>

#include "app/api/version.h"
#include "app/cli/options.h"
#include "app/cli/parser_target.h"
#include "base/text.h"

namespace tradewind::cli {
namespace parsing {

std::string examples(const std::vector<std::string>& lines) {
  std::string text = "\nExamples:\n";
  for (const std::string& line : lines) text += "  " + line + "\n";
  text.pop_back();
  return text;
}

void add_json(CLI::App* app, Target& target) {
  app->add_flag("--json", target.json, "one JSON document on stdout, for programs");
}

}  // namespace parsing

namespace {

using namespace parsing;  // NOLINT(google-build-using-namespace): the other half of this file

CLI::App* add_verb(CLI::App& app, Target& target, const std::string& verb, const std::string& description,
                   const std::vector<std::string>& lines) {
  CLI::App* sub = app.add_subcommand(verb, description);
  sub->footer(examples(lines));
  sub->fallthrough(false);
  add_json(sub, target);
  return sub;
}

void add_changes(CLI::App* sub, TaskChanges& changes) {
  sub->add_option("--name", changes.name, "the job's name, instead of the file's");
  sub->add_option("--env,-e", changes.envs, "K=V sets a variable; K takes its value from here")
      ->allow_extra_args(false);
}

void add_offers(CLI::App& app, Target& target) {
  OffersOptions& o = target.offers;
  CLI::App* sub =
      add_verb(app, target, "offers", "what can be rented, where, and for how much",
               {"tradewind offers H100                     who sells it cheapest",
                "tradewind offers A100 --count 8 --spot    machines with eight, on spot",
                "tradewind offers --infra aws --cpus 64    large machines without a word about accelerators",
                "tradewind offers H100 --group region --sort price-per-accelerator"});
  sub->add_option("WORDS", o.words, "an accelerator (H100, A100-80GB, TPU-v5e) and words that must occur");
  sub->add_option("--infra,--provider", o.infra, "provider, provider/region or provider/region/zone")
      ->allow_extra_args(false);
  sub->add_option("--count", o.count, "accelerators in one machine: 8, or 4+ for at least four");
  sub->add_flag("--spot", o.spot, "spot capacity");
  sub->add_flag("--on-demand", o.on_demand, "on-demand capacity");
  sub->add_flag("--reserved", o.reserved, "reserved for one or three years");
  sub->add_flag("--no-accelerator", o.cpu_only, "machines without an accelerator");
  sub->add_option("--cpus", o.vcpus_min, "at least so many vCPUs")->check(CLI::NonNegativeNumber);
  sub->add_option("--memory", o.memory_gib_min, "at least so many GiB of memory")
      ->check(CLI::NonNegativeNumber);
  sub->add_option("--type", o.instance_type, "exactly this instance type");
  sub->add_option("--max-price", o.price_max, "at most so many dollars an hour");
  sub->add_option("--sort", o.sort,
                  "price, price-per-accelerator, price-per-vcpu, provider, accelerator, newest");
  sub->add_option("--group", o.group, "provider, region, accelerator, instance-type, purchase");
  sub->add_option("--limit,-n", o.limit, "at most so many lines (20)");
  sub->add_flag("--all", o.all, "no limit");
  sub->callback([&target] { target.chosen = target.offers; });
}

void add_plan(CLI::App& app, Target& target) {
  PlanOptions& o = target.plan;
  CLI::App* sub =
      add_verb(app, target, "plan", "what a job would cost and take, everywhere it could run",
               {"tradewind plan train.yaml",
                "tradewind plan train.yaml --rejected      and why the other offers were not taken",
                "tradewind plan train.yaml --explain aws/us-east-1/us-east-1a:p5.48xlarge:spot"});
  sub->add_option("FILE", o.file, "a task file; - reads from stdin")->required();
  sub->add_option("--explain", o.explain, "every term of one offer's cost");
  sub->add_option("--infra", o.infra, "consider only these places")->allow_extra_args(false);
  sub->add_flag("--rejected", o.rejected, "list the offers that were not taken, with the reason");
  sub->add_option("--limit,-n", o.limit, "at most so many plans (10)");
  add_changes(sub, o.changes);
  sub->callback([&target] { target.chosen = target.plan; });
}

void add_run(CLI::App& app, Target& target) {
  RunOptions& o = target.run;
  CLI::App* sub =
      add_verb(app, target, "run", "submit a job and follow it",
               {"tradewind run train.yaml", "tradewind run train.yaml --env LR=0.001 --name sweep-3 --detach",
                "tradewind run -- python3 train.py --steps 100     a command without a file"});
  sub->add_option("FILE", o.file, "a task file; - reads from stdin");
  sub->add_option("--infra", o.infra, "run only in these places")->allow_extra_args(false);
  sub->add_flag("--detach,-d", o.detach, "print the job's id and return");
  add_changes(sub, o.changes);
  sub->callback([&target] { target.chosen = target.run; });
}

void add_jobs(CLI::App& app, Target& target) {
  JobsOptions& o = target.jobs;
  CLI::App* sub =
      add_verb(app, target, "jobs", "the jobs: those that live, then the last that ended",
               {"tradewind jobs", "tradewind jobs --all", "tradewind jobs --state failed --json",
                "tradewind jobs -o wide                     and the instance, the rate, why it is there",
                "tradewind jobs -w                          goes on as they change"});
  sub->add_flag("--all,-a", o.all, "all of them");
  sub->add_option(
      "--state,-t", o.state,
      "only queued, starting, running, recovering, waiting, stopping, succeeded, failed, cancelled "
      "or live; several with commas, or Slurm's letters (R,PD)");
  sub->add_option("--name", o.name, "only jobs of this name, or of an array of this name");
  sub->add_option("--output,-o", o.output, "wide, json, or name: the ids alone")
      ->check(CLI::IsMember({"wide", "json", "name"}));
  sub->add_flag("--watch,-w", o.watch, "go on as they change; with --json one document on each line");
  sub->add_option("--limit,-n", o.limit, "at most so many (20)");
  sub->callback([&target] { target.chosen = target.jobs; });
}

void add_job(CLI::App& app, Target& target) {
  JobOptions& o = target.job;
  CLI::App* sub =
      add_verb(app, target, "job", "all about one job: progress, places, moves, receipt",
               {"tradewind job -                           the job submitted last",
                "tradewind job train --receipt             what it cost, against on-demand",
                "tradewind job j-4k2 --svg loss.svg        its loss curve, interruptions marked"});
  sub->add_option("JOB", o.job, "id, beginning of an id, name, or - for the last");
  sub->add_flag("--receipt", o.receipt, "the receipt alone");
  sub->add_flag("--decisions", o.decisions, "what its policy decided, and why");
  sub->add_option("--svg", o.svg, "write the loss curve to this file");
  sub->add_option("--metric", o.metric, "draw this metric instead of 'loss'");
  sub->callback([&target] { target.chosen = target.job; });
}

void add_logs(CLI::App& app, Target& target) {
  LogsOptions& o = target.logs;
  CLI::App* sub = add_verb(app, target, "logs", "a job's output, over all places where it ran",
                           {"tradewind logs -f -", "tradewind logs train > train.log"});
  sub->add_option("JOB", o.job, "id, beginning of an id, name, or - for the last");
  sub->add_flag("--follow,-f", o.follow, "go on until the job ends");
  sub->add_option("--lease", o.lease, "the output of one place alone");
  sub->callback([&target] { target.chosen = target.logs; });
}

void add_cancel(CLI::App& app, Target& target) {
  CLI::App* sub = add_verb(app, target, "cancel", "end jobs; their checkpoints stay",
                           {"tradewind cancel train", "tradewind cancel j-4k2 j-9zz"});
  sub->add_option("JOB", target.cancel.jobs, "ids, beginnings of ids, or names")->required();
  sub->callback([&target] { target.chosen = target.cancel; });
}

void add_move(CLI::App& app, Target& target) {
  MoveOptions& o = target.move;
  CLI::App* sub =
      add_verb(app, target, "move", "move a running job to another supplier; it loses nothing",
               {"tradewind move train --to gcp/us-central1", "tradewind move - --to local/harbour --wait"});
  sub->add_option("JOB", o.job, "id, beginning of an id, name, or - for the last")->required();
  sub->add_option("--to", o.to, "provider, provider/region or provider/region/zone")->required();
  sub->add_flag("--wait", o.wait, "return when the job runs there, and say what the move took");
  sub->callback([&target] { target.chosen = target.move; });
}

void add_server_options(CLI::App* sub, ServerRunOptions& o) {
  sub->add_option("--listen", o.listen,
                  "also answer on 127.0.0.1 at this port, with the token in the state folder");
  sub->add_option("--zones", o.zones, "the file that describes this machine's zones");
  sub->add_option("--idle-exit", o.idle_exit,
                  "end after so long without work and without a question (\"15m\"; 0: never)");
}

void add_server(CLI::App& app, Target& target) {
  ServerRunOptions& o = target.server;
  CLI::App* sub =
      add_verb(app, target, "server", "the control plane; other commands start it when they need it",
               {"tradewind server                           in the foreground",
                "tradewind server start --listen 7070      in the background, on TCP as well",
                "tradewind server status", "tradewind server stop                      its jobs go on"});
  add_server_options(sub, o);
  sub->add_flag("--background", o.background)->group("");
  sub->require_subcommand(0, 1);
  const auto action = [&](const char* verb, const char* description, ServerAction which) {
    CLI::App* each = sub->add_subcommand(verb, description);
    add_json(each, target);
    if (which == ServerAction::start) add_server_options(each, o);
    each->callback([&target, which] { target.server.action = which; });
  };
  action("start", "start it in the background, when it does not run", ServerAction::start);
  action("stop", "end it; jobs go on, and the next server finds them", ServerAction::stop);
  action("status", "whether it runs, and what it has to do", ServerAction::status);
  sub->final_callback([&target] { target.chosen = target.server; });
}

void add_events(CLI::App& app, Target& target) {
  EventsOptions& o = target.events;
  CLI::App* sub = add_verb(app, target, "events", "what happened, in order",
                           {"tradewind events -f", "tradewind events --subject j-4k2mv9c1xq"});
  sub->add_flag("--follow,-f", o.follow, "go on as things happen; with --json one document on each line");
  sub->add_option("--subject", o.subject, "what happened to this job, lease or move");
  sub->add_option("--after", o.after, "events after this number");
  sub->callback([&target] { target.chosen = target.events; });
}

void add_simulate(CLI::App& app, Target& target) {
  SimulateOptions& s = target.simulate;
  CLI::App* simulate = add_verb(
      app, target, "simulate",
      "what each spot policy would have cost; or the control plane under virtual time",
      {"tradewind simulate --synthetic --seeds 20          every policy over 180 made-up markets",
       "tradewind simulate train.yaml --seeds 50            your job over fifty made-up markets",
       "tradewind simulate scenario.json --starts 100      at a hundred times of its traces",
       "tradewind simulate scenario.json --policy failover,on_demand --svg run.svg",
       "tradewind simulate --seed 7 --faults --log         the control plane: what happened in one run",
       "tradewind simulate --seeds 1000 --faults           its promises, checked over a thousand runs"});
  simulate
      ->add_option("--checkpoint-gb", s.checkpoint_gb, "of a task file's job: what a move brings along (20)")
      ->check(CLI::NonNegativeNumber);
  simulate->add_option(
      "FILE", s.files,
      "scenarios or task files to play policies over; without any, the control plane is run");
  simulate->add_option("--traces", s.traces, "the folder of their traces (traces, beside their folder)");
  simulate->add_flag("--synthetic", s.synthetic, "play over markets made by --seed, nine to each seed");
  simulate->add_option("--policy", s.policies, "only these policies (a,b)")->allow_extra_args(false);
  simulate->add_option("--class", s.classes, "only scenarios of these classes (a,b)")
      ->allow_extra_args(false);
  simulate->add_option("--starts", s.starts, "each scenario at so many times of its traces, drawn by --seed")
      ->check(CLI::PositiveNumber);
  simulate->add_option("--jobs,-j", s.jobs, "so many threads (as there are cores)")
      ->check(CLI::PositiveNumber);
  simulate->add_flag("--no-optimum", s.no_optimum, "leave out the best play with the whole future known");
  simulate->add_option("--svg", s.svg, "draw the first run into this file");
  simulate->add_option("--html", s.html, "the same as a page, with every decision");
  simulate->add_option("--score", s.score, "re-cost this decision log instead");
  simulate->add_option("--seed", s.seed, "one seed is one run");
  simulate->add_option("--seeds", s.seeds, "so many seeds, beginning with --seed")
      ->check(CLI::PositiveNumber);
  simulate->add_flag("--faults", s.faults, "crashes, lost replies, timeouts, stale lists");
  CLI::Option* log = simulate->add_option(
      "--log", s.log_file, "print what happened; of a policy, write its decisions to this file");
  log->expected(0, 1);
  simulate->callback([&target, log] {
    target.simulate.log = log->count() > 0;
    target.chosen = target.simulate;
  });
}

CLI::App* add_traces_action(CLI::App* parent, Target& target, const std::string& verb,
                            const std::string& description, TracesAction action,
                            const std::vector<std::string>& lines) {
  CLI::App* sub = parent->add_subcommand(verb, description);
  if (!lines.empty()) sub->footer(examples(lines));
  add_json(sub, target);
  sub->add_option("--traces", target.traces.folder, "the folder of the traces (this user's own)");
  sub->callback([&target, action] {
    target.traces.action = action;
    target.chosen = target.traces;
  });
  return sub;
}

void add_import(CLI::App* parent, Target& target) {
  TracesOptions& o = target.traces;
  CLI::App* sub = add_traces_action(
      parent, target, "import", "read lists of what was available: JSON or CSV", TracesAction::import,
      {"tradewind traces import zone.csv --polarity available --tick 300",
       "tradewind traces import log.json --polarity unavailable --id us-east-1a"});
  sub->add_option("FILE", o.words, "lists of numbers, or trace documents")->required();
  sub->add_option("--polarity", o.polarity, "available: 1 could be had; unavailable: 1 could not")
      ->check(CLI::IsMember({"available", "unavailable"}));
  sub->add_option("--tick", o.tick_s, "seconds from one value to the next")->check(CLI::PositiveNumber);
  sub->add_option("--gaps", o.gaps, "refuse, or down: what was not seen was not available")
      ->check(CLI::IsMember({"refuse", "down"}));
  sub->add_option("--nodes", o.nodes, "of how many nodes the values are (1)")->check(CLI::PositiveNumber);
  sub->add_option("--id", o.id, "its name, instead of the file's");
  sub->add_option("--provider", o.provider, "who sold it");
  sub->add_option("--zone", o.zone, "where");
  sub->add_option("--instance", o.instance, "what");
}

void add_traces(CLI::App& app, Target& target) {
  TracesOptions& o = target.traces;
  CLI::App* parent = app.add_subcommand(
      "traces", "what was seen of spot capacity: list, show, measure, import, export, make");
  parent->footer(examples({"tradewind traces synthesise", "tradewind traces stats"}));
  parent->require_subcommand(1);
  CLI::App* list = add_traces_action(parent, target, "ls", "the traces in a folder", TracesAction::list, {});
  CLI::App* show = add_traces_action(parent, target, "show", "a trace, a day a line", TracesAction::show,
                                     {"tradewind traces show us-east-1a"});
  show->add_option("TRACE", o.words, "names of traces, or files")->required();
  CLI::App* stats = add_traces_action(
      parent, target, "stats", "availability, spells, losses by age, and who falls with whom",
      TracesAction::stats, {"tradewind traces stats", "tradewind traces stats us-east-1a us-east-1b --json"});
  stats->add_option("TRACE", o.words, "names of traces, or files (all)");
  for (CLI::App* sub : {list, show, stats}) {
    sub->add_option("--nodes", o.nodes, "up: so many nodes could run (all of the trace)")
        ->check(CLI::PositiveNumber);
  }
  add_import(parent, target);
  CLI::App* write = add_traces_action(
      parent, target, "export", "as CSV on stdout; with --json the document", TracesAction::export_csv,
      {"tradewind traces export us-east-1a > us-east-1a.csv",
       "tradewind traces export --mine      what your own jobs saw, into the folder"});
  write->add_option("TRACE", o.words, "names of traces, or files");
  for (CLI::App* sub : {list, stats, write}) {
    sub->add_flag("--mine", o.mine, "those of your own jobs, from the server");
  }
  write->add_option("--tick", o.tick_s, "seconds of a tick, with --mine (300)")->check(CLI::PositiveNumber);
  CLI::App* make = add_traces_action(parent, target, "synthesise",
                                     "make traces of eight zones in three regions", TracesAction::synthesise,
                                     {"tradewind traces synthesise --seed 7 --days 14 --traces ./traces"});
  make->add_option("--seed", o.seed, "the same seed gives the same traces");
  make->add_option("--days", o.days, "how long (30)")->check(CLI::PositiveNumber);
  make->add_option("--tick", o.tick_s, "seconds of a tick (300)")->check(CLI::PositiveNumber);
  make->add_option("--nodes", o.nodes, "of a gang of so many nodes (1)")->check(CLI::PositiveNumber);
}

void add_small_verbs(CLI::App& app, Target& target) {
  CLI::App* check =
      add_verb(app, target, "check", "what is usable on this machine, and the cure for the rest",
               {"tradewind check", "tradewind check --json",
                "tradewind check s3://bucket/prefix     proves that a store can hold checkpoints and ledgers",
                "tradewind check sftp://host/srv/store",
                "tradewind check ssh                    proves that jobs can run on the hosts of ssh.yaml"});
  check->add_option("WHAT", target.check.one,
                    "the URL of an object store, or a supplier (ssh, ssh/gpu1, exec): prove what it can do");
  check->add_option("--zones", target.check.zones, "the file that describes this machine's zones");
  check->callback([&target] { target.chosen = target.check; });
  CLI::App* version =
      add_verb(app, target, "version", "the versions of this program and of the running server",
               {"tradewind version"});
  version->callback([&target] { target.chosen = VersionOptions{}; });

  CLI::App* policy =
      add_verb(app, target, "policy", "play a spot policy over stdin and stdout, tick by tick",
               {"tradewind policy                         the policies that there are",
                "tradewind policy --name failover         answers JSON lines until stdin ends"});
  policy->add_option("--name", target.policy.name, "the policy that answers");
  policy->callback([&target] { target.chosen = target.policy; });

  CLI::App* completion =
      add_verb(app, target, "completion", "shell completion",
               {"source <(tradewind completion bash)", "tradewind completion zsh > ~/.zfunc/_tradewind",
                "tradewind completion fish > ~/.config/fish/completions/tradewind.fish"});
  completion->add_option("SHELL", target.completion.shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  completion->callback([&target] { target.chosen = target.completion; });
}

std::unique_ptr<CLI::App> make_app(Target& target) {
  auto app = std::make_unique<CLI::App>(
      "Tradewind finds the cheapest compute that is stable enough, runs your training there, and moves it "
      "when that pays.",
      "tradewind");
  app->require_subcommand(1);
  add_json(app.get(), target);
  app->add_option("--color", target.colour, "auto, always or never")
      ->check(CLI::IsMember({"auto", "always", "never"}));
  app->set_version_flag("--version", std::string("tradewind ") + std::string(api::program_version));
  app->footer(
      "\nBegin with:\n  tradewind check                what this machine offers\n"
      "  tradewind offers H100          who sells an H100 cheapest\n"
      "  tradewind plan train.yaml      what your job would cost, everywhere\n"
      "  tradewind run train.yaml       run it\n\n'tradewind VERB --help' teaches each verb by example.");
  add_offers(*app, target);
  add_plan(*app, target);
  add_run(*app, target);
  add_slurm_verbs(*app, target);
  add_jobs(*app, target);
  add_job(*app, target);
  add_logs(*app, target);
  add_cancel(*app, target);
  add_move(*app, target);
  add_outputs(*app, target);
  add_checkpoint(*app, target);
  add_events(*app, target);
  add_server(*app, target);
  add_simulate(*app, target);
  add_traces(*app, target);
  add_node(*app, target);
  add_provider(*app, target);
  add_small_verbs(*app, target);
  return app;
}

std::vector<std::string> verbs_of(const CLI::App& app) {
  std::vector<std::string> verbs;
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; }))
    verbs.push_back(sub->get_name());
  return verbs;
}

std::vector<std::string> flags_of(const CLI::App& app) {
  std::vector<std::string> flags;
  for (const CLI::Option* option : app.get_options([](const CLI::Option*) { return true; })) {
    if (option->get_group().empty()) continue;
    for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
  }
  return flags;
}

std::string nearest(const std::string& word, const std::vector<std::string>& words) {
  const std::vector<std::string_view> views(words.begin(), words.end());
  return nearest_word(word, views);
}

// The sub-command that the line had reached when it went wrong.
const CLI::App* deepest(const CLI::App& app) {
  const CLI::App* at = &app;
  while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
  return at;
}

std::string path_of(const CLI::App* app) {
  return app->get_parent() == nullptr ? "tradewind" : path_of(app->get_parent()) + " " + app->get_name();
}

ParseEnd unknown_word(const CLI::App& app, const std::vector<std::string>& words) {
  const CLI::App* at = deepest(app);
  const std::string& word = words.front();
  const bool flag = word.starts_with("-");
  const std::vector<std::string> known = flag ? flags_of(*at) : verbs_of(*at);
  const std::string name = flag ? word.substr(0, word.find('=')) : word;
  const std::string near = nearest(name, known);
  ParseEnd end;
  end.wrong = true;
  if (flag && near == name) {
    end.text = "'" + word + "' stands too early";
    end.hint = "write it after '" + path_of(at) + "', to which it belongs";
    return end;
  }
  if (flag) {
    end.text = path_of(at) + " has no flag '" + word + "'";
  } else if (at->get_parent() == nullptr) {
    end.text = "tradewind has no verb '" + word + "'";
  } else {
    end.text = path_of(at) + " does not know what to do with '" + word + "'";
  }
  end.hint = near.empty() ? path_of(at) + " --help shows what there is" : "did you mean '" + near + "'?";
  return end;
}

// The words after "--" are a command's own: CLI11 must not look at them.
std::vector<std::string> cut_command(std::vector<std::string>& arguments) {
  const auto dashes = std::find(arguments.begin(), arguments.end(), "--");
  if (dashes == arguments.end()) return {};
  std::vector<std::string> command(dashes + 1, arguments.end());
  arguments.erase(dashes, arguments.end());
  return command;
}

std::string first_lower(std::string text) {
  while (!text.empty() && (text.back() == '.' || text.back() == '\n')) text.pop_back();
  return text;
}

ParseEnd wrong_line(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App* at = deepest(app);
  ParseEnd end;
  end.wrong = true;
  end.text = path_of(at) + ": " + first_lower(error.what());
  if (error.get_name() == "RequiredError" && at->get_subcommands().empty() && !verbs_of(*at).empty()) {
    end.text = path_of(at) + " needs a verb: " + join(verbs_of(*at), ", ");
  }
  end.hint = path_of(at) + " --help teaches it by example";
  return end;
}

std::optional<ParseEnd> check_run(const CommandLine& line, bool dashes) {
  const auto* run = std::get_if<RunOptions>(&line.command);
  const bool has_command = run != nullptr && !run->command.empty();
  if (const auto* test = std::get_if<ProviderTestOptions>(&line.command)) {
    if (!test->command.empty()) return std::nullopt;
    return ParseEnd{true, "tradewind provider test needs the supplier's program",
                    "tradewind provider test ./supplier.py, or with flags of its own after '--'", line.json};
  }
  if (run == nullptr && dashes)
    return ParseEnd{true, "only 'tradewind run' and 'tradewind provider test' take a command after '--'", "",
                    line.json};
  if (run == nullptr || run->file.empty() == has_command) return std::nullopt;
  return ParseEnd{true,
                  has_command ? "tradewind run takes a task file or a command after '--', not both"
                              : "tradewind run needs a task file, or a command after '--'",
                  "tradewind run train.yaml, or tradewind run -- python3 train.py", line.json};
}

}  // namespace

std::variant<CommandLine, ParseEnd> parse_command_line(const std::vector<std::string>& given) {
  if (auto line = parse_sbatch_line(given)) return *std::move(line);
  std::vector<std::string> arguments = given;
  const bool dashes = std::find(given.begin(), given.end(), "--") != given.end();
  std::vector<std::string> command = cut_command(arguments);
  Target target;
  const std::unique_ptr<CLI::App> app = make_app(target);
  const bool json = std::find(arguments.begin(), arguments.end(), "--json") != arguments.end();
  std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the end
  try {
    app->parse(arguments);
  } catch (const CLI::CallForHelp&) {
    const CLI::App* at = deepest(*app);
    const std::string above = at->get_parent() == nullptr ? "" : path_of(at->get_parent());
    return ParseEnd{false, at->help(above), "", json};
  } catch (const CLI::CallForVersion&) {
    return ParseEnd{false, std::string("tradewind ") + std::string(api::program_version) + "\n", "", json};
  } catch (const CLI::ExtrasError&) {
    ParseEnd end = unknown_word(*app, app->remaining(true));
    end.json = json;
    return end;
  } catch (const CLI::ParseError& error) {
    const std::vector<std::string> rest = app->remaining(true);
    ParseEnd end = rest.empty() ? wrong_line(*app, error) : unknown_word(*app, rest);
    end.json = json;
    return end;
  }
  CommandLine line{std::move(target.chosen), target.json, ColourWish::automatic};
  if (target.colour == "always") line.colour = ColourWish::always;
  if (target.colour == "never") line.colour = ColourWish::never;
  if (auto* test = std::get_if<ProviderTestOptions>(&line.command))
    test->command.insert(test->command.end(), command.begin(), command.end());
  if (auto* run = std::get_if<RunOptions>(&line.command)) run->command = std::move(command);
  if (std::optional<ParseEnd> end = check_run(line, dashes)) return *std::move(end);
  return line;
}

std::vector<VerbWords> verb_words() {
  Target target;
  const std::unique_ptr<CLI::App> app = make_app(target);
  std::vector<VerbWords> words;
  for (const CLI::App* sub : app->get_subcommands([](const CLI::App*) { return true; })) {
    if (sub->get_group().empty()) continue;  // no verb that is shown
    words.push_back({sub->get_name(), sub->get_description(), flags_of(*sub), verbs_of(*sub)});
    if (sub->get_name() == "sbatch") words.back().flags = sbatch_flags();
    for (const CLI::App* inner : sub->get_subcommands([](const CLI::App*) { return true; })) {
      for (const std::string& flag : flags_of(*inner)) {
        std::vector<std::string>& all = words.back().flags;
        if (std::find(all.begin(), all.end(), flag) == all.end()) all.push_back(flag);
      }
    }
  }
  return words;
}

}  // namespace tradewind::cli
