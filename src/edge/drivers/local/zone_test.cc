#include "edge/drivers/local/zone.h"

#include <gtest/gtest.h>

#include "edge/drivers/local/this_machine.h"
#include "edge/drivers/local/timeline.h"
#include "edge/drivers/local/zones_file.h"
#include "edge/io/files.h"

namespace tradewind::local {
namespace {

using std::chrono::seconds;

Trace trace(std::vector<TraceRun> runs, bool repeat = false, double speed = 1) {
  Trace made;
  made.runs = std::move(runs);
  made.repeat = repeat;
  made.speed = speed;
  return made;
}

TEST(Trace, LosesCapacityWhereARunOfZeroBegins) {
  const Trace one = trace({{1, 30}, {0, 20}, {2, 10}});
  EXPECT_EQ(next_loss(one, seconds(0)), seconds(30));
  EXPECT_EQ(next_loss(one, seconds(29)), seconds(30));
  EXPECT_EQ(next_loss(one, seconds(30)), seconds(30)) << "it is gone";
  EXPECT_EQ(next_loss(one, seconds(49)), seconds(49));
  EXPECT_EQ(next_loss(one, seconds(50)), std::nullopt);
  EXPECT_TRUE(available_at(one, Duration(29'999)));
  EXPECT_FALSE(available_at(one, seconds(30)));
  EXPECT_FALSE(available_at(one, Duration(49'999)));
  EXPECT_TRUE(available_at(one, seconds(50)));
  EXPECT_TRUE(available_at(one, seconds(5000))) << "the last run's state holds for ever";
}

TEST(Trace, WhoseLastRunIsZeroNeverComesBack) {
  const Trace gone = trace({{1, 5}, {0, 1}});
  EXPECT_EQ(next_loss(gone, seconds(100)), seconds(100));
  EXPECT_FALSE(available_at(gone, seconds(1'000'000)));
}

TEST(Trace, RepeatsWhenAsked) {
  const Trace ring = trace({{1, 3}, {0, 2}}, true);
  for (int round = 0; round < 2000; round += 7) {
    const Duration start = seconds(5 * round);
    EXPECT_TRUE(available_at(ring, start)) << round;
    EXPECT_EQ(next_loss(ring, start), start + seconds(3)) << round;
    EXPECT_FALSE(available_at(ring, start + seconds(3))) << round;
    EXPECT_FALSE(available_at(ring, start + Duration(4999))) << round;
  }
}

TEST(Trace, RunsFasterAtAHigherSpeed) {
  EXPECT_EQ(next_loss(trace({{1, 30}, {0, 20}}, false, 10), seconds(0)), seconds(3));
  EXPECT_EQ(next_loss(trace({{1, 30}, {0, 20}}, false, 0.5), seconds(0)), seconds(60));
}

TEST(Trace, WithoutZeroIsNeverLost) {
  EXPECT_EQ(next_loss(trace({{3, 10}, {1, 10}}, true), seconds(1234)), std::nullopt);
}

Zone harbour() {
  Zone zone;
  zone.name = "harbour";
  zone.price_per_hour = Money(400'000'000);
  zone.on_demand_price_per_hour = Money(1'200'000'000);
  zone.cold_start = seconds(2);
  zone.notice_lead = seconds(5);
  zone.trace = trace({{1, 30}, {0, 20}});
  return zone;
}

Time at(int second) {
  return parse_utc("2026-07-20").value() + seconds(second);
}

TEST(Timeline, AnnouncesAndPreemptsSpotByTheZonesClock) {
  const Timeline line = timeline_of(harbour(), Purchase::spot, at(0), at(10), at(100));
  EXPECT_EQ(line, (Timeline{seconds(2), seconds(90), seconds(15), seconds(20)}));
}

TEST(Timeline, OfAnInstancesClockBeginsAtItsLaunch) {
  Zone zone = harbour();
  zone.trace->clock = TraceClock::instance;
  EXPECT_EQ(timeline_of(zone, Purchase::spot, at(0), at(10), at(100)).preemption, seconds(30));
}

TEST(Timeline, LeavesOnDemandAlone) {
  const Timeline line = timeline_of(harbour(), Purchase::on_demand, at(0), at(10), at(100));
  EXPECT_EQ(line, (Timeline{seconds(2), seconds(90), std::nullopt, std::nullopt}));
}

TEST(Timeline, TellsNothingBeforehandWhenNoticeIsOff) {
  Zone zone = harbour();
  zone.trace->notice = false;
  EXPECT_EQ(timeline_of(zone, Purchase::spot, at(0), at(0), at(100)).notice, std::nullopt);
  zone.trace->notice = true;
  zone.notice_lead = Duration(0);
  EXPECT_EQ(timeline_of(zone, Purchase::spot, at(0), at(0), at(100)).notice, std::nullopt);
}

TEST(Timeline, AnnouncesAtTheBootWhenTheLeadIsLongerThanTheLife) {
  Zone zone = harbour();
  zone.notice_lead = seconds(60);
  EXPECT_EQ(timeline_of(zone, Purchase::spot, at(0), at(0), at(100)).notice, seconds(2));
}

TEST(Timeline, SurvivesAClockThatWasSetBack) {
  const Timeline line = timeline_of(harbour(), Purchase::spot, at(1000), at(0), at(-50));
  EXPECT_EQ(line.preemption, seconds(30));
  EXPECT_EQ(line.hard_limit, seconds(0));
}

TEST(Zone, SellsOnDemandAndSpot) {
  const std::vector<Offer> offers = offers_of(harbour(), "2026-07-20");
  ASSERT_EQ(offers.size(), 2U);
  EXPECT_EQ(offer_key(offers[0]), "local/harbour:machine:on_demand");
  EXPECT_EQ(offers[0].price_per_hour.text(), "$1.20");
  EXPECT_EQ(offer_key(offers[1]), "local/harbour:machine:spot");
  EXPECT_EQ(offers[1].price_per_hour.text(), "$0.40");
  EXPECT_EQ(offers[1].cold_start, seconds(2));
  EXPECT_EQ(offers[1].notice_lead, seconds(5));
}

TEST(ZonesFile, OfAZoneThatIsInterruptedSellsOnDemandOnlyAtAPriceOfItsOwn) {
  const auto keys_of = [](const std::string& fields) {
    const ZonesOutcome outcome = parse_zones("zones: [{name: x, price_per_hour: 0.40" + fields + "}]", "/f");
    EXPECT_TRUE(outcome.errors.empty());
    std::vector<std::string> keys;
    for (const Offer& offer : offers_of(outcome.zones[0], "2026-07-20")) keys.push_back(offer_key(offer));
    return keys;
  };
  const std::string spot = "local/x:machine:spot";
  const std::string on_demand = "local/x:machine:on_demand";
  const std::string trace_field = ", trace: {runs: [[1, 3], [0, 600]]}";
  EXPECT_EQ(keys_of(trace_field), (std::vector<std::string>{spot}));
  EXPECT_EQ(keys_of(trace_field + ", on_demand_price_per_hour: 0.40"),
            (std::vector<std::string>{on_demand, spot}));
  EXPECT_EQ(keys_of(trace_field + ", spot: no"), (std::vector<std::string>{on_demand}));
  EXPECT_EQ(keys_of(""), (std::vector<std::string>{on_demand, spot}));
}

TEST(ThisMachine, IsAFreeZoneOfOneInstance) {
  const MachineFacts facts = look_at_this_machine({{"PATH", "/nowhere"}});
  EXPECT_GE(facts.cpus, 1);
  EXPECT_GT(facts.memory_gib, 0);
  const Zone zone = zone_of_this_machine(facts);
  const std::vector<Offer> offers = offers_of(zone, "2026-07-20");
  ASSERT_EQ(offers.size(), 2U);
  EXPECT_EQ(offer_key(offers[0]), "local/here:machine:on_demand");
  EXPECT_EQ(offer_key(offers[1]), "local/here:machine:spot") << "a job that asks for spot runs here as well";
  EXPECT_EQ(offers[0].price_per_hour, Money());
  EXPECT_EQ(offers[1].price_per_hour, Money());
  EXPECT_EQ(offers[0].vcpus, facts.cpus);
  EXPECT_EQ(zone.capacity, 1);
}

TEST(ThisMachine, KnowsItsGpus) {
  EXPECT_EQ(parse_gpus("NVIDIA A100-SXM4-40GB, 40960\nNVIDIA A100-SXM4-40GB, 40960\n"),
            (Accelerator{"A100", 2, 40}));
  EXPECT_EQ(parse_gpus("NVIDIA H100 80GB HBM3, 81559"), (Accelerator{"H100", 1, 79.6}));
  EXPECT_EQ(parse_gpus("NVIDIA GeForce RTX 4090, 24564"), (Accelerator{"RTX4090", 1, 24}));
  EXPECT_EQ(parse_gpus("Tesla T4, 15360\nNVIDIA L4, 23034"), (Accelerator{"T4", 1, 15}));
  EXPECT_EQ(parse_gpus("NVIDIA H200, [N/A]"), (Accelerator{"H200", 1, 0}));
  EXPECT_EQ(parse_gpus(""), std::nullopt);
  EXPECT_EQ(parse_gpus("No devices were found\n"), std::nullopt);
}

// --- the zones file ---

constexpr const char* full_file = R"(zones:
  - name: harbour
    price_per_hour: 0.40
    on_demand_price_per_hour: $1.20
    egress_per_gb: 0.09
    cold_start: 2s
    capacity: 3
    cpus: 1.5
    memory_gib: 4
    accelerator: {model: A100, count: 1, memory_gib: 40}
    notice_lead: 5s
    store: stores/my harbour
    trace: {clock: instance, tick: 500ms, speed: 10, notice: false, repeat: true, runs: [[1, 30], [0, 20]]}
  - name: reef
    price_per_hour: 0
    spot: no
    notice_lead: 0
)";

TEST(ZonesFile, IsReadWhole) {
  const ZonesOutcome outcome = parse_zones(full_file, "/etc/tw");
  ASSERT_TRUE(outcome.errors.empty()) << task::describe(outcome.errors[0], "zones.yaml");
  ASSERT_EQ(outcome.zones.size(), 2U);
  Zone harbour;
  harbour.name = "harbour";
  harbour.price_per_hour = Money(400'000'000);
  harbour.on_demand_price_per_hour = Money(1'200'000'000);
  harbour.egress_per_gb = Money(90'000'000);
  harbour.cold_start = seconds(2);
  harbour.capacity = 3;
  harbour.cpus = 1.5;
  harbour.memory_gib = 4;
  harbour.accelerator = Accelerator{"A100", 1, 40};
  harbour.notice_lead = seconds(5);
  harbour.store = "file:///etc/tw/stores/my%20harbour";
  harbour.trace = Trace{TraceClock::instance, Duration(500), 10, false, true, {{1, 30}, {0, 20}}};
  EXPECT_EQ(outcome.zones[0], harbour);
  EXPECT_FALSE(outcome.zones[1].sells_spot);
  EXPECT_EQ(outcome.zones[1].notice_lead, Duration(0));
  EXPECT_EQ(offers_of(outcome.zones[1], "").size(), 1U);
}

TEST(ZonesFile, AStoreMayBeAtACloud) {
  const auto outcome =
      parse_zones("zones: [{name: far, store: 's3://bucket/far?region=eu-west-1'}]", "/etc/tw");
  ASSERT_EQ(outcome.errors.size(), 0U);
  EXPECT_EQ(outcome.zones[0].store, "s3://bucket/far?region=eu-west-1");
}

TEST(ZonesFile, SurvivesItsJsonForm) {
  for (const Zone& zone : parse_zones(full_file, "/etc/tw").zones) {
    const Result<Zone> again = zone_from_json(to_json(zone), "zone");
    ASSERT_TRUE(again.ok()) << again.error().message;
    EXPECT_EQ(*again, zone);
  }
}

std::string errors_of(std::string_view yaml) {
  std::string text;
  for (const task::TaskError& error : parse_zones(yaml, "/f").errors)
    text += task::describe(error, "z") + "\n";
  return text;
}

TEST(ZonesFile, ReportsAllErrorsAtOnceWithTheirPlaces) {
  EXPECT_EQ(errors_of(R"(zones:
  - nam: harbour
    price_per_hour: cheap
    capacity: 0
  - name: Big Reef
    trace: {clock: moon, runs: [[1], [0, 0]], tik: 1s}
  - name: a
  - name: a
)"),
            R"(z:2:5: zones[0] has no field 'nam' (did you mean 'name'?)
z:2:5: zones[0] has no name
z:3:21: zones[0].price_per_hour is 'cheap'; expected an amount of US dollars, such as 0.40
z:4:15: zones[0].capacity is '0'; expected a whole number from 1 to 10000
z:5:11: zones[1].name is 'Big Reef'; expected up to 64 lower-case letters, digits, '-', '_' and '.', not beginning with '.'
z:6:20: zones[1].trace.clock is 'moon'; expected zone or instance
z:6:33: zones[1].trace.runs[0] is a list; expected [available, ticks], such as [1, 30]
z:6:42: zones[1].trace.runs[1][1] is '0'; expected a whole number from 1 to 1000000000
z:6:47: zones[1].trace has no field 'tik' (did you mean 'tick'?)
z:8:5: there are two zones named 'a' (give each a name of its own)
)");
}

TEST(ZonesFile, WantsZones) {
  EXPECT_NE(errors_of("").find("z:1:1: the zones file is nothing; expected a mapping"), std::string::npos);
  EXPECT_EQ(errors_of("zones: []"), "z:1:8: zones is a list; expected a list of at least one zone\n");
  EXPECT_EQ(errors_of("{}"), "z:1:1: the zones file has no list of zones (see docs/local-zones.md)\n");
  EXPECT_NE(
      errors_of("zones: [{name: x, trace: {tick: 1ms, speed: 2, runs: [[1, 1]]}}]").find("shorter than a"),
      std::string::npos);
}

TEST(ZonesFile, OfTheUserGuideIsRight) {
  const std::string guide =
      io::read_file(std::filesystem::path(TRADEWIND_SOURCE_DIR) / "docs" / "local-zones.md").value();
  const std::size_t start = guide.find("```yaml\n") + 8;
  const std::string yaml = guide.substr(start, guide.find("```", start) - start);
  EXPECT_EQ(errors_of(yaml), "");
  const ZonesOutcome outcome = parse_zones(yaml, "/f");
  ASSERT_EQ(outcome.zones.size(), 2U);
  EXPECT_EQ(next_loss(*outcome.zones[0].trace, seconds(0)), seconds(30));
  EXPECT_EQ(next_loss(*outcome.zones[0].trace, seconds(50)), std::nullopt);
}

TEST(ZonesFile, ThatIsMissingIsNotFound) {
  EXPECT_EQ(read_zones_file("/no/such/zones.yaml").error().code, Code::not_found);
}

}  // namespace
}  // namespace tradewind::local
