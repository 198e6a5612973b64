#include "edge/data/fetch_outputs.h"

#include <atomic>
#include <fcntl.h>
#include <filesystem>
#include <functional>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "edge/checkpoint/checkpoint.h"
#include "edge/io/files.h"
#include "edge/io/unique_fd.h"
#include "edge/objectstore/memory_store.h"
#include "edge/objectstore/wrappers.h"

namespace tradewind::data {
namespace {

namespace fs = std::filesystem;
using objectstore::FaultStore;
using objectstore::Operation;

const std::string prefix = "tradewind/o/jobs/j/";

class FetchOutputs : public testing::Test {
 protected:
  // As an agent keeps it.
  KeptFile keep(const std::string& path, const std::string& bytes, std::uint32_t mode = 0644) {
    KeptFile file{path, bytes.size(), mode, checkpoint::sha256_hex(bytes), {}};
    for (std::size_t offset = 0; offset == 0 || offset < bytes.size(); offset += kept_part_bytes) {
      file.parts.push_back("outputs/" + path + "." + std::to_string(file.parts.size()));
      EXPECT_TRUE(store_
                      ->put(prefix + file.parts.back(), bytes.substr(offset, kept_part_bytes),
                            objectstore::PutCondition::always)
                      .ok());
    }
    return file;
  }
  FetchRequest request(std::vector<KeptFile> files) const { return {std::move(files), folder_}; }
  std::string text_of(const std::string& path) const {
    return io::read_file(folder_ / path).value_or("missing: " + path);
  }

