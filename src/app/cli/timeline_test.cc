#include "app/cli/timeline.h"

#include <gtest/gtest.h>
#include <regex>

#include "core/backtest/testing/tiny_world.h"
#include "core/policy/player_registry.h"

namespace tradewind::cli {
namespace {

Timeline timeline(const std::vector<std::string>& policies, std::string zone = "a<1>") {
  Timeline timeline;
  timeline.world = backtest::tiny_world({"110111", "000011"}, {.regions = "ab"});
  timeline.world.problem.zones[0].name = std::move(zone);
  timeline.world.label = "tests";
  timeline.optimum = backtest::optimum(timeline.world);
  for (const std::string& name : policies) {
    const auto player = policy::make_player(name, timeline.world.problem);
    timeline.runs.push_back({name, *backtest::play(timeline.world, *player, backtest::Keep::moments_too)});
  }
  return timeline;
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

// Every element that is opened is closed, and nothing stands between that is no text.
bool is_well_formed(const std::string& text) {
  std::vector<std::string> open;
  const std::regex tag("<(/?)([a-z0-9]+)((?:[^\">]|\"[^\"]*\")*?)(/?)>");
  for (std::sregex_iterator at(text.begin(), text.end(), tag), end; at != end; ++at) {
    const std::smatch& match = *at;
    if (match[4].length() > 0) continue;
    if (match[1].length() == 0) {
      open.push_back(match[2]);
    } else {
      if (open.empty() || open.back() != match[2]) return false;
      open.pop_back();
    }
  }
  return open.empty();
}

TEST(Timeline, HasAPanelForEachRunWithItsFigures) {
  const std::string svg = timeline_svg(timeline({"failover", "on_demand"}));
  EXPECT_TRUE(svg.starts_with("<svg xmlns="));
  EXPECT_TRUE(is_well_formed(svg)) << svg;
  EXPECT_NE(svg.find(">failover</text>"), std::string::npos);
  EXPECT_NE(svg.find(">on_demand</text>"), std::string::npos);
  EXPECT_NE(svg.find("3.50 USD, 100 % of on-demand"), std::string::npos);
  EXPECT_NE(svg.find("1 launch, 0 lost"), std::string::npos);
  EXPECT_EQ(count(svg, ">deadline</text>"), 2U);
}

TEST(Timeline, EscapesNamesThatOthersChose) {
  const std::string svg = timeline_svg(timeline({"failover"}, "<script>\"&"));
  EXPECT_EQ(svg.find("<script>"), std::string::npos);
  EXPECT_NE(svg.find("&lt;script&gt;&quot;&amp;"), std::string::npos);
}

TEST(Timeline, ThePageTellsEveryDecision) {
  const Timeline shown = timeline({"failover"});
  const std::string html = timeline_html(shown);
  EXPECT_NE(html.find(std::to_string(shown.runs[0].played.decisions.size()) + " decisions"),
            std::string::npos);
  EXPECT_NE(html.find("launch a&lt;1&gt; spot"), std::string::npos);
  EXPECT_EQ(html.find("http"), html.find("http://www.w3.org/2000/svg")) << "it needs nothing from elsewhere";
}

TEST(Timeline, AMissedDeadlineIsSaid) {
  Timeline missed;
  missed.world = backtest::tiny_world({"000"});
  const auto player = policy::make_player("on_demand", missed.world.problem);
  missed.runs.push_back({"on_demand", *backtest::play(missed.world, *player, backtest::Keep::moments_too)});
  EXPECT_NE(timeline_svg(missed).find("DEADLINE MISSED"), std::string::npos);
}

}  // namespace
}  // namespace tradewind::cli
