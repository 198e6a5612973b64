// policy, simulate over markets, and traces: from their options to what they print and write.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

#include "app/cli/backtest_input.h"
#include "app/cli/backtest_runner.h"
#include "app/cli/verbs.h"
#include "base/text.h"
#include "core/backtest/draw.h"
#include "core/policy/player_registry.h"
#include "edge/io/files.h"
#include "edge/io/system_clock.h"

namespace tradewind::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view talk =
    R"({"type":"scenario","id":"s","tick_s":100,"deadline_ticks":9,"work_s":300,"cold_start_s":50,"info":"all","zones":[{"name":"z0","region":"a","on_demand_per_h":3.06}]}
{"type":"tick","tick":0,"progress_s":0,"checkpoint_s":0,"available":{"z0":true},"spot_price":{"z0":0.5}}
{"type":"tick","tick":1,"held":{"zone":"z0","purchase":"spot"},"progress_s":50,"checkpoint_s":50,"checkpoint_region":"a","available":{"z0":true},"spot_price":{"z0":0.5}}
{"type":"end","id":"s","finished":true}
)";

class BacktestVerbsTest : public ::testing::Test {
 protected:
  BacktestVerbsTest() : home_(*io::TempDir::make("tw backtest ")) {
    fs::create_directories(home_.path() / "m" / "traces");
    // Traces of one name differ from scenario to scenario: each gets its own.
    for (backtest::Drawn& drawn : backtest::draw_scenarios(5)) {
      backtest::Scenario& own = drawn.scenario;
      for (backtest::Market& market : own.markets) {
        write("m/traces/" + own.label + market.trace + ".json",
              to_text(to_json(drawn.traces.at(market.trace))));
        market.trace = own.label + market.trace;
      }
      write("m/" + own.label + ".json", to_text(to_json(own)));
    }
  }

  void write(const std::string& file, std::string_view text) { std::ofstream(home_.path() / file) << text; }
  std::string read(const std::string& file) {
    return io::read_file(home_.path() / file).value_or("(unreadable)");
  }

  template <class Options>
  Result<ExitCode> run(Result<ExitCode> (*verb)(const Options&, Context&), const Options& options,
                       std::string_view in = {}) {
    in_.clear();
    in_.str(std::string(in));
    out_.str("");
    err_.str("");
    Context context{in_,
                    out_,
                    err_,
                    {},
                    json_,
                    {},
                    home_.path().string(),
                    {},
                    {{}, {}, home_.path() / "data", {}},
                    clock_,
                    interrupted_,
                    {}};
    return verb(options, context);
  }
  std::string out() const { return out_.str(); }
  json::value document() {
    const Result<json::value> value = parse_json(out_.str());
    EXPECT_TRUE(value.ok()) << out_.str();
    return value.value_or(nullptr);
  }
  std::vector<std::string> all_scenarios() const {
    std::vector<std::string> files;
    for (const fs::directory_entry& entry : fs::directory_iterator(home_.path() / "m")) {
      if (entry.is_regular_file()) files.push_back("m/" + entry.path().filename().string());
    }
    std::sort(files.begin(), files.end());
    return files;
  }

  io::TempDir home_;
  std::istringstream in_;
  std::ostringstream out_;
  std::ostringstream err_;
  io::SystemClock clock_;
  std::atomic<bool> interrupted_{false};
  bool json_ = false;
};

// ---- policy

TEST_F(BacktestVerbsTest, PolicyAnswersEachTickOnALine) {
  EXPECT_EQ(*run(run_policy, PolicyOptions{"greedy"}, talk), ExitCode::done);
  EXPECT_EQ(out(), "{\"action\":\"launch\",\"zone\":\"z0\",\"purchase\":\"spot\"}\n{\"action\":\"hold\"}\n");
  // Several scenarios follow one another.
  EXPECT_EQ(*run(run_policy, PolicyOptions{"greedy"}, std::string(talk) + std::string(talk)), ExitCode::done);
  EXPECT_EQ(split(out(), '\n').size(), 5U);
}

