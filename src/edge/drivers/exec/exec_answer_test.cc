#include "edge/drivers/exec/exec_answer.h"

#include <gtest/gtest.h>

namespace tradewind::exec {
namespace {

const OwnerId me("0123456789abcdef0123456789abcdef");

json::value parsed(const std::string& text) {
  return parse_json(text).value();
}

// What is wrong with it, or nothing.
template <class T>
std::string problem_of(const Result<T>& result) {
  return result.ok() ? "" : result.error().message;
}

// `text` with the first `from` replaced.
std::string with(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

const std::string capabilities =
    R"({"protocol":1,"regions":["eu","us"],"spot":true,"parallel":4,"notice_lead_s":30,"list_delay_s":2,"far":false})";

Told told() {
  return read_capabilities(parsed(capabilities), "volt").value();
}

TEST(ExecAnswer, RequestsAreOneLineEach) {
  provider::LaunchRequest request;
  request.token = "l-1";
  request.owner = me;
  request.offer.location = {"volt", "eu"};
  request.offer.instance_type = "small";
  request.job = JobId("j-1");
  request.agent_arguments = {"--store=file:///a\nb"};
  request.secrets = {{"KEY", "two\nlines"}};
  const std::string line = request_line(7, "launch", launch_params(request, "/usr/bin/tradewind-agent"));
  EXPECT_EQ(std::ranges::count(line, '\n'), 1);
  EXPECT_EQ(line.back(), '\n');
  const json::value back = parsed(line.substr(0, line.size() - 1));
  EXPECT_EQ(back.at("id"), 7);
  EXPECT_EQ(back.at("method"), "launch");
  const json::value& params = back.at("params");
  EXPECT_EQ(params.at("token"), "l-1");
  EXPECT_EQ(params.at("offer").at("instance_type"), "small");
  EXPECT_EQ(params.at("agent").at("program"), "/usr/bin/tradewind-agent");
  EXPECT_EQ(params.at("agent").at("arguments").at(0), "--store=file:///a\nb");
  EXPECT_EQ(params.at("secrets").at("KEY"), "two\nlines");
  EXPECT_EQ(params.at("nodes"), 1);
  EXPECT_EQ(to_text(json::value(terminate_params({{"volt", "eu", "a"}, InstanceId("i")}))),
            R"({"instance":{"id":"i","region":"eu","zone":"a"}})");
  EXPECT_EQ(to_text(json::value(instances_params(OwnerId("o"), ""))), R"({"owner":"o","page":null})");
  EXPECT_EQ(to_text(json::value(offers_params({"eu"}))), R"({"region":"eu"})");
  EXPECT_EQ(to_text(json::value(capabilities_params("volt"))), R"({"protocol":1,"supplier":"volt"})");
}

TEST(ExecAnswer, AnEnvelopeHoldsAResultOrAnError) {
  const Result<Answer> result = read_answer(R"({"id":3,"result":{}})");
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->id, 3);
  EXPECT_TRUE(result->result->is_object());
  const Result<Answer> error =
      read_answer(R"({"id":4,"error":{"code":"insufficient_capacity","message":"no room","hint":"try us"}})");
  ASSERT_TRUE(error.ok());
  EXPECT_EQ(*error->error, (Error{Code::insufficient_capacity, "no room", "try us"}));
  EXPECT_EQ(read_answer(R"({"id":4,"error":{"code":"internal","message":"m"}})")->error->hint, "");
}

TEST(ExecAnswer, BrokenEnvelopesAreRefused) {
  for (const auto& [line, problem] : std::map<std::string, std::string>{
           {"hello", "JSON"},
           {"[]", "answer"},
           {R"({"result":{}})", "answer.id is missing"},
           {R"({"id":"1","result":{}})", "answer.id is not a whole number"},
           {R"({"id":1.5,"result":{}})", "answer.id is not a whole number"},
           {R"({"id":1})", "answer.result is missing"},
           {R"({"id":1,"result":null})", "answer.result is missing"},
           {R"({"id":1,"result":{},"error":{"code":"internal","message":"m"}})", "beside a result"},
           {R"({"id":1,"error":{"message":"m"}})", "answer.error.code is missing"},
           {R"({"id":1,"error":{"code":"oops","message":"m"}})", "answer.error.code is 'oops'"},
           {R"({"id":1,"error":{"code":"fenced","message":"m"}})", "answer.error.code is 'fenced'"},
           {R"({"id":1,"error":{"code":"internal","message":""}})", "answer.error.message is empty"},
           {R"({"id":1,"error":"no"})", "answer.error"},
           {R"({"id":1,"result":{}} {"id":2,"result":{}})", "JSON"}}) {
    const std::string found = problem_of(read_answer(line));
    EXPECT_NE(found.find(problem), std::string::npos) << line << " → " << found;
  }
}

TEST(ExecAnswer, LongWordsOfErrorsAreCutBetweenCharacters) {
  std::string words;
  for (int i = 0; i < 2000; ++i) words += "ü";
  const Result<Answer> answer =
      read_answer(R"({"id":1,"error":{"code":"internal","message":")" + words + R"("}})");
  ASSERT_TRUE(answer.ok());
  EXPECT_LT(answer->error->message.size(), 1010U);
  EXPECT_TRUE(answer->error->message.ends_with("ü…"));
}

TEST(ExecAnswer, CapabilitiesBecomeFactsWithCarefulDefaults) {
  const Told full = told();
  EXPECT_EQ(full.facts.provider, "volt");
  EXPECT_EQ(full.facts.regions, (std::vector<std::string>{"eu", "us"}));
  EXPECT_TRUE(full.facts.spot);
  EXPECT_EQ(full.facts.notice_lead, std::chrono::seconds(30));
  EXPECT_EQ(full.facts.list_delay, std::chrono::seconds(2));
  EXPECT_FALSE(full.facts.far);
  EXPECT_FALSE(full.facts.network_stores_only);
  EXPECT_TRUE(full.facts.offers_change);
  EXPECT_EQ(full.parallel, 4);
  const Told least = read_capabilities(parsed(R"({"protocol":1,"regions":["r"]})"), "volt").value();
  EXPECT_FALSE(least.facts.spot);
  EXPECT_TRUE(least.facts.far);
  EXPECT_TRUE(least.facts.network_stores_only);
  EXPECT_EQ(least.parallel, 1);
}

TEST(ExecAnswer, BadCapabilitiesAreRefused) {
  for (const auto& [from, to, problem] : std::vector<std::array<std::string, 3>>{
           {R"("protocol":1)", R"("protocol":2)", "result.protocol is 2, and this program speaks 1"},
           {R"("protocol":1,)", "", "result.protocol is missing"},
           {R"(["eu","us"])", "[]", "result.regions has 0 regions"},
           {R"(["eu","us"])", R"(["eu","eu"])", "result.regions has one"},
           {R"(["eu","us"])", R"(["eu/a"])", "result.regions has one"},
           {R"(["eu","us"])", "[3]", "result.regions has one"},
           {R"("spot":true)", R"("spot":"yes")", "result.spot is not true or false"},
           {R"("parallel":4)", R"("parallel":0)", "result.parallel is not from 1 to 64"},
           {R"("parallel":4)", R"("parallel":65)", "result.parallel is not from 1 to 64"},
           {R"("list_delay_s":2)", R"("list_delay_s":-1)", "result.list_delay_s is not"},
           {R"("notice_lead_s":30)", R"("notice_lead_s":1e7)", "result.notice_lead_s is not"},
           {R"("spot":true)", R"("provider":"aws")",
            "result.provider is 'aws', and this supplier is volt"}}) {
    const std::string found = problem_of(read_capabilities(parsed(with(capabilities, from, to)), "volt"));
    EXPECT_NE(found.find(problem), std::string::npos) << to << " → " << found;
  }
  EXPECT_NE(problem_of(read_capabilities(parsed("[]"), "volt")), "");
}

const std::string offers =
    R"({"offers":[{"region":"eu","zone":"eu-a","instance_type":"h100x8","accelerator":{"model":"H100","count":8,)"
    R"("memory_gib":80},"vcpus":96,"memory_gib":768,"purchase":"spot","price_per_hour":{"amount":"12.40",)"
    R"("currency":"USD"},"cold_start_s":90,"nodes_max":2},{"region":"us","instance_type":"cpu",)"
    R"("purchase":"on_demand","price_per_hour":{"amount":"0","currency":"USD"}}]})";

TEST(ExecAnswer, OffersAreReadAsThoseOfTheSupplier) {
  const auto read = read_offers(parsed(offers), told(), {}, "2026-11-27");
  ASSERT_TRUE(read.ok()) << read.error().message;
  ASSERT_EQ(read->size(), 2U);
  EXPECT_EQ(offer_key(read->at(0)), "volt/eu/eu-a:h100x8:spot");
  EXPECT_EQ(read->at(0).accelerator->count, 8);
  EXPECT_EQ(read->at(0).price_per_hour.text(), "$12.40");
  EXPECT_EQ(read->at(0).nodes_max, 2);
  EXPECT_EQ(read->at(0).observed_on, "2026-11-27");
  EXPECT_EQ(offer_key(read->at(1)), "volt/us:cpu:on_demand");
  EXPECT_EQ(read->at(1).nodes_max, 1) << "several nodes at once are promised, not assumed";
}

TEST(ExecAnswer, BadOffersAreRefusedWithTheirField) {
  for (const auto& [from, to, problem] : std::vector<std::array<std::string, 3>>{
           {R"("region":"us")", R"("provider":"aws","region":"us")",
            "result.offers[1].provider is 'aws', and this supplier is volt"},
           {R"("region":"us")", R"("region":"mars")",
            "result.offers[1].region is 'mars', which capabilities"},
           {R"("region":"us",)", "", "result.offers[1].region is missing"},
           {R"("zone":"eu-a")", R"("zone":"a/b")", "result.offers[0].zone is not a zone"},
           {R"("amount":"0")", R"("amount":"-0.01")", "result.offers[1].price_per_hour is below zero"},
           {R"("amount":"0")", R"("amount":0)", "result.offers[1].price_per_hour.amount is not a string"},
           {R"("currency":"USD"}}])", R"("currency":"dollars"}}])", "is not an amount of money"},
           {R"("instance_type":"cpu")", R"("instance_type":"a:b")",
            "result.offers[1].instance_type is not a name"},
           {R"("instance_type":"cpu")", R"("instance_type":"")",
            "result.offers[1].instance_type is not a name"},
           {R"("purchase":"on_demand")", R"("purchase":"lease")",
            "result.offers[1].purchase is not on_demand"},
           {R"("vcpus":96)", R"("vcpus":-1)", "result.offers[0].vcpus is below zero"},
           {R"("memory_gib":768)", R"("memory_gib":-1)", "result.offers[0].memory_gib is below zero"},
           {R"("count":8)", R"("count":0)", "result.offers[0].accelerator has no count above zero"},
           {R"("model":"H100")", R"("model":"")", "result.offers[0].accelerator has no model"},
           {R"("cold_start_s":90)", R"("cold_start_s":-1)", "result.offers[0].cold_start_s is not"},
           {R"("nodes_max":2)", R"("nodes_max":0)", "result.offers[0].nodes_max is below one"},
           {R"("nodes_max":2)", R"("observed_on":"today")", "result.offers[0].observed_on is not a day"},
           {R"({"offers":[)", R"({"offers":[7,)", "result.offers[0]"},
           {R"("offers")", R"("offer")", "result.offers is missing"}}) {
    const std::string found =
        problem_of(read_offers(parsed(with(offers, from, to)), told(), {}, "2026-11-27"));
    EXPECT_NE(found.find(problem), std::string::npos) << to << " → " << found;
  }
}

TEST(ExecAnswer, OffersThatNobodyAskedForOrThatAreThereTwiceAreRefused) {
  EXPECT_NE(
      problem_of(read_offers(parsed(offers), told(), {"eu"}, "d")).find("result.offers[1].region is 'us'"),
      std::string::npos);
  const std::string one =
      R"({"region":"us","instance_type":"cpu","purchase":"on_demand","price_per_hour":{"amount":"1","currency":"USD"}})";
  EXPECT_NE(problem_of(read_offers(parsed(R"({"offers":[)" + one + "," + one + "]}"), told(), {}, "d"))
                .find("result.offers[1] is there twice: volt/us:cpu:on_demand"),
            std::string::npos);
  Told without = told();
  without.facts.spot = false;
  EXPECT_NE(
      problem_of(read_offers(parsed(offers), without, {}, "d")).find("result.offers[0].purchase is spot"),
      std::string::npos);
}

provider::LaunchRequest asked() {
  provider::LaunchRequest request;
  request.token = "l-1";
  request.owner = me;
  request.offer.location = {"volt", "eu", "a"};
  return request;
}

const std::string launched =
    R"({"id":"i-1","region":"eu","zone":"a","owner":"0123456789abcdef0123456789abcdef","token":"l-1",)"
    R"("state":"pending","launched_at":"2026-11-27T20:00:00.250Z"})";

TEST(ExecAnswer, ALaunchAnswersWithItsInstance) {
  const auto read = read_launched(parsed(launched), asked());
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read->ref, (InstanceRef{{"volt", "eu", "a"}, InstanceId("i-1")}));
  EXPECT_EQ(format_utc(read->launched_at), "2026-11-27T20:00:00.250Z");
}

TEST(ExecAnswer, ALaunchThatAnswersWithAnotherInstanceIsRefused) {
  for (const auto& [from, to, problem] : std::vector<std::array<std::string, 3>>{
           {R"("token":"l-1")", R"("token":"l-2")", "result.token is l-2, and l-1 was asked for"},
           {R"("owner":"0123)", R"("owner":"9123)", "result.owner is not the one that asked"},
           {R"("region":"eu")", R"("region":"us")", "result.region is 'us', and the offer lies in 'eu'"},
           {R"("zone":"a")", R"("zone":"b")", "result.zone is 'b', and the offer lies in 'a'"},
           {R"("id":"i-1")", R"("id":"")", "result.id is not a name"},
           {R"("id":"i-1")", R"("id":"a b")", "result.id is not a name"},
           {R"("id":"i-1",)", "", "result.id is missing"},
           {R"("state":"pending")", R"("state":"booting")", "result.state is 'booting', not pending"},
           {R"("state":"pending",)", "", "result.state is missing"},
           {R"(20:00:00.250Z)", R"(25:00)", "result.launched_at is not a time"},
           {R"("launched_at")", R"("launched")", "result.launched_at is missing"}}) {
    const std::string found = problem_of(read_launched(parsed(with(launched, from, to)), asked()));
    EXPECT_NE(found.find(problem), std::string::npos) << to << " → " << found;
  }
  EXPECT_NE(problem_of(read_launched(parsed("3"), asked())), "");
}

std::string listed(const std::string& instance, const std::string& next = "") {
  return R"({"instances":[)" + instance + R"(],"next_page":")" + next + R"("})";
}

TEST(ExecAnswer, InstancesAreReadWithTheirEnds) {
  const std::string over =
      with(launched, R"("state":"pending")",
           R"("state":"terminated","terminated_at":"2026-11-27T21:00:00Z","preempted":true,)"
           R"("started_at":"2026-11-27T20:00:01Z","reason":"taken back")");
  const auto page = read_instances(parsed(listed(over, "i-1")), "volt", me, "");
  ASSERT_TRUE(page.ok()) << page.error().message;
  ASSERT_EQ(page->instances.size(), 1U);
  const Instance& instance = page->instances.front();
  EXPECT_EQ(instance.state, InstanceState::terminated);
  EXPECT_TRUE(instance.preempted);
  EXPECT_EQ(instance.reason, "taken back");
  EXPECT_EQ(format_utc(*instance.terminated_at), "2026-11-27T21:00:00.000Z");
  EXPECT_TRUE(instance.started_at.has_value());
  EXPECT_EQ(page->next_page, "i-1");
  EXPECT_TRUE(read_instances(parsed(R"({"instances":[]})"), "volt", me, "")->next_page.empty());
}

TEST(ExecAnswer, ListsThatCannotBeTrueAreRefused) {
  const auto problem = [](const std::string& text, const std::string& page = "") {
    return problem_of(read_instances(parsed(text), "volt", me, page));
  };
  EXPECT_NE(problem(listed(with(launched, R"("owner":"0123)", R"("owner":"9123)")))
                .find("result.instances[0].owner is not the one whose instances were asked for"),
            std::string::npos);
  EXPECT_NE(problem(listed(launched + "," + launched)).find("result.instances[1] is there twice: i-1"),
            std::string::npos);
  EXPECT_NE(
      problem(listed(with(launched, R"("token":"l-1",)", ""))).find("result.instances[0].token is missing"),
      std::string::npos);
  EXPECT_NE(problem(listed(with(launched, "pending", "terminated"))).find("terminated_at is missing"),
            std::string::npos);
  EXPECT_NE(problem(listed(with(launched, R"("state")", R"("terminated_at":"2026-11-27T21:00:00Z","state")")))
                .find("terminated_at is there, and the state is pending"),
            std::string::npos);
  EXPECT_NE(problem(listed(with(launched, R"("state":"pending")",
                                R"("state":"terminated","terminated_at":"2026-11-27T19:00:00Z")")))
                .find("terminated_at is before launched_at"),
            std::string::npos);
  EXPECT_NE(problem(listed("", "p"), "p").find("result.next_page is the page that was asked for"),
            std::string::npos);
  EXPECT_NE(problem(listed("", std::string(5000, 'p'))).find("result.next_page is longer"),
            std::string::npos);
  EXPECT_NE(problem(R"({"next_page":""})").find("result.instances is missing"), std::string::npos);
}

TEST(ExecAnswer, TerminateAnswersOneOfTwoWords) {
  EXPECT_EQ(read_terminated(parsed(R"({"state":"done"})")).value(), provider::TerminateState::done);
  EXPECT_EQ(read_terminated(parsed(R"({"state":"in_progress"})")).value(),
            provider::TerminateState::in_progress);
  EXPECT_NE(problem_of(read_terminated(parsed(R"({"state":"gone"})"))).find("result.state is 'gone'"),
            std::string::npos);
  EXPECT_NE(problem_of(read_terminated(parsed(R"({})"))).find("result.state is missing"), std::string::npos);
}

}  // namespace
}  // namespace tradewind::exec
