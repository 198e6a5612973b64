#include "engine/storesim/stage.h"

#include <gtest/gtest.h>
#include <string>

namespace tradewind::storesim {
namespace {

TEST(Stage, ActorsGoOnAsTheyAreChosen) {
  Stage stage(3);
  std::string order;
  const auto script = [&](char name) {
    return [&stage, &order, name] {
      for (int i = 0; i < 3; ++i) {
        order += name;
        stage.pause();
      }
    };
  };
  stage.play({script('a'), script('b'), script('c')}, [](const auto& able) { return able.front(); });
  EXPECT_EQ(order, "aaabbbccc");
  order.clear();
  std::size_t turn = 0;
  stage.play({script('a'), script('b'), script('c')},
             [&turn](const auto& able) { return able[turn++ % able.size()]; });
  EXPECT_EQ(order, "abcabcabc");
}

TEST(Stage, OneActsAtATime) {
  Stage stage(4);
  int inside = 0;
  std::size_t turn = 0;
  const auto script = [&] {
    for (int i = 0; i < 200; ++i) {
      EXPECT_EQ(++inside, 1);
      --inside;
      stage.pause();
    }
  };
  stage.play({script, script, script, script},
             [&turn](const auto& able) { return able[(turn += 7) % able.size()]; });
  EXPECT_EQ(inside, 0);
}

TEST(Stage, PlaysAgainAndWithNobody) {
  Stage stage(2);
  int played = 0;
  const auto first = [](const std::vector<std::size_t>& able) { return able.front(); };
  stage.play({}, first);
  for (int i = 0; i < 50; ++i) stage.play({[&played] { ++played; }}, first);
  EXPECT_EQ(played, 50);
}

}  // namespace
}  // namespace tradewind::storesim
