// What checks of a supplier share: requests, lists, waiting, and the findings. Private to this folder.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "edge/provider/conformance/conformance.h"

namespace tradewind::provider {

class Bench {
 public:
  explicit Bench(ConformanceSubject& subject) : subject_(subject) {}

  ConformanceSubject& subject() { return subject_; }
  Provider& provider() { return subject_.provider(); }
  OwnerId ours() { return subject_.owner(); }
  OwnerId theirs() { return subject_.other_owner(); }

  // Notes `problem` unless `holds`, and answers `holds`.
  bool expect(bool holds, const std::string& problem);
  // The same of a call that must succeed; `what` names it.
  template <class T>
  bool expect_ok(const Result<T>& result, const std::string& what) {
    return expect(result.ok(), result.ok() ? "" : what + " failed: " + words_of(result.error()));
  }
  const std::vector<std::string>& findings() const { return findings_; }

  LaunchRequest request(const std::string& token, const OwnerId& owner);
  LaunchRequest request(const std::string& token) { return request(token, ours()); }
  // Nothing, and a finding, where it failed.
  std::optional<InstanceRef> launch(const std::string& token, const OwnerId& owner);
  std::optional<InstanceRef> launch(const std::string& token) { return launch(token, ours()); }
  // All of that owner's; a list that fails is a finding.
  std::vector<Instance> list(const OwnerId& owner);
  std::optional<Instance> find(const InstanceRef& ref, const OwnerId& owner);
  // Waits for it to be listed in that state.
  bool reaches(const InstanceRef& ref, InstanceState state);
  bool is_listed(const InstanceRef& ref);
  void expect_listed(std::size_t count, const std::string& why);
  // Asks until it is over.
  bool end(const InstanceRef& ref);
  bool eventually(const std::function<bool()>& condition);

 private:
  static std::string words_of(const Error& error);

  ConformanceSubject& subject_;
  std::vector<std::string> findings_;
};

}  // namespace tradewind::provider
