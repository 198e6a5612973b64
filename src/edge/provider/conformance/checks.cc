// The checks themselves: each is what callers of the seam rely on.
#include <algorithm>
#include <set>
#include <thread>

#include "edge/provider/conformance/bench.h"

namespace tradewind::provider {
namespace {

void offers_name_their_supplier(Bench& bench) {
  const Capabilities& facts = bench.provider().capabilities();
  const Result<std::vector<Offer>> offers = bench.provider().offers({});
  if (!bench.expect_ok(offers, "offers")) return;
  if (!bench.expect(!offers->empty(), "nothing is on offer")) return;
  std::set<std::string> keys;
  for (const Offer& offer : *offers) {
    const std::string key = offer_key(offer);
    bench.expect(offer.location.provider == facts.provider, key + " is not an offer of " + facts.provider);
    bench.expect(std::ranges::find(facts.regions, offer.location.region) != facts.regions.end(),
                 key + " lies in a region that capabilities do not name");
    bench.expect(offer.price_per_hour >= Money(0, offer.price_per_hour.currency()),
                 key + " has a price below zero");
    bench.expect(keys.insert(key).second, key + " is there twice");
  }
  const std::string own = offer_key(bench.subject().offer());
  bench.expect(keys.contains(own), own + " is not among the offers");
}

void offers_can_be_asked_by_region(Bench& bench) {
  const std::string region = bench.subject().offer().location.region;
  const Result<std::vector<Offer>> some = bench.provider().offers({region});
  if (bench.expect_ok(some, "offers of " + region)) {
    bench.expect(!some->empty(), "nothing is on offer in " + region + ", where there is something");
    for (const Offer& offer : *some)
      bench.expect(offer.location.region == region, offer_key(offer) + " is not in " + region);
  }
  const Result<std::vector<Offer>> none = bench.provider().offers({"no-such-region"});
  if (bench.expect_ok(none, "offers of a region that there is not"))
    bench.expect(none->empty(), "something is on offer in a region that there is not");
}

void launched_instance_is_listed_and_runs(Bench& bench) {
  const LaunchRequest asked = bench.request("one");
  const Result<Launched> launched = bench.provider().launch(asked);
  if (!bench.expect_ok(launched, "the launch of " + offer_key(asked.offer))) return;
  bench.expect(
      launched->ref.location == asked.offer.location,
      "it was launched in " + to_text(launched->ref.location) + ", not in " + to_text(asked.offer.location));
  if (!bench.reaches(launched->ref, InstanceState::running)) return;
  const std::optional<Instance> seen = bench.find(launched->ref, bench.ours());
  if (!bench.expect(seen.has_value(), "it was listed, and then no more")) return;
  bench.expect(seen->owner == bench.ours(), "it is listed with the owner " + seen->owner.text());
  bench.expect(seen->token == asked.token, "it is listed with the token " + seen->token);
  bench.expect(seen->launched_at == launched->launched_at,
               "its list says that it was launched at " + format_utc(seen->launched_at) + ", its launch " +
                   format_utc(launched->launched_at));
  bench.expect(!seen->terminated_at.has_value(), "it runs and has an end");
  bench.expect(!seen->preempted, "it runs and is preempted");
}

void repeated_token_gives_the_same_instance(Bench& bench) {
  const std::optional<InstanceRef> first = bench.launch("one");
  if (!first) return;
  const std::optional<InstanceRef> second = bench.launch("one");
  if (second) bench.expect(*second == *first, "the second launch made another instance");
  const Result<Launched> reopened = bench.subject().reopened().launch(bench.request("one"));
  if (!bench.expect_ok(reopened, "the launch after a restart")) return;
  bench.expect(reopened->ref == *first, "the launch after a restart made another instance");
  if (bench.is_listed(*first)) bench.expect_listed(1, "one token makes one instance");
}

void racing_launches_of_one_token_make_one_instance(Bench& bench) {
  std::vector<std::optional<InstanceRef>> refs(8);
  std::vector<std::string> errors(refs.size());
  std::vector<std::thread> threads;
  const LaunchRequest asked = bench.request("race");
  for (std::size_t i = 0; i < refs.size(); ++i) {
    Provider& provider = i % 2 == 0 ? bench.provider() : bench.subject().reopened();
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
    if (!bench.expect(refs[i].has_value(), "one of eight launches at once failed: " + errors[i])) return;
    bench.expect(*refs[i] == *refs[0], "launches at once under one token made several instances");
  }
  if (bench.is_listed(*refs[0])) bench.expect_listed(1, "one token makes one instance");
}

void changed_request_under_a_used_token_makes_nothing(Bench& bench) {
  const std::optional<InstanceRef> first = bench.launch("one");
  if (!first) return;
  LaunchRequest changed = bench.request("one");
  const Result<std::vector<Offer>> offers = bench.provider().offers({});
  if (!bench.expect_ok(offers, "offers")) return;
  for (const Offer& other : *offers) {
    if (offer_key(other) != offer_key(changed.offer)) changed.offer = other;
  }
  const Result<Launched> second = bench.provider().launch(changed);
  if (second) {
    bench.expect(second->ref == *first, "another offer under a used token made another instance");
  } else {
    bench.expect(second.error().code == Code::invalid_argument,
                 "another offer under a used token answered " + std::string(to_text(second.error().code)) +
                     ", not invalid_argument");
  }
  if (bench.is_listed(*first)) bench.expect_listed(1, "one token makes one instance");
}

void lists_show_their_owner_alone(Bench& bench) {
  const std::optional<InstanceRef> mine = bench.launch("mine", bench.ours());
  const std::optional<InstanceRef> other = bench.launch("other", bench.theirs());
  if (!mine || !other) return;
  const bool both = bench.eventually([&] {
    return bench.find(*mine, bench.ours()).has_value() && bench.find(*other, bench.theirs()).has_value();
  });
  if (!bench.expect(both, "two owners have an instance each, and not both are listed")) return;
  bench.expect(bench.list(bench.ours()).size() == 1, "one owner's list shows more than his own");
  bench.expect(bench.list(bench.theirs()).size() == 1, "the other owner's list shows more than his own");
  bench.expect(bench.list(OwnerId("nobody")).empty(), "whoever owns nothing is shown something");
}

void terminate_ends_and_may_be_repeated(Bench& bench) {
  const std::optional<InstanceRef> ref = bench.launch("one");
  if (!ref) return;
  bench.end(*ref);
  bench.end(*ref);
  if (!bench.reaches(*ref, InstanceState::terminated)) return;  // an ended instance stays in lists
  const std::optional<Instance> seen = bench.find(*ref, bench.ours());
  if (!bench.expect(seen.has_value(), "it was listed as terminated, and then no more")) return;
  if (bench.expect(seen->terminated_at.has_value(), "it is terminated and has no end"))
    bench.expect(*seen->terminated_at >= seen->launched_at, "it ended before it was launched");
  bench.expect(!seen->preempted, "it was terminated on request and is called preempted");
  bench.expect(!seen->reason.empty(), "it is terminated without a reason");
}

void unknown_instance_counts_as_gone(Bench& bench) {
  const Result<TerminateState> state =
      bench.provider().terminate({bench.subject().offer().location, InstanceId("no-such-instance")});
  if (bench.expect_ok(state, "terminate of an instance that there is not"))
    bench.expect(*state == TerminateState::done, "an instance that there is not is said to be ending");
}

void token_of_an_ended_instance_launches_nothing(Bench& bench) {
  const std::optional<InstanceRef> ref = bench.launch("one");
  if (!ref || !bench.end(*ref)) return;
  const std::optional<InstanceRef> again = bench.launch("one");
  if (again) bench.expect(*again == *ref, "the token of an instance that has ended made another one");
  if (bench.reaches(*ref, InstanceState::terminated)) bench.expect_listed(1, "one token makes one instance");
}

void unknown_offer_is_refused(Bench& bench) {
  LaunchRequest unknown = bench.request("one");
  unknown.offer.instance_type = "no-such-type";
  const Result<Launched> launched = bench.provider().launch(unknown);
  if (!bench.expect(!launched.ok(), "something was launched that is not on offer")) return;
  bench.expect(launched.error().code == Code::invalid_argument,
               "what is not on offer is refused with " + std::string(to_text(launched.error().code)) +
                   ", not with invalid_argument: " + describe(launched.error()));
  bench.expect(!launched.error().message.empty(), "what is not on offer is refused without a word");
  bench.expect(bench.list(bench.ours()).empty(), "a launch was refused, and an instance is listed");
}

void full_supplier_says_so_until_there_is_room(Bench& bench) {
  std::vector<InstanceRef> refs;
  const int capacity = bench.subject().capacity();
  for (int i = 0; i < capacity; ++i) {
    const std::optional<InstanceRef> ref = bench.launch(std::to_string(i));
    if (!ref) return;
    refs.push_back(*ref);
  }
  const Result<Launched> refused = bench.provider().launch(bench.request("more"));
  if (!bench.expect(!refused.ok(), "more than " + std::to_string(capacity) + " were launched")) return;
  bench.expect(refused.error().code == Code::insufficient_capacity,
               "a launch without room is refused with " + std::string(to_text(refused.error().code)) +
                   ", not with insufficient_capacity");
  if (refs.empty() || !bench.end(refs.back())) return;
  bench.expect_ok(bench.provider().launch(bench.request("more")),
                  "the launch under a token that was refused for want of room, once there was room,");
}

void pages_show_each_instance_once(Bench& bench) {
  std::set<InstanceRef> launched;
  for (int i = 0; i < 3; ++i) {
    const std::optional<InstanceRef> ref = bench.launch(std::to_string(i));
    if (ref) launched.insert(*ref);
  }
  if (!bench.expect(launched.size() == 3, "three launches did not make three instances")) return;
  const bool all = bench.eventually([&] { return bench.list(bench.ours()).size() == 3; });
  if (!bench.expect(all, "three instances were launched, and never were three listed")) return;
  std::set<InstanceRef> listed;
  for (const Instance& instance : bench.list(bench.ours())) listed.insert(instance.ref);
  bench.expect(listed == launched, "the list shows other instances than were launched");
  bench.expect(!bench.provider().instances(bench.ours(), "no such page").ok(),
               "a page that there is not was answered");
}

constexpr ConformanceCheck checks[] = {
    {"OffersNameTheirSupplier", "offers lie in regions of the supplier, each once, at a price from zero",
     "name each region in capabilities, and make location, instance_type and purchase of each offer unique",
     0, 0, false, offers_name_their_supplier},
    {"OffersCanBeAskedByRegion",
     "a region's offers are those of that region; of an unknown one there are none",
     "leave out what is not in the region that was asked for, and answer an empty list for one you have not",
     0, 0, false, offers_can_be_asked_by_region},
    {"LaunchedInstanceIsListedAndRuns", "what was launched is listed with its owner and token, and runs",
     "store owner, token and launched_at with the instance in the call that creates it, as tags do", 1, 1,
     false, launched_instance_is_listed_and_runs},
    {"RepeatedTokenGivesTheSameInstance", "a launch repeated under its token answers with the first instance",
     "look for the token before you launch, where a restart of your program finds it", 1, 1, false,
     repeated_token_gives_the_same_instance},
    {"RacingLaunchesOfOneTokenMakeOneInstance", "launches at once under one token make one instance",
     "hold a lock over looking and creating, which other copies of your program respect, or let the supplier "
     "do it",
     1, 1, false, racing_launches_of_one_token_make_one_instance},
    {"ChangedRequestUnderAUsedTokenMakesNothing", "another offer under a used token makes nothing",
     "answer with the first instance, or refuse with invalid_argument", 1, 1, false,
     changed_request_under_a_used_token_makes_nothing},
    {"ListsShowTheirOwnerAlone", "each owner's list shows his instances alone",
     "filter by the owner that was stored with the instance; never list what carries none", 2, 2, false,
     lists_show_their_owner_alone},
    {"TerminateEndsAndMayBeRepeated",
     "terminate ends an instance, may be repeated, and what ended is listed with its end and a reason",
     "answer done for what has ended, and keep ended instances in lists for some minutes at least", 1, 1,
     false, terminate_ends_and_may_be_repeated},
    {"UnknownInstanceCountsAsGone", "terminate of an instance that there is not is done",
     "answer done where you know no such instance: gone is gone", 0, 0, false,
     unknown_instance_counts_as_gone},
    {"TokenOfAnEndedInstanceLaunchesNothing", "the token of an ended instance answers with that instance",
     "remember tokens longer than instances live", 1, 1, false, token_of_an_ended_instance_launches_nothing},
    {"UnknownOfferIsRefused", "what is not on offer is refused with invalid_argument, and nothing is made",
     "compare the request with your offers before you create anything", 0, 0, false,
     unknown_offer_is_refused},
    {"FullSupplierSaysSoUntilThereIsRoom",
     "a launch without room answers insufficient_capacity, and leaves its token unused",
     "answer insufficient_capacity where the supplier has none now, and do not store the token", 1, 0, true,
     full_supplier_says_so_until_there_is_room},
    {"PagesShowEachInstanceOnce", "pages show each instance once, and an unknown page is an error",
     "make next_page from the last instance shown, and refuse a page that you did not make", 3, 3, false,
     pages_show_each_instance_once},
};

}  // namespace

std::span<const ConformanceCheck> conformance_checks() {
  return checks;
}

std::vector<std::string> run_check(const ConformanceCheck& check, ConformanceSubject& subject) {
  Bench bench(subject);
  check.run(bench);
  return bench.findings();
}

}  // namespace tradewind::provider
