#include "edge/provider/testing/conformance.h"

#include <algorithm>
#include <chrono>
#include <gtest/gtest.h>
#include <set>
#include <thread>

namespace tradewind::provider {
namespace {

using std::chrono::hours;

const OwnerId ours("0123456789abcdef0123456789abcdef");
const OwnerId theirs("fedcba9876543210fedcba9876543210");

LaunchRequest request(ConformanceSubject& subject, const std::string& token, const OwnerId& owner = ours) {
  LaunchRequest made;
  made.token = token;
  made.owner = owner;
  made.offer = subject.offer();
  made.job = JobId("j-conformance");
  made.hard_limit = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()) + hours(24);
  return made;
}

bool eventually(ConformanceSubject& subject, const std::function<bool()>& condition) {
  for (int i = 0; i < subject.patience(); ++i) {
    if (condition()) return true;
    subject.wait(Duration(50));
  }
  return false;
}

std::optional<Instance> find(Provider& provider, const InstanceRef& ref, const OwnerId& owner = ours) {
  for (const Instance& instance : list_all(provider, owner)) {
    if (instance.ref == ref) return instance;
  }
  return std::nullopt;
}

bool has_state(ConformanceSubject& subject, const InstanceRef& ref, InstanceState state) {
  const std::optional<Instance> seen = find(subject.provider(), ref);
  return seen && seen->state == state;
}

InstanceRef launch(ConformanceSubject& subject, const std::string& token, const OwnerId& owner = ours) {
  const Result<Launched> launched = subject.provider().launch(request(subject, token, owner));
  EXPECT_TRUE(launched.ok()) << describe(launched.ok() ? Error{} : launched.error());
  return launched ? launched->ref : InstanceRef{};
}

void end(ConformanceSubject& subject, const InstanceRef& ref) {
  EXPECT_TRUE(eventually(subject, [&] {
    const Result<TerminateState> state = subject.provider().terminate(ref);
    return state.ok() && *state == TerminateState::done;
  }));
}

// --- the checks ---

void offers_name_their_supplier(ConformanceSubject& subject) {
  const Capabilities& facts = subject.provider().capabilities();
  const Result<std::vector<Offer>> offers = subject.provider().offers({});
  ASSERT_TRUE(offers.ok());
  ASSERT_FALSE(offers->empty());
  std::set<std::string> keys;
  for (const Offer& offer : *offers) {
    EXPECT_EQ(offer.location.provider, facts.provider);
    EXPECT_NE(std::find(facts.regions.begin(), facts.regions.end(), offer.location.region),
              facts.regions.end());
    EXPECT_GE(offer.price_per_hour, Money(0, offer.price_per_hour.currency()));
    EXPECT_TRUE(keys.insert(offer_key(offer)).second) << offer_key(offer) << " is there twice";
  }
  EXPECT_TRUE(keys.contains(offer_key(subject.offer())));
}

void offers_can_be_asked_by_region(ConformanceSubject& subject) {
  const std::string region = subject.offer().location.region;
  const Result<std::vector<Offer>> some = subject.provider().offers({region});
  ASSERT_TRUE(some.ok());
  EXPECT_FALSE(some->empty());
  for (const Offer& offer : *some) EXPECT_EQ(offer.location.region, region);
  const Result<std::vector<Offer>> none = subject.provider().offers({"no-such-region"});
  ASSERT_TRUE(none.ok());
  EXPECT_TRUE(none->empty());
}

void launched_instance_is_listed_and_runs(ConformanceSubject& subject) {
  const Result<Launched> launched = subject.provider().launch(request(subject, "l-one"));
  ASSERT_TRUE(launched.ok()) << describe(launched.error());
  EXPECT_EQ(launched->ref.location, subject.offer().location);
  ASSERT_TRUE(eventually(subject, [&] { return has_state(subject, launched->ref, InstanceState::running); }));
  const Instance seen = *find(subject.provider(), launched->ref);
  EXPECT_EQ(seen.owner, ours);
  EXPECT_EQ(seen.token, "l-one");
  EXPECT_EQ(seen.launched_at, launched->launched_at);
  EXPECT_FALSE(seen.terminated_at.has_value());
  EXPECT_FALSE(seen.preempted);
}

void repeated_token_gives_the_same_instance(ConformanceSubject& subject) {
  const InstanceRef first = launch(subject, "l-one");
  EXPECT_EQ(launch(subject, "l-one"), first);
  const Result<Launched> reopened = subject.reopened().launch(request(subject, "l-one"));
  ASSERT_TRUE(reopened.ok());
  EXPECT_EQ(reopened->ref, first) << "also after a crash of the caller";
  ASSERT_TRUE(eventually(subject, [&] { return find(subject.provider(), first).has_value(); }));
  EXPECT_EQ(list_all(subject.provider(), ours).size(), 1U);
}

void racing_launches_of_one_token_make_one_instance(ConformanceSubject& subject) {
  std::vector<std::optional<InstanceRef>> refs(8);
  std::vector<std::string> errors(refs.size());
  std::vector<std::thread> threads;
  const LaunchRequest asked = request(subject, "l-race");
  for (std::size_t i = 0; i < refs.size(); ++i) {
    Provider& provider = i % 2 == 0 ? subject.provider() : subject.reopened();
    threads.emplace_back([&refs, &errors, &provider, &asked, i] {
      const Result<Launched> launched = provider.launch(asked);
      if (launched) {
        refs[i] = launched->ref;
      } else {
        errors[i] = describe(launched.error());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::size_t i = 0; i < refs.size(); ++i) {
    ASSERT_TRUE(refs[i].has_value()) << errors[i];
    EXPECT_EQ(*refs[i], *refs[0]);
  }
  ASSERT_TRUE(eventually(subject, [&] { return find(subject.provider(), *refs[0]).has_value(); }));
  EXPECT_EQ(list_all(subject.provider(), ours).size(), 1U);
}

void changed_request_under_a_used_token_makes_nothing(ConformanceSubject& subject) {
  const InstanceRef first = launch(subject, "l-one");
  LaunchRequest changed = request(subject, "l-one");
  const Result<std::vector<Offer>> offers = subject.provider().offers({});
  ASSERT_TRUE(offers.ok());
  for (const Offer& other : *offers) {
    if (offer_key(other) != offer_key(changed.offer)) changed.offer = other;
  }
  const Result<Launched> second = subject.provider().launch(changed);
  if (second) {
    EXPECT_EQ(second->ref, first);
  } else {
    EXPECT_EQ(second.error().code, Code::invalid_argument);
  }
  ASSERT_TRUE(eventually(subject, [&] { return find(subject.provider(), first).has_value(); }));
  EXPECT_EQ(list_all(subject.provider(), ours).size(), 1U);
}

void lists_show_their_owner_alone(ConformanceSubject& subject) {
  const InstanceRef mine = launch(subject, "l-mine", ours);
  const InstanceRef other = launch(subject, "l-other", theirs);
  ASSERT_TRUE(eventually(subject, [&] {
    return find(subject.provider(), mine).has_value() && find(subject.provider(), other, theirs).has_value();
  }));
  EXPECT_EQ(list_all(subject.provider(), ours).size(), 1U);
  EXPECT_EQ(list_all(subject.provider(), theirs).size(), 1U);
  EXPECT_TRUE(list_all(subject.provider(), OwnerId("nobody")).empty());
}

void terminate_ends_and_may_be_repeated(ConformanceSubject& subject) {
  const InstanceRef ref = launch(subject, "l-one");
  end(subject, ref);
  end(subject, ref);
  ASSERT_TRUE(eventually(subject, [&] { return has_state(subject, ref, InstanceState::terminated); }))
      << "an ended instance stays in lists";
  const Instance seen = *find(subject.provider(), ref);
  ASSERT_TRUE(seen.terminated_at.has_value());
  EXPECT_GE(*seen.terminated_at, seen.launched_at);
  EXPECT_FALSE(seen.preempted);
  EXPECT_FALSE(seen.reason.empty());
}

void unknown_instance_counts_as_gone(ConformanceSubject& subject) {
  const Result<TerminateState> state =
      subject.provider().terminate({subject.offer().location, InstanceId("no-such-instance")});
  ASSERT_TRUE(state.ok());
  EXPECT_EQ(*state, TerminateState::done);
}

void token_of_an_ended_instance_launches_nothing(ConformanceSubject& subject) {
  const InstanceRef ref = launch(subject, "l-one");
  end(subject, ref);
  EXPECT_EQ(launch(subject, "l-one"), ref);
  ASSERT_TRUE(eventually(subject, [&] { return has_state(subject, ref, InstanceState::terminated); }));
  EXPECT_EQ(list_all(subject.provider(), ours).size(), 1U);
}

void unknown_offer_is_refused(ConformanceSubject& subject) {
  LaunchRequest unknown = request(subject, "l-one");
  unknown.offer.instance_type = "no-such-type";
  const Result<Launched> launched = subject.provider().launch(unknown);
  ASSERT_FALSE(launched.ok());
  EXPECT_EQ(launched.error().code, Code::invalid_argument);
  EXPECT_FALSE(launched.error().message.empty());
  EXPECT_TRUE(list_all(subject.provider(), ours).empty());
}

void full_supplier_says_so_until_there_is_room(ConformanceSubject& subject) {
  std::vector<InstanceRef> refs;
  refs.reserve(static_cast<std::size_t>(subject.capacity()));
  for (int i = 0; i < subject.capacity(); ++i) refs.push_back(launch(subject, "l-" + std::to_string(i)));
  const Result<Launched> refused = subject.provider().launch(request(subject, "l-more"));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::insufficient_capacity);
  end(subject, refs.back());
  EXPECT_TRUE(subject.provider().launch(request(subject, "l-more")).ok()) << "a refused token is unused";
}

void pages_show_each_instance_once(ConformanceSubject& subject) {
  std::set<InstanceRef> launched;
  for (int i = 0; i < 3; ++i) launched.insert(launch(subject, "l-" + std::to_string(i)));
  EXPECT_EQ(launched.size(), 3U);
  ASSERT_TRUE(eventually(subject, [&] { return list_all(subject.provider(), ours).size() == 3; }));
  std::set<InstanceRef> listed;
  for (const Instance& instance : list_all(subject.provider(), ours)) listed.insert(instance.ref);
  EXPECT_EQ(listed, launched);
  EXPECT_FALSE(subject.provider().instances(ours, "no such page").ok());
}

struct Check {
  const char* name;
  void (*run)(ConformanceSubject&);
};

constexpr Check checks[] = {
    {"OffersNameTheirSupplier", offers_name_their_supplier},
    {"OffersCanBeAskedByRegion", offers_can_be_asked_by_region},
    {"LaunchedInstanceIsListedAndRuns", launched_instance_is_listed_and_runs},
    {"RepeatedTokenGivesTheSameInstance", repeated_token_gives_the_same_instance},
    {"RacingLaunchesOfOneTokenMakeOneInstance", racing_launches_of_one_token_make_one_instance},
    {"ChangedRequestUnderAUsedTokenMakesNothing", changed_request_under_a_used_token_makes_nothing},
    {"ListsShowTheirOwnerAlone", lists_show_their_owner_alone},
    {"TerminateEndsAndMayBeRepeated", terminate_ends_and_may_be_repeated},
    {"UnknownInstanceCountsAsGone", unknown_instance_counts_as_gone},
    {"TokenOfAnEndedInstanceLaunchesNothing", token_of_an_ended_instance_launches_nothing},
    {"UnknownOfferIsRefused", unknown_offer_is_refused},
    {"FullSupplierSaysSoUntilThereIsRoom", full_supplier_says_so_until_there_is_room},
    {"PagesShowEachInstanceOnce", pages_show_each_instance_once},
};

class ConformanceTest final : public testing::Test {
 public:
  ConformanceTest(const Check& check, SubjectMaker maker) : check_(check), maker_(std::move(maker)) {}
  void TestBody() override {
    const std::unique_ptr<ConformanceSubject> subject = maker_();
    ASSERT_NE(subject, nullptr);
    check_.run(*subject);
  }

 private:
  const Check& check_;
  SubjectMaker maker_;
};

}  // namespace

bool register_conformance(const std::string& name, const SubjectMaker& maker) {
  for (const Check& check : checks) {
    testing::RegisterTest((name + "Conformance").c_str(), check.name, nullptr, nullptr, __FILE__, __LINE__,
                          [&check, maker]() -> testing::Test* { return new ConformanceTest(check, maker); });
  }
  return true;
}

std::vector<Instance> list_all(Provider& provider, const OwnerId& owner) {
  std::vector<Instance> all;
  PageToken page;
  constexpr int pages_max = 10'000;  // a supplier whose pages go in a ring is a failure, no hang
  for (int i = 0; i < pages_max; ++i) {
    const Result<InstancePage> answer = provider.instances(owner, page);
    EXPECT_TRUE(answer.ok()) << describe(answer.ok() ? Error{} : answer.error());
    if (!answer) return all;
    all.insert(all.end(), answer->instances.begin(), answer->instances.end());
    if (answer->next_page.empty()) return all;
    page = answer->next_page;
  }
  ADD_FAILURE() << "the list has no last page";
  return all;
}

}  // namespace tradewind::provider
