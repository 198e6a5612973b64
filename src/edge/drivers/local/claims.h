// Claims of a machine's processors and GPUs, one lock file each, which all of its users keep to: also two
// control planes that know nothing of each other. A claim lasts as long as the process that made it, whatever
// becomes of the link to it and of whoever asked for it.
//   <folder>/core-0, core-1, … gpu-0, …     locked (flock) while claimed, removed when given back
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "edge/io/unique_fd.h"

namespace tradewind::local {

// What an instance takes of its machine. Nothing of it is claimed where the total is zero.
struct Share {
  int cores = 0;
  int cores_total = 0;
  int gpus = 0;
  int gpus_total = 0;
  std::string claims;  // the folder, absolute; the same for all who share the machine
  bool operator==(const Share&) const = default;
};

class Claims {
 public:
  // Takes the first that are free. insufficient_capacity: somebody else has too many of them; nothing is
  // claimed then.
  static Result<Claims> take(const Share& share);
  // Whether take() would find enough now. True where the folder cannot be looked at.
  static bool has_room(const Share& share);
  Claims() = default;
  Claims(Claims&&) noexcept = default;
  Claims& operator=(Claims&&) noexcept = default;
  ~Claims() { give_back(); }

  const std::vector<int>& cores() const { return cores_; }
  const std::vector<int>& gpus() const { return gpus_; }
  void give_back();

 private:
  struct Held {
    std::filesystem::path path;
    io::UniqueFd lock;
  };
  Status take_some(const std::filesystem::path& folder, const std::string& kind, int wanted, int total,
                   std::vector<int>& taken);
  std::vector<Held> held_;
  std::vector<int> cores_;
  std::vector<int> gpus_;
};

}  // namespace tradewind::local