  io::TempDir dir_ = *io::TempDir::make("outputs 결과 ");
  fs::path folder_ = dir_.path() / "results";
  std::unique_ptr<objectstore::ObjectStore> store_ = objectstore::make_memory_store();
  std::atomic<int> gets_ = 0;
  std::function<Status(const FaultStore::Call&)> hook_ = [](const FaultStore::Call&) { return Status(); };
  FaultStore watched_{*store_, [this](const FaultStore::Call& call) {
                        if (call.operation == Operation::get && call.moment == FaultStore::Moment::before)
                          ++gets_;
                        return hook_(call);
                      }};
};

TEST_F(FetchOutputs, BringsEveryByteWithItsMode) {
  const std::string large(2 * kept_part_bytes + 5, 'w');
  const std::vector<KeptFile> files = {keep("model/final.bin", large), keep("run.sh", "echo\n", 0755),
                                       keep("empty", "")};
  const Result<Fetched> fetched = fetch_outputs(watched_, prefix, request(files));
  ASSERT_TRUE(fetched.ok()) << describe(fetched.error());
  EXPECT_EQ(fetched->files, 3U);
  EXPECT_EQ(fetched->bytes, large.size() + 5);
  EXPECT_EQ(text_of("model/final.bin"), large);
  EXPECT_EQ(text_of("empty"), "");
  struct stat found = {};
  ASSERT_EQ(::stat((folder_ / "run.sh").c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777U, 0755U);
  gets_ = 0;
  const Result<Fetched> again = fetch_outputs(watched_, prefix, request(files));
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->there_already, 3U);
  EXPECT_EQ(gets_, 0);
}

TEST_F(FetchOutputs, ListsWhatAnAgentWrote) {
  EXPECT_EQ(read_kept_outputs(watched_, prefix).error().code, Code::not_found);
  const KeptFile file = keep("a", "x");
  ASSERT_TRUE(store_
                  ->put(prefix + "outputs.json", to_text(to_json(std::vector{file})),
                        objectstore::PutCondition::always)
                  .ok());
  const auto listed = read_kept_outputs(watched_, prefix);
  ASSERT_TRUE(listed.ok());
  EXPECT_EQ((*listed)[0].sha256, file.sha256);
  ASSERT_TRUE(store_->put(prefix + "outputs.json", "[", objectstore::PutCondition::always).ok());
  EXPECT_EQ(read_kept_outputs(watched_, prefix).error().code, Code::corrupt);
}

TEST_F(FetchOutputs, TouchesNothingWhereOneFileDiffers) {
  ASSERT_TRUE(io::make_folders(folder_).ok());
  ASSERT_TRUE(io::write_file_atomic(folder_ / "b", "mine").ok());
  const std::vector<KeptFile> files = {keep("a", "new"), keep("b", "new")};
  const Result<Fetched> refused = fetch_outputs(watched_, prefix, request(files));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::conflict);
  EXPECT_FALSE(io::path_exists(folder_ / "a"));
  EXPECT_EQ(text_of("b"), "mine");
  FetchRequest over = request(files);
  over.overwrite = true;
  ASSERT_TRUE(fetch_outputs(watched_, prefix, over).ok());
  EXPECT_EQ(text_of("b"), "new");
  fs::remove(folder_ / "b");
  fs::create_symlink("/etc/passwd", folder_ / "b");
  EXPECT_EQ(fetch_outputs(watched_, prefix, over).error().code, Code::conflict);
}

TEST_F(FetchOutputs, GoesOnAfterACut) {
  const std::string large = std::string(kept_part_bytes, 'a') + std::string(kept_part_bytes, 'b') + "c";
  const KeptFile file = keep("large", large);
  hook_ = [](const FaultStore::Call& call) {
    return call.key.ends_with("large.2") ? Status(Error{Code::unavailable, "cut"}) : Status();
  };
  EXPECT_EQ(fetch_outputs(watched_, prefix, request({file})).error().code, Code::unavailable);
  EXPECT_FALSE(io::path_exists(folder_ / "large"));
  hook_ = [](const FaultStore::Call&) { return Status(); };
  gets_ = 0;
  ASSERT_TRUE(fetch_outputs(watched_, prefix, request({file})).ok());
  EXPECT_EQ(gets_, 1);
  EXPECT_EQ(text_of("large"), large);
  EXPECT_FALSE(io::path_exists(folder_ / ".large.tradewind-part"));
}

TEST_F(FetchOutputs, DoesNotBelieveWhatAnotherLeft) {
  const std::string large = std::string(kept_part_bytes, 'a') + "b";
  const KeptFile file = keep("large", large);
  ASSERT_TRUE(io::make_folders(folder_).ok());
  ASSERT_TRUE(
      io::write_file_atomic(folder_ / ".large.tradewind-part", std::string(kept_part_bytes, 'z')).ok());
  ASSERT_TRUE(fetch_outputs(watched_, prefix, request({file})).ok());
  EXPECT_EQ(text_of("large"), large);
}

TEST_F(FetchOutputs, SaysWhichFileIsDamaged) {
  const KeptFile file = keep("a", "kept");
  ASSERT_TRUE(store_->put(prefix + file.parts[0], "flip", objectstore::PutCondition::always).ok());
  const Result<Fetched> damaged = fetch_outputs(watched_, prefix, request({file}));
  ASSERT_FALSE(damaged.ok());
  EXPECT_EQ(damaged.error().code, Code::corrupt);
  EXPECT_NE(damaged.error().message.find("'a'"), std::string::npos);
  ASSERT_TRUE(store_->remove(prefix + file.parts[0]).ok());
  EXPECT_EQ(fetch_outputs(watched_, prefix, request({file})).error().code, Code::corrupt);
  EXPECT_FALSE(io::path_exists(folder_ / "a"));
}

TEST_F(FetchOutputs, TwoDoNotBringOneFileAtOnce) {
  const KeptFile file = keep("a", "x");
  ASSERT_TRUE(io::make_folders(folder_).ok());
  const io::UniqueFd other(
      ::open((folder_ / ".a.tradewind-part").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  ASSERT_EQ(::flock(other.get(), LOCK_EX), 0);
  EXPECT_EQ(fetch_outputs(watched_, prefix, request({file})).error().code, Code::conflict);
}

}  // namespace
}  // namespace tradewind::data
