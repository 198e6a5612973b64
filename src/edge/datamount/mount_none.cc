// Without libfuse3.
#ifndef TRADEWIND_FUSE
#include "edge/datamount/mount.h"
#include "edge/io/mounts.h"

namespace tradewind::datamount {

Status can_mount() {
  return Error{Code::invalid_argument, "this program was built without libfuse3, which mode: MOUNT needs",
               "write mode: COPY, or build it where libfuse3-dev is installed"};
}

Result<std::unique_ptr<Mount>> mount(MountRequest) {
  return can_mount().error();
}

void detach_stale(const std::filesystem::path& folder) {
  io::detach_mounts_below(folder, io::own_mount_type);
}

}  // namespace tradewind::datamount
#endif