TEST_F(BacktestVerbsTest, PolicySaysWhichLineIsWrong) {
  const Result<ExitCode> code = run(run_policy, PolicyOptions{"greedy"}, std::string(talk) + "nonsense\n");
  ASSERT_FALSE(code.ok());
  EXPECT_EQ(code.error().code, Code::invalid_argument);
  EXPECT_TRUE(code.error().message.starts_with("line 5: ")) << code.error().message;
}

TEST_F(BacktestVerbsTest, PolicyKnowsItsNamesAndSuggestsANearOne) {
  EXPECT_EQ(*run(run_policy, PolicyOptions{}), ExitCode::done);
  EXPECT_NE(out().find("failover\n"), std::string::npos);
  const Result<ExitCode> code = run(run_policy, PolicyOptions{"failovr"});
  ASSERT_FALSE(code.ok());
  EXPECT_EQ(code.error().code, Code::not_found);
  EXPECT_EQ(code.error().hint, "did you mean 'failover'?");
}

// ---- simulate

TEST_F(BacktestVerbsTest, SimulateShowsEachPolicyByClass) {
  SimulateOptions options;
  options.files = all_scenarios();
  EXPECT_EQ(*run(run_simulate, options), ExitCode::done);
  EXPECT_NE(out().find("cost / optimum"), std::string::npos) << out();
  EXPECT_NE(out().find("big-checkpoint"), std::string::npos);
  EXPECT_NE(out().find("deadlines missed"), std::string::npos);
  json_ = true;
  EXPECT_EQ(*run(run_simulate, options), ExitCode::done);
  const json::value result = document();
  EXPECT_EQ(result.at("policies").as_array().size(), policy::player_names().size());
  ASSERT_EQ(result.at("runs").as_array().size(), 9U);
  for (const json::value& policy : result.at("policies").as_array()) {
    const json::value& all = policy.at("classes").at("ALL");
    EXPECT_EQ(all.at("missed").to_number<int>(), 0);
    EXPECT_GE(all.at("over_optimum").at("mean").as_double(), 1) << policy.at("name");
    EXPECT_EQ(all.at("runs").to_number<int>(), 9);
  }
}

TEST_F(BacktestVerbsTest, SimulateDoesNotDependOnThreads) {
  SimulateOptions options;
  options.synthetic = true;
  options.seeds = 2;
  options.policies = {"failover,greedy"};
  json_ = true;
  options.jobs = 1;
  EXPECT_EQ(*run(run_simulate, options), ExitCode::done);
  const json::value one = document();
  options.jobs = 3;
  EXPECT_EQ(*run(run_simulate, options), ExitCode::done);
  EXPECT_EQ(document().at("runs"), one.at("runs"));
  EXPECT_EQ(document().at("policies"), one.at("policies"));
}

TEST_F(BacktestVerbsTest, SimulateKeepsTheClassesThatAreAskedFor) {
  SimulateOptions options;
  options.synthetic = true;
  options.seeds = 2;
  options.policies = {"failover"};
  options.classes = {"blind,gang"};
  json_ = true;
  EXPECT_EQ(*run(run_simulate, options), ExitCode::done);
  EXPECT_EQ(document().at("runs").as_array().size(), 4U);
  options.classes = {"blond"};
  EXPECT_EQ(run(run_simulate, options).error().hint, "did you mean 'blind'?");
}

TEST_F(BacktestVerbsTest, SimulateBeginsAtManyTimes) {
  SimulateOptions options;
  options.files = {"m/single.json"};
  options.policies = {"failover"};
  options.starts = 20;
  json_ = true;
  EXPECT_EQ(*run(run_simulate, options), ExitCode::done);
  const json::value result = document();
  EXPECT_EQ(result.at("runs").as_array().size(), 20U);
  EXPECT_NE(result.at("runs").at(0).at("shift_ticks"), result.at("runs").at(1).at("shift_ticks"));
  const json::value& all = result.at("policies").at(0).at("classes").at("ALL").at("over_on_demand");
  EXPECT_GT(all.at("ci95").as_double(), 0);
  EXPECT_TRUE(std::isfinite(all.at("ci95").as_double()));
}

