#include "edge/drivers/ssh/ssh_hosts.h"

#include <gtest/gtest.h>

namespace tradewind::ssh {
namespace {

std::vector<std::string> errors_of(const std::string& yaml) {
  std::vector<std::string> lines;
  for (const task::TaskError& error : parse_hosts(yaml, "/home/ana").errors) {
    lines.push_back(std::to_string(error.line) + ": " + error.message);
  }
  return lines;
}

node::HostFacts facts(int cpus, double memory_gib, int gpus = 0) {
  node::HostFacts made;
  made.machine.cpus = cpus;
  made.machine.memory_gib = memory_gib;
  if (gpus > 0) made.machine.accelerator = Accelerator{"A100", static_cast<double>(gpus), 80};
  return made;
}

TEST(HostsFile, ReadsHostsAndFillsInWhatIsLeftOut) {
  const HostsOutcome outcome = parse_hosts(R"(
hosts:
  - name: gpu1
  - name: gpu2
    host: gpu2.lab.example
    user: ana
    port: 2222
    jump: ana@bastion:22,other
    identity: ~/.ssh/lab
    folder: ~/fast/tw
    price_per_hour: 0.60
    gpus: {model: A100, count: 4, memory_gib: 80}
    forget_after: 5m
)",
                                           "/home/ana");
  ASSERT_TRUE(outcome.errors.empty()) << outcome.errors[0].message;
  ASSERT_EQ(outcome.hosts.size(), 2U);
  EXPECT_EQ(outcome.hosts[0].host, "gpu1");
  EXPECT_EQ(outcome.hosts[0].folder, ".tradewind");
  EXPECT_EQ(outcome.hosts[0].price_per_hour, Money());
  const HostConfig& second = outcome.hosts[1];
  EXPECT_EQ(second.port, 2222);
  EXPECT_EQ(second.identity, "/home/ana/.ssh/lab");
  EXPECT_EQ(second.folder, "fast/tw");
  EXPECT_EQ(second.price_per_hour, Money::parse("0.60").value());
  EXPECT_EQ(second.gpus->count, 4);
  EXPECT_EQ(second.forget_after, std::chrono::minutes(5));
}

TEST(HostsFile, NamesWhatIsWrongWithItsLine) {
  EXPECT_EQ(errors_of("hosts: []").size(), 1U);
  EXPECT_EQ(errors_of("").size(), 1U);
  EXPECT_EQ(errors_of("hosts:\n  - {host: x}\n"), (std::vector<std::string>{"2: hosts[0] has no name"}));
  EXPECT_EQ(errors_of("hosts:\n  - name: a\n  - name: a\n"),
            (std::vector<std::string>{"3: there are two hosts named 'a'"}));
  const std::vector<std::string> unknown = errors_of("hosts:\n  - name: a\n    jmup: b\n");
  ASSERT_EQ(unknown.size(), 1U);
  EXPECT_TRUE(unknown[0].starts_with("3: hosts[0] has no field")) << unknown[0];
}

// ssh would take some of these for options or commands of its own.
TEST(HostsFile, RefusesWordsThatSshOrAShellWouldTakeForSomethingElse) {
  for (const char* line : {"host: -oProxyCommand=x", "host: a b", "host: $(id)", "jump: '-x'", "user: 'a;b'",
                           "identity: relative/key", "known_hosts: '/a\"b'", "claims: relative", "folder: ''",
                           "port: 70000", "slots: 0", "price_per_hour: -1"}) {
    EXPECT_EQ(errors_of(std::string("hosts:\n  - name: a\n    ") + line + "\n").size(), 1U) << line;
  }
}

TEST(Shapes, OfAHostWithGpusAreItsPowersOfTwoAndAll) {
  HostConfig host;
  host.name = "gpu1";
  host.price_per_hour = Money::parse("6").value();
  const std::vector<local::Zone> shapes = shapes_of(host, facts(48, 600, 6));
  std::vector<std::string> names;
  for (const local::Zone& zone : shapes) names.push_back(zone.name);
  EXPECT_EQ(names, (std::vector<std::string>{"gpu-1", "gpu-2", "gpu-4", "gpu-6"}));
  EXPECT_EQ(shapes[1].share->gpus, 2);
  EXPECT_EQ(shapes[1].share->cores, 16);
  EXPECT_EQ(shapes[1].memory_gib, 200);
  EXPECT_EQ(shapes[1].capacity, 3);
  EXPECT_EQ(shapes[1].on_demand_price_per_hour, Money::parse("2").value());
  EXPECT_EQ(shapes[3].accelerator->count, 6);
  EXPECT_EQ(shapes[3].capacity, 1);
}

TEST(Shapes, OfAHostWithoutGpusAreTheWholeAndItsSlots) {
  HostConfig host;
  EXPECT_EQ(shapes_of(host, facts(8, 32)).size(), 1U);
  host.slots = 4;
  const std::vector<local::Zone> shapes = shapes_of(host, facts(8, 32));
  ASSERT_EQ(shapes.size(), 2U);
  EXPECT_EQ(shapes[0].name, "slot");
  EXPECT_EQ(shapes[0].cpus, 2);
  EXPECT_EQ(shapes[0].capacity, 4);
  EXPECT_EQ(shapes[1].name, "whole");
  EXPECT_EQ(shapes[1].share->cores, 8);
  host.slots = 20;
  EXPECT_FALSE(shapes_of(host, facts(8, 32))[0].share.has_value()) << "more slots than cores share them";
}

node::HostFacts lent(node::HostFacts known, const lending::Rules& rules) {
  known.lending = lending::State{true, true, "", std::nullopt, rules, ""};
  return known;
}

TEST(Shapes, OfAHostThatIsLentAreWhatItsOwnerLendsAsSpot) {
  HostConfig host;
  host.price_per_hour = Money::parse("8").value();
  lending::Rules rules;
  rules.gpus = 3;
  rules.yield = std::chrono::seconds(45);
  const std::vector<local::Zone> shapes = shapes_of(host, lent(facts(64, 512, 8), rules));
  ASSERT_EQ(shapes.size(), 3U);
  EXPECT_EQ(shapes[2].name, "gpu-3");
  EXPECT_EQ(shapes[2].share->gpus_total, 3) << "the others are never claimed";
  EXPECT_EQ(shapes[2].share->cores, 24) << "their part of the machine";
  EXPECT_EQ(shapes[2].price_per_hour, Money::parse("3").value());
  EXPECT_EQ(shapes[0].capacity, 3);
  for (const local::Zone& zone : shapes) {
    EXPECT_TRUE(zone.sells_spot);
    EXPECT_FALSE(zone.sells_on_demand);
    EXPECT_EQ(zone.notice_lead, std::chrono::seconds(45));
  }
  rules.cores = 6;
  rules.memory_gib = 30;
  const std::vector<local::Zone> fewer = shapes_of(host, lent(facts(64, 512, 8), rules));
  EXPECT_EQ(fewer[2].share->cores, 6);
  EXPECT_EQ(fewer[0].share->cores, 2);
  EXPECT_EQ(fewer[0].memory_gib, 10);
  rules.gpus = 0;
  const std::vector<local::Zone> none = shapes_of(host, lent(facts(64, 512, 8), rules));
  ASSERT_EQ(none.size(), 1U);
  EXPECT_EQ(none[0].name, "whole");
  EXPECT_EQ(none[0].cpus, 6);
  EXPECT_EQ(none[0].memory_gib, 30);
  EXPECT_FALSE(none[0].accelerator.has_value());
}

TEST(HostFacts, TellTheRulesOfTheOwner) {
  lending::Rules rules;
  rules.gpus = 2;
  const node::HostFacts told = lent(facts(4, 16), rules);
  const Result<node::HostFacts> again = node::host_facts_from_json(node::to_json(told));
  ASSERT_TRUE(again.ok()) << describe(again.error());
  ASSERT_TRUE(again->lending.has_value());
  EXPECT_EQ(again->lending->rules, rules);
  EXPECT_FALSE(node::host_facts_from_json(node::to_json(facts(4, 16)))->lending.has_value());
}

}  // namespace
}  // namespace tradewind::ssh
