#include "edge/checkpoint/package.h"

#include <gtest/gtest.h>

#include "edge/io/files.h"
#include "edge/objectstore/memory_store.h"

namespace tradewind::checkpoint {
namespace {

constexpr const char* prefix = "tradewind/o/jobs/j-1/";

class PackageTest : public testing::Test {
 protected:
  PackageTest() : here_(io::TempDir::make("here-").value()), there_(io::TempDir::make("there-").value()) {
    EXPECT_TRUE(io::make_folders(here_.path() / "work" / "sub").ok());
    write("work/train.py", "print(1)");
    write("work/sub/data.txt", "data");
    write("conf.ini", "x=1");
    spec_.workdir = (here_.path() / "work").string();
    spec_.file_mounts["conf"] = {(here_.path() / "conf.ini").string(), MountMode::copy};
    spec_.file_mounts["corpus"] = {"s3://bucket/corpus", MountMode::copy};
    spec_.file_mounts["more"] = {(here_.path() / "work" / "sub").string(), MountMode::copy};
  }
  void write(const std::string& name, const std::string& text) const {
    EXPECT_TRUE(io::write_file_atomic(here_.path() / name, text).ok());
  }
  Status pack_now() { return pack(spec_, *store_, prefix, Time()); }
  io::TempDir here_;
  io::TempDir there_;
  std::unique_ptr<objectstore::ObjectStore> store_ = objectstore::make_memory_store();
  JobSpec spec_;
};

TEST_F(PackageTest, BringsFoldersAndFilesAndMakesTheTaskSayWhere) {
  ASSERT_TRUE(needs_package(spec_));
  ASSERT_TRUE(pack_now().ok()) << describe(pack_now().error());
  JobSpec far = spec_;
  const Status unpacked = unpack(far, *store_, prefix, there_.path() / "package");
  ASSERT_TRUE(unpacked.ok()) << describe(unpacked.error());
  EXPECT_EQ(far.workdir, (there_.path() / "package" / "workdir").string());
  EXPECT_EQ(*io::read_file(io::Path(far.workdir) / "sub" / "data.txt"), "data");
  EXPECT_EQ(*io::read_file(far.file_mounts["conf"].source), "x=1");
  EXPECT_EQ(*io::read_file(io::Path(far.file_mounts["more"].source) / "data.txt"), "data");
  EXPECT_EQ(far.file_mounts["corpus"].source, "s3://bucket/corpus");
}

TEST_F(PackageTest, IsMadeOnceAndStaysAsItWas) {
  ASSERT_TRUE(pack_now().ok());
  write("work/train.py", "print(2)");
  ASSERT_TRUE(pack_now().ok());
  ASSERT_TRUE(unpack(spec_, *store_, prefix, there_.path() / "package").ok());
  EXPECT_EQ(*io::read_file(io::Path(spec_.workdir) / "train.py"), "print(1)");
}

TEST_F(PackageTest, SaysWhatIsMissing) {
  spec_.file_mounts["conf"].source = "/no/such/file";
  const Status packed = pack_now();
  ASSERT_FALSE(packed.ok());
  EXPECT_EQ(packed.error().code, Code::invalid_argument);
  EXPECT_NE(packed.error().message.find("/no/such/file"), std::string::npos);
  EXPECT_EQ(unpack(spec_, *store_, "tradewind/o/jobs/j-2/", there_.path() / "package").error().code,
            Code::corrupt);
  EXPECT_FALSE(needs_package(JobSpec()));
}

}  // namespace
}  // namespace tradewind::checkpoint
