#include "edge/io/mounts.h"

#include <algorithm>
#include <gtest/gtest.h>

namespace tradewind::io {
namespace {

TEST(Mounts, MountinfoIsReadWithItsEscapesAndOptionalFields) {
  const std::vector<MountPoint> found = parse_mountinfo(
      "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue\n"
      "40 36 0:50 / /a\\040b\\134c ro shared:1 master:2 - fuse.tradewind tradewind ro\n"
      "41 36 0:51 / /plain rw - tmpfs tmpfs rw\n"
      "junk\n"
      "1 2 - ext4\n");
  const std::vector<MountPoint> wanted = {
      {"/mnt2", "ext3"}, {"/a b\\c", "fuse.tradewind"}, {"/plain", "tmpfs"}};
  EXPECT_EQ(found, wanted);
}

TEST(Mounts, ThisMachineHasARoot) {
  const std::vector<MountPoint> found = mount_points();
  EXPECT_TRUE(
      std::any_of(found.begin(), found.end(), [](const MountPoint& each) { return each.path == "/"; }));
}

TEST(Mounts, WhatIsNotMountedIsNotDetached) {
  EXPECT_FALSE(detach_mount("/no/such/mount").ok());
}

}  // namespace
}  // namespace tradewind::io
