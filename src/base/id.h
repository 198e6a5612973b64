// Strong ids: text whose kind the compiler knows. Mixing a job's id with a lease's does not compile.
#pragma once

#include <compare>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace tradewind {

template <class Tag>
class Id {
 public:
  Id() = default;
  explicit Id(std::string text) : text_(std::move(text)) {}
  const std::string& text() const { return text_; }
  bool empty() const { return text_.empty(); }
  auto operator<=>(const Id&) const = default;

 private:
  std::string text_;
};

using OwnerId = Id<struct OwnerTag>;        // one control plane; 32 hex digits
using JobId = Id<struct JobTag>;            // "j-" + 10 letters
using LeaseId = Id<struct LeaseTag>;        // "l-" + 20 letters; also the launch token
using InstanceId = Id<struct InstanceTag>;  // the supplier's own name for an instance
using MoveId = Id<struct MoveTag>;          // "m-" + 10 letters
using ManifestId = Id<struct ManifestTag>;  // 64 hex digits: SHA-256 of the manifest's canonical bytes

class Random;
// `prefix` + `letters` random characters of Crockford's base 32 in lower case.
std::string random_name(Random& random, std::string_view prefix, int letters);

}  // namespace tradewind

template <class Tag>
struct std::hash<tradewind::Id<Tag>> {
  std::size_t operator()(const tradewind::Id<Tag>& id) const noexcept {
    return std::hash<std::string>{}(id.text());
  }
};
