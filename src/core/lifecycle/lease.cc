#include "core/lifecycle/lease.h"

#include <array>

#include "core/model/enum_text.h"

namespace tradewind::lifecycle {
namespace {

using S = LeaseState;
using C = LeaseChange;

constexpr std::array<Edge<S, C>, 8> edges = {{
    {S::intended, C::launched, S::launched},
    {S::intended, C::never_made, S::ended},
    {S::launched, C::reported, S::active},
    {S::launched, C::release, S::releasing},
    {S::launched, C::gone, S::ended},
    {S::active, C::release, S::releasing},
    {S::active, C::gone, S::ended},
    {S::releasing, C::gone, S::ended},
}};

constexpr std::array<std::string_view, 5> names = {"launched", "never_made", "reported", "release", "gone"};

}  // namespace

std::string_view to_text(LeaseChange change) {
  return enum_name(names, change);
}
std::span<const Edge<LeaseState, LeaseChange>> lease_edges() {
  return edges;
}
std::optional<LeaseState> next(LeaseState state, LeaseChange change) {
  return follow(lease_edges(), state, change);
}

}  // namespace tradewind::lifecycle
