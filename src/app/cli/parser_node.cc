// tradewind node: the machine's owner, and the control plane's machine.
#include <CLI/CLI.hpp>

#include "app/cli/parser_target.h"

namespace tradewind::cli::parsing {
namespace {

CLI::App* add_action(CLI::App* parent, Target& target, const std::string& verb,
                     const std::string& description, NodeAction action,
                     const std::vector<std::string>& lines) {
  CLI::App* sub = parent->add_subcommand(verb, description);
  sub->footer(examples(lines));
  add_json(sub, target);
  sub->callback([&target, action] {
    target.node.action = action;
    target.chosen = target.node;
  });
  return sub;
}

void add_rules(CLI::App* sub, NodeOptions& o) {
  sub->add_option("--hours", o.hours,
                  "when jobs may run: 22:00-07:00, sat-sun, 'mon-fri 19:00-08:00'; or always")
      ->allow_extra_args(false);
  sub->add_option("--gpus", o.gpus, "at most so many GPUs")->check(CLI::NonNegativeNumber);
  sub->add_option("--cores", o.cores, "at most so many cores")->check(CLI::PositiveNumber);
  sub->add_option("--memory", o.memory_gib, "at most so many GiB of memory")->check(CLI::PositiveNumber);
  sub->add_option("--yield", o.yield, "how long jobs have to save and leave (30s)");
  sub->add_flag_callback(
      "--share", [&o] { o.share = true; }, "jobs go on while you work here");
  sub->add_flag_callback(
      "--no-share", [&o] { o.share = false; }, "jobs leave when you work here");
  sub->add_option("--away-after", o.away_after, "without input for so long you are away (15m)");
}

// Where the control plane finds the machine.
void add_address(CLI::App* sub, NodeOptions& o) {
  sub->add_option("--host", o.host, "the name or address by which it is reached (this machine's name)");
  sub->add_option("--user", o.user, "who logs in (you)");
  sub->add_option("--port", o.port, "of its sshd (22)")->check(CLI::Range(1, 65535));
}

void add_field(CLI::App* sub, NodeOptions& o, const std::string& flag, const std::string& field,
               const std::string& description) {
  sub->add_option_function<std::string>(
      flag, [&o, field](const std::string& value) { o.fields.emplace_back(field, value); }, description);
}

}  // namespace

void add_node(CLI::App& app, Target& target) {
  NodeOptions& o = target.node;
  CLI::App* parent = app.add_subcommand("node", "lend this machine to the pool, by rules of your own");
  parent->require_subcommand(1);
  parent->footer(
      examples({"tradewind node join ana@control --hours 22:00-07:00 --gpus 2",
                "tradewind node status                  whether it takes jobs now, and what runs here",
                "tradewind node pause --for 2h          I am back: all jobs leave now"}));
  CLI::App* join =
      add_action(parent, target, "join",
                 "lend this machine: set its rules, and add it to a control plane's hosts", NodeAction::join,
                 {"tradewind node join ana@control --hours 22:00-07:00 --hours sat-sun --gpus 2",
                  "tradewind node join --cores 8 --memory 32     only the rules; says what to run on the "
                  "control machine"});
  join->add_option("CONTROL_HOST", o.control, "the control plane's machine, [USER@]HOST[:PORT]");
  join->add_option("--name", o.name, "what the machine is called there (its own name)");
  add_address(join, o);
  add_rules(join, o);
  CLI::App* leave =
      add_action(parent, target, "leave", "take this machine back: jobs leave, and no more come",
                 NodeAction::leave, {"tradewind node leave"});
  leave->add_option("CONTROL_HOST", o.control, "the control plane's machine (the one it joined)");
  leave->add_option("--name", o.name, "what the machine is called there (as it joined)");
  add_action(parent, target, "status", "whether it takes jobs now and why, and what runs here",
             NodeAction::status, {"tradewind node status", "tradewind node status --json"});
  CLI::App* pause = add_action(parent, target, "pause", "I am back: all jobs leave now, and no more come",
                               NodeAction::pause, {"tradewind node pause", "tradewind node pause --for 2h"});
  pause->add_option("--for", o.pause_for, "for so long (until `tradewind node resume`)");
  add_action(parent, target, "resume", "end a pause: the rules hold again", NodeAction::resume,
             {"tradewind node resume"});
  CLI::App* add = add_action(parent, target, "add", "add a host to ssh.yaml, on the control plane's machine",
                             NodeAction::add, {"tradewind node add desk --host desk.lab.example --user ana"});
  add->add_option("NAME", o.name, "its location is ssh/NAME")->required();
  add_address(add, o);
  add_field(add, o, "--price", "price_per_hour", "dollars an hour of the whole host (0)");
  add_field(add, o, "--jump", "jump", "a host between");
  add_field(add, o, "--identity", "identity", "a private key's file");
  add_field(add, o, "--known-hosts", "known_hosts", "a file");
  add_field(add, o, "--folder", "folder", "a folder on the host");
  add_field(add, o, "--claims", "claims", "a folder on the host");
  CLI::App* remove =
      add_action(parent, target, "remove", "take a host from ssh.yaml, on the control plane's machine",
                 NodeAction::remove, {"tradewind node remove desk"});
  remove->add_option("NAME", o.name, "the host")->required();
}

}  // namespace tradewind::cli::parsing
