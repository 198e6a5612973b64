// tradewind provider: for those who write a supplier.
#include <CLI/CLI.hpp>

#include "app/cli/parser_target.h"

namespace tradewind::cli::parsing {

void add_provider(CLI::App& app, Target& target) {
  ProviderTestOptions& o = target.provider_test;
  CLI::App* parent = app.add_subcommand("provider", "for those who write a supplier of their own");
  parent->require_subcommand(1);
  parent->footer(examples({"tradewind provider test ./supplier.py",
                           "tradewind provider test --yes -- python3 supplier.py --account lab"}));
  CLI::App* test = parent->add_subcommand(
      "test", "try a supplier's program by all that a supplier must keep, with real launches");
  test->footer(
      examples({"tradewind provider test ./supplier.py             with its cheapest offer",
                "tradewind provider test --offer eu-1:small:spot --yes -- ./supplier.py --key K",
                "tradewind provider test --capacity 4 ./supplier.py    and that it says when it is full"}));
  add_json(test, target);
  test->add_option("COMMAND", o.command, "the program and its arguments; flags of its own after '--'");
  test->add_option("--offer", o.offer,
                   "launch this one: REGION:TYPE:PURCHASE, or its type alone (the cheapest)");
  test->add_option("--timeout", o.timeout, "how long to wait for one answer (1m)");
  test->add_option("--capacity", o.capacity, "how often the offer can be had at once, from 3")
      ->check(CLI::Range(3, 100));
  test->add_flag("--yes", o.yes, "launch, though the offer costs something");
  test->callback([&target] { target.chosen = target.provider_test; });
}

}  // namespace tradewind::cli::parsing
