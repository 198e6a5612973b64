// Where a job's data appears on this machine, and taking it away again.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace tradewind::agent {

// What is placed for a job lies in a folder of this name in its scratch: a link that leads into such a folder
// and hangs was left by a job that was killed.
inline constexpr const char* placed_folder = "placed-data";

class DataTargets {
 public:
  DataTargets() = default;
  // As release().
  ~DataTargets() { release(); }
  DataTargets(const DataTargets&) = delete;
  DataTargets& operator=(const DataTargets&) = delete;

  // Below the work folder: `made` is moved there, or laid over the folder that the workdir has there.
  // invalid_argument: a link in the workdir would lead elsewhere; a file against a folder.
  // Errors of lay_into: a link on the way from the work folder to `relative`, which included.
  static Status check_way(const std::filesystem::path& work, const std::filesystem::path& relative);
  static Status lay_into(const std::filesystem::path& work, const std::filesystem::path& relative,
                         const std::filesystem::path& made);

  // Makes `target`, outside of the job's own folders, a link to `made`. conflict: there is something already,
  // which is never overwritten; unauthorized: it may not be made. Both with their cure.
  Status link(const std::filesystem::path& target, const std::filesystem::path& made);

  // Takes the links away that were made, and the folders that were made for them and are empty.
  void release();

 private:
  struct Link {
    std::filesystem::path target;
    std::filesystem::path made;
  };
  Status make_folders(const std::filesystem::path& folder);

  std::vector<Link> links_;
  std::vector<std::filesystem::path> folders_;  // made for them, parents first
};

}  // namespace tradewind::agent