TEST_F(BacktestVerbsTest, ALogIsWrittenAndScoredAgain) {
  SimulateOptions options;
  options.files = all_scenarios();
  options.policies = {"failover"};
  options.log = true;
  options.log_file = "run.jsonl";
  json_ = true;
  EXPECT_EQ(*run(run_simulate, options), ExitCode::done);
  const json::value played = document();
  SimulateOptions again;
  again.files = options.files;
  again.score = "run.jsonl";
  EXPECT_EQ(*run(run_simulate, again), ExitCode::done);
  const json::value scored = document();
  ASSERT_EQ(scored.at("runs").as_array().size(), 9U);
  for (std::size_t i = 0; i < 9; ++i) {
    EXPECT_NEAR(scored.at("runs").at(i).at("cost_usd").to_number<double>(),
                played.at("runs").at(i).at("policies").at("failover").at("cost_usd").to_number<double>(),
                1e-9);
  }
  write("run.jsonl", "{\"type\":\"scenario\",\"id\":\"elsewhere\"}\n");
  EXPECT_EQ(run(run_simulate, again).error().code, Code::not_found);
}

TEST_F(BacktestVerbsTest, PicturesAreWritten) {
  SimulateOptions options;
  options.files = {"m/blind.json"};
  options.policies = {"failover", "on_demand"};
  options.svg = "a.svg";
  options.html = "a.html";
  EXPECT_EQ(*run(run_simulate, options), ExitCode::done);
  EXPECT_TRUE(read("a.svg").starts_with("<svg"));
  EXPECT_TRUE(read("a.html").starts_with("<!doctype html>"));
}

TEST_F(BacktestVerbsTest, SimulateSaysWhatIsWrong) {
  SimulateOptions options;
  options.files = {"m/nope.json"};
  EXPECT_EQ(run(run_simulate, options).error().code, Code::not_found);
  write("m/broken.json", "{");
  options.files = {"m/broken.json"};
  EXPECT_TRUE(run(run_simulate, options).error().message.starts_with("m/broken.json: "));
  for (const fs::directory_entry& entry : fs::directory_iterator(home_.path() / "m" / "traces")) {
    if (entry.path().filename().string().starts_with("tight")) fs::remove(entry.path());
  }
  options.files = {"m/tight.json"};
  const Result<ExitCode> missing = run(run_simulate, options);
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().hint, "--traces DIR says where the traces lie");
  options.files = {"m/single.json"};
  options.policies = {"nope"};
  EXPECT_EQ(run(run_simulate, options).error().code, Code::not_found);
  options.policies.clear();
  options.log = true;
  EXPECT_EQ(run(run_simulate, options).error().code, Code::invalid_argument);
  options.log_file = "x";
  EXPECT_EQ(run(run_simulate, options).error().message.substr(0, 40),
            "--log holds the decisions of one policy,");
  write(
      "m/evil.json",
      R"({"id":"s","tick_s":1,"deadline_ticks":4,"work_s":3,"cold_start_s":0,"zones":[{"name":"z0","region":"a","on_demand_per_h":1,"spot_price":[[1,1]],"trace":"../../x"}]})");
  options = {};
  options.files = {"m/evil.json"};
  EXPECT_EQ(run(run_simulate, options).error().message, "m/evil.json: '../../x' is not the name of a trace");
}

TEST_F(BacktestVerbsTest, ADeadlineThatCannotBeKeptIsSaidAtOnce) {
  write(
      "m/late.json",
      R"({"id":"late","tick_s":100,"deadline_ticks":4,"work_s":3600,"cold_start_s":0,"zones":[{"name":"z0","region":"a","on_demand_per_h":1,"spot_price":[[1,1]],"trace":"up"}]})");
  write("m/traces/up.json", R"({"id":"up","gap_seconds":100,"runs":[[1,4]]})");
  SimulateOptions options;
  options.files = {"m/late.json"};
  EXPECT_EQ(*run(run_simulate, options), ExitCode::failed);
  EXPECT_NE(
      err_.str().find("late: on-demand cannot keep the deadline of 6m 40s; the earliest finish is after 1h"),
      std::string::npos)
      << err_.str();
}

