#include "edge/provider/conformance/bench.h"

#include <algorithm>
#include <chrono>

namespace tradewind::provider {
namespace {

constexpr Duration pause{50};
constexpr std::chrono::hours limit_after{24};

}  // namespace

std::string Bench::words_of(const Error& error) {
  return std::string(to_text(error.code)) + ": " + describe(error);
}

bool Bench::expect(bool holds, const std::string& problem) {
  if (!holds && std::ranges::find(findings_, problem) == findings_.end()) findings_.push_back(problem);
  return holds;
}

LaunchRequest Bench::request(const std::string& token, const OwnerId& owner) {
  LaunchRequest made;
  made.token = subject_.token(token);
  made.owner = owner;
  made.offer = subject_.offer();
  made.job = JobId("j-conformance");
  made.hard_limit = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()) + limit_after;
  subject_.shape(made);
  return made;
}

std::optional<InstanceRef> Bench::launch(const std::string& token, const OwnerId& owner) {
  const LaunchRequest asked = request(token, owner);
  const Result<Launched> launched = provider().launch(asked);
  if (!expect_ok(launched, "the launch of " + offer_key(asked.offer) + " under the token " + asked.token))
    return std::nullopt;
  return launched->ref;
}

std::vector<Instance> Bench::list(const OwnerId& owner) {
  const Result<std::vector<Instance>> all = all_instances(provider(), owner);
  expect_ok(all, "the list of the instances of " + owner.text());
  return all.value_or({});
}

std::optional<Instance> Bench::find(const InstanceRef& ref, const OwnerId& owner) {
  for (Instance& instance : list(owner)) {
    if (instance.ref == ref) return std::move(instance);
  }
  return std::nullopt;
}

bool Bench::reaches(const InstanceRef& ref, InstanceState state) {
  std::string last = "it was in no list";
  const bool there = eventually([&] {
    const std::optional<Instance> seen = find(ref, ours());
    if (seen) last = "it was listed as " + std::string(to_text(seen->state));
    if (seen && !seen->reason.empty()) last += " (" + seen->reason + ")";
    return seen && seen->state == state;
  });
  return expect(there, "the instance " + ref.id.text() + " never was " + std::string(to_text(state)) + ": " +
                           last + " at last");
}

bool Bench::is_listed(const InstanceRef& ref) {
  return expect(eventually([&] { return find(ref, ours()).has_value(); }),
                "the instance " + ref.id.text() + " was launched and is in no list");
}

void Bench::expect_listed(std::size_t count, const std::string& why) {
  const std::size_t listed = list(ours()).size();
  expect(listed == count, std::to_string(listed) + " instances are listed, not " + std::to_string(count) +
                              (why.empty() ? "" : ": " + why));
}

bool Bench::end(const InstanceRef& ref) {
  std::string last = "in_progress";
  const bool ended = eventually([&] {
    const Result<TerminateState> state = provider().terminate(ref);
    last = !state.ok() ? words_of(state.error()) : *state == TerminateState::done ? "done" : "in_progress";
    return state.ok() && *state == TerminateState::done;
  });
  return expect(ended, "terminate of " + ref.id.text() + " never answered that it is done, at last: " + last);
}

bool Bench::eventually(const std::function<bool()>& condition) {
  for (int i = 0; i < subject_.patience(); ++i) {
    if (condition()) return true;
    if (subject_.cut_short()) return false;
    subject_.wait(pause);
  }
  return false;
}

Result<std::vector<Instance>> all_instances(Provider& provider, const OwnerId& owner) {
  std::vector<Instance> all;
  PageToken page;
  constexpr int pages_max = 10'000;  // a supplier whose pages go in a ring is a failure, no hang
  for (int i = 0; i < pages_max; ++i) {
    TW_ASSIGN_OR_RETURN(const InstancePage answer, provider.instances(owner, page));
    all.insert(all.end(), answer.instances.begin(), answer.instances.end());
    if (answer.next_page.empty()) return all;
    page = answer.next_page;
  }
  return Error{Code::corrupt, "the list has no last page"};
}

}  // namespace tradewind::provider
