#include "app/agent/options.h"

#include <gtest/gtest.h>

namespace tradewind::agent {
namespace {

std::vector<std::string> with(std::initializer_list<std::string> more) {
  std::vector<std::string> arguments = {"--store=file:///srv/store", "--owner=0a", "--job=j-1", "--lease=l-1",
                                        "--scratch=/tmp/a b/한글"};
  arguments.insert(arguments.end(), more);
  return arguments;
}

std::string problem(const std::vector<std::string>& arguments) {
  const Result<AgentOptions> options = parse_options(arguments);
  return options.ok() ? "none" : describe(options.error());
}

TEST(AgentOptions, TheBrokersAndTheDriversArgumentsAreRead) {
  const Result<AgentOptions> options = parse_options(
      with({"--standby", "--encrypted", "--hard-limit=2026-11-24T01:52:07.000Z", "--lease-term=30.000000s",
            "--notice=/run/notice", "--limit-file=/run/limit", "--local-store=file:///srv/harbour",
            "--standby-store=file:///a", "--standby-store=file:///b", "--location=local/harbour",
            "--attempt=3", "--poll=50ms", "--purchase=spot", "--accelerator=H100:8", "--hazard-per-hour=0.2",
            "--notice-lead=2m", "--grace=3s"}));
  ASSERT_TRUE(options.ok()) << options.error().message;
  EXPECT_EQ(options->store_url, "file:///srv/store");
  EXPECT_EQ(options->lease.text(), "l-1");
  EXPECT_EQ(options->scratch, "/tmp/a b/한글");
  EXPECT_TRUE(options->standby);
  EXPECT_TRUE(options->encrypted);
  EXPECT_EQ(format_utc(*options->hard_limit), "2026-11-24T01:52:07.000Z");
  EXPECT_EQ(options->limit_file, "/run/limit");
  EXPECT_EQ(options->lease_term, std::chrono::seconds(30));
  EXPECT_EQ(options->standby_urls, (std::vector<std::string>{"file:///a", "file:///b"}));
  EXPECT_EQ(to_text(options->location), "local/harbour");
  EXPECT_EQ(options->attempt, 3);
  EXPECT_EQ(options->poll, std::chrono::milliseconds(50));
  EXPECT_EQ(options->purchase, Purchase::spot);
  EXPECT_EQ(options->accelerator->model, "H100");
  EXPECT_EQ(options->notice_lead, std::chrono::minutes(2));
}

TEST(AgentOptions, SeveralNodesHaveALauncherAndAddresses) {
  const Result<AgentOptions> options =
      parse_options(with({"--launcher=/srv/launcher", "--node-ips=10.0.0.1,10.0.0.2"}));
  ASSERT_TRUE(options.ok()) << describe(options.error());
  EXPECT_EQ(options->launcher, "/srv/launcher");
  EXPECT_EQ(options->node_ips, (std::vector<std::string>{"10.0.0.1", "10.0.0.2"}));
  EXPECT_NE(problem(with({"--node-ips=10.0.0.1,,10.0.0.2"})).find("is not addresses with commas"),
            std::string::npos);
}

TEST(AgentOptions, WhatIsMissingIsListed) {
  EXPECT_EQ(problem({"--job=j-1", "--scratch=/tmp/a"}),
            "missing: --store, --owner, --lease (tradewind-agent --help lists the options)");
}

TEST(AgentOptions, BadValuesAreNamedWithWhatIsAllowed) {
  EXPECT_NE(problem(with({"--attempt=0"})).find("--attempt=0 is not a whole number from 1"),
            std::string::npos);
  EXPECT_NE(problem(with({"--poll=0s"})).find("is not a time span above zero"), std::string::npos);
  EXPECT_NE(problem(with({"--scratch=tmp"})).find("is not an absolute path"), std::string::npos);
  EXPECT_NE(problem(with({"--lease=../x"})).find("is not an id"), std::string::npos);
  EXPECT_NE(problem(with({"--hazard-per-hour=nan"})).find("is not a number from 0"), std::string::npos);
}

TEST(AgentOptions, AMistypedOptionGetsTheNearestOne) {
  EXPECT_NE(problem(with({"--notise=/x"})).find("did you mean --notice?"), std::string::npos);
  EXPECT_NE(problem(with({"stray"})).find("'stray' is not an option"), std::string::npos);
}

TEST(AgentOptions, EveryOptionIsInTheHelp) {
  const std::string help = help_text();
  for (const char* name :
       {"--store=",      "--owner=",           "--job=",           "--lease=",    "--scratch=",
        "--notice=",     "--local-store=",     "--standby-store=", "--standby ",  "--hard-limit=",
        "--limit-file=", "--lease-term=",      "--location=",      "--purchase=", "--accelerator=",
        "--attempt=",    "--hazard-per-hour=", "--notice-lead=",   "--grace=",    "--poll=",
        "--launcher=",   "--node-ips="}) {
    EXPECT_NE(help.find(name), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace tradewind::agent
