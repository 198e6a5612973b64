// File systems that are mounted on this machine.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tradewind::io {

// What the kernel calls the file systems that we serve ourselves.
inline constexpr std::string_view own_mount_type = "fuse.tradewind";

struct MountPoint {
  std::filesystem::path path;
  std::string type;  // "ext4", "fuse.tradewind"
  bool operator==(const MountPoint&) const = default;
};

// Of the text of /proc/self/mountinfo (proc(5)), in its order. Lines that cannot be read are left out.
std::vector<MountPoint> parse_mountinfo(std::string_view text);
// Those that this process sees. Empty where it cannot be told.
std::vector<MountPoint> mount_points();

// Takes the mount away at once; who uses it still keeps it until he is done. As root by itself, else by
// fusermount3. unauthorized, unavailable.
Status detach_mount(const std::filesystem::path& path);

// Detaches every mount of this type at or below `folder`, the inner ones first; what cannot be stays.
void detach_mounts_below(const std::filesystem::path& folder, std::string_view type);

}  // namespace tradewind::io
