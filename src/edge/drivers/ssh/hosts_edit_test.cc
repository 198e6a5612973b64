#include "edge/drivers/ssh/hosts_edit.h"

#include <gtest/gtest.h>

namespace tradewind::ssh {
namespace {

constexpr const char* home = "/home/ana";
const HostFields desk = {{"name", "desk"}, {"host", "desk.lab"}, {"user", "ana"}, {"port", "2222"}};
constexpr const char* two = R"(# our hosts
hosts:
- name: gpu1     # the rack
  user: ana
# under the window
- {name: gpu2, host: "gpu2.lab"}
# no more yet
)";

std::vector<std::string> names_in(const std::string& yaml) {
  std::vector<std::string> names;
  const HostsOutcome outcome = parse_hosts(yaml, home);
  EXPECT_TRUE(outcome.errors.empty()) << yaml;
  for (const HostConfig& host : outcome.hosts) names.push_back(host.name);
  return names;
}

TEST(HostsEdit, AddsAHostAndKeepsAllElse) {
  EXPECT_EQ(with_host("", desk, home).value(),
            "hosts:\n  - name: \"desk\"\n    host: \"desk.lab\"\n    user: \"ana\"\n    port: 2222\n");
  const Result<std::string> added = with_host(two, desk, home);
  ASSERT_TRUE(added.ok()) << describe(added.error());
  EXPECT_TRUE(added->starts_with(two));
  EXPECT_EQ(names_in(*added), (std::vector<std::string>{"gpu1", "gpu2", "desk"}));
  EXPECT_EQ(with_host(*added, desk, home).value(), *added) << "it is there already";
  EXPECT_EQ(names_in(with_host("hosts:\n  - name: a", desk, home).value()).size(), 2U) << "no last newline";
}

TEST(HostsEdit, RefusesWhatItCannotDoWell) {
  HostFields taken = desk;
  taken[0].second = "gpu2";
  EXPECT_EQ(with_host(two, taken, home).error().code, Code::conflict);
  HostFields wrong = desk;
  wrong[1].second = "-oProxyCommand=x";
  EXPECT_EQ(with_host(two, wrong, home).error().code, Code::invalid_argument);
  EXPECT_EQ(with_host("hosts: [{name: a}]\n", desk, home).error().code, Code::invalid_argument);
  EXPECT_EQ(with_host("hosts: [\n", desk, home).error().code, Code::invalid_argument);
  EXPECT_EQ(without_host("hosts: [{name: a}, {name: b}]\n", "a", home).error().code, Code::invalid_argument);
  EXPECT_EQ(without_host(two, "gpu3", home).error().code, Code::not_found);
}

TEST(HostsEdit, TakesAHostAwayAndKeepsAllElse) {
  const std::string added = with_host(two, desk, home).value();
  EXPECT_EQ(without_host(added, "desk", home).value(), two);
  EXPECT_EQ(
      without_host(two, "gpu2", home).value(),
      "# our hosts\nhosts:\n- name: gpu1     # the rack\n  user: ana\n# under the window\n# no more yet\n");
  EXPECT_EQ(without_host(two, "gpu1", home).value(),
            "# our hosts\nhosts:\n# under the window\n- {name: gpu2, host: \"gpu2.lab\"}\n# no more yet\n");
  EXPECT_EQ(without_host("hosts:\n  - name: a\n", "a", home).value(), "");
}

}  // namespace
}  // namespace tradewind::ssh
