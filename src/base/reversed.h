// for (const X& x : reversed(container)): from the last to the first. (std::views::reverse of libstdc++ 12
// does not compile with clang 14, which tidies and fuzzes this code.)
#pragma once

namespace tradewind {

template <class Container>
class Reversed {
 public:
  explicit Reversed(Container& container) : container_(container) {}
  auto begin() const { return container_.rbegin(); }
  auto end() const { return container_.rend(); }

 private:
  Container& container_;
};

// REQUIRES: the container outlives the loop.
template <class Container>
Reversed<Container> reversed(Container& container) {
  return Reversed<Container>(container);
}

}  // namespace tradewind