TEST_F(BacktestVerbsTest, SimulateEndsAtCtrlC) {
  interrupted_ = true;
  SimulateOptions options;
  options.synthetic = true;
  EXPECT_EQ(*run(run_simulate, options), ExitCode::interrupted);
}

TEST_F(BacktestVerbsTest, ATaskFileIsPlayedOverMadeUpMarkets) {
  write(
      "train.yaml",
      "name: bert\nresources: {accelerators: V100:1, use_spot: true}\nrun: python3 train.py\nduration: 24h\n"
      "deadline: 36h\n");
  SimulateOptions options;
  options.files = {"train.yaml"};
  options.seeds = 3;
  options.policies = {"failover"};
  json_ = true;
  const Result<ExitCode> code = run(run_simulate, options);
  ASSERT_TRUE(code.ok()) << code.error().message;
  const json::value result = document();
  ASSERT_EQ(result.at("runs").as_array().size(), 3U);
  EXPECT_EQ(result.at("runs").at(0).at("class").as_string(), "bert");
  const double cost =
      result.at("runs").at(0).at("policies").at("failover").at("cost_usd").to_number<double>();
  EXPECT_GT(cost, 0);
  EXPECT_LT(cost, result.at("runs").at(0).at("on_demand_usd").to_number<double>());
  write("train.yaml", "resources: {accelerators: V100:1}\nrun: x\nduration: 24h\n");
  EXPECT_NE(run(run_simulate, options).error().message.find("no deadline"), std::string::npos);
  write("train.yaml", "resources: {accelerators: V100:1}\nrun: x\ndeadline: 24h\n");
  EXPECT_NE(run(run_simulate, options).error().message.find("how long the work takes"), std::string::npos);
}

// ---- traces

TEST_F(BacktestVerbsTest, TracesAreMadeListedShownAndMeasured) {
  TracesOptions options;
  EXPECT_EQ(*run(run_traces, options), ExitCode::done);
  EXPECT_NE(err_.str().find("tradewind traces synthesise makes some"), std::string::npos);
  options.action = TracesAction::synthesise;
  options.days = 3;
  EXPECT_EQ(*run(run_traces, options), ExitCode::done);
  options = {};
  json_ = true;
  EXPECT_EQ(*run(run_traces, options), ExitCode::done);
  EXPECT_EQ(document().at("traces").as_array().size(), 8U);
  EXPECT_EQ(document().at("traces").at(0).at("ticks").to_number<int>(), 864);
  options.action = TracesAction::stats;
  EXPECT_EQ(*run(run_traces, options), ExitCode::done);
  EXPECT_EQ(document().at("correlations").as_array().size(), 28U);
  json_ = false;
  EXPECT_EQ(*run(run_traces, options), ExitCode::done);
  EXPECT_NE(out().find("CORRELATION"), std::string::npos);
  options.action = TracesAction::show;
  options.words = {"synthetic-west-1a"};
  EXPECT_EQ(*run(run_traces, options), ExitCode::done);
  EXPECT_EQ(split(out(), '\n').size(), 5U) << out();
  options.words = {"nope"};
  EXPECT_EQ(run(run_traces, options).error().code, Code::not_found);
}

TEST_F(BacktestVerbsTest, TracesAreImportedAndExported) {
  write("z.csv", "1\n0\n0\n1\n");
  TracesOptions options;
  options.action = TracesAction::import;
  options.words = {"z.csv"};
  options.tick_s = 60;
  EXPECT_TRUE(run(run_traces, options).error().message.starts_with("z.csv: it is not said"));
  options.polarity = "unavailable";
  EXPECT_EQ(*run(run_traces, options), ExitCode::done);
  EXPECT_NE(out().find("z: 4 ticks, up 50.0 %"), std::string::npos) << out();
  options = {};
  options.action = TracesAction::export_csv;
  options.words = {"z"};
  EXPECT_EQ(*run(run_traces, options), ExitCode::done);
  EXPECT_EQ(out(), "time_s,nodes\n0,0\n60,1\n120,1\n180,0\n");
}

}  // namespace
}  // namespace tradewind::cli
