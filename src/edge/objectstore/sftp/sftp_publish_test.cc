// Over Debian's sftp-server itself, without ssh in between.
#include "edge/objectstore/sftp/sftp_publish.h"

#include <filesystem>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/text.h"
#include "edge/io/process.h"
#include "edge/objectstore/sftp/sftp_folders.h"
#include "edge/objectstore/testing/ssh_server.h"
#include "edge/objectstore/testing/temporary_folder.h"

namespace tradewind::objectstore {
namespace {

namespace fs = std::filesystem;

class SftpPublish : public testing::Test {
 protected:
  void SetUp() override {
    int ends[2] = {-1, -1};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    io::UniqueFd ours(ends[0]);
    const io::UniqueFd theirs(ends[1]);
    io::SpawnRequest request;
    request.argv = {std::string(trim(sftp_server_program("")))};
    request.stdin_fd = theirs.get();
    request.stdout_fd = theirs.get();
    Result<io::Child> child = io::spawn(request);
    ASSERT_TRUE(child.ok()) << describe(child.error());
    server_ = *std::move(child);
    Result<std::unique_ptr<SftpSession>> session = SftpSession::start(std::move(ours), Duration(10'000));
    ASSERT_TRUE(session.ok()) << describe(session.error());
    session_ = *std::move(session);
  }
  void TearDown() override {
    session_.reset();  // at its end of input the server ends
    if (!server_) return;
    EXPECT_TRUE(server_->wait().ok());
  }

  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }
  PublishStep step(const std::string& from, const std::string& to, bool repeated = false) const {
    return {path(from), path(to), repeated};
  }
  Published outcome(const Result<Publication>& publication) {
    EXPECT_TRUE(publication.ok());
    return publication.ok() ? publication->outcome : Published::refused;
  }

  TemporaryFolder folder_;
  std::optional<io::Child> server_;
  std::unique_ptr<SftpSession> session_;
};

TEST_F(SftpPublish, ANewNameIsGivenOnceAndItsFoldersAreMade) {
  write_file(path("mine"), "x");
  EXPECT_EQ(outcome(publish_new(*session_, step("mine", "a/b/c"))), Published::done);
  EXPECT_EQ(read_file(path("a/b/c")), "x");
  EXPECT_EQ(outcome(publish_new(*session_, step("mine", "a/b/c"))), Published::taken);
}

TEST_F(SftpPublish, ACreateWhoseAnswerWasLostIsKnownAgainByItsFile) {
  write_file(path("mine"), "same bytes");
  const auto written = fs::file_time_type::clock::now() - std::chrono::seconds(3);
  fs::last_write_time(path("mine"), written);
  ASSERT_EQ(outcome(publish_new(*session_, step("mine", "key"))), Published::done);
  EXPECT_EQ(outcome(publish_new(*session_, step("mine", "key", true))), Published::done);
  const auto after = fs::last_write_time(path("key"));
  EXPECT_LT(std::chrono::abs(after - written), std::chrono::seconds(1)) << "its time is as it was";
}

TEST_F(SftpPublish, AnothersFileOfTheSameBytesAndTheSameTimeIsNotOurs) {
  write_file(path("mine"), "same bytes");
  write_file(path("key"), "same bytes");
  fs::last_write_time(path("key"), fs::last_write_time(path("mine")));
  EXPECT_EQ(outcome(publish_new(*session_, step("mine", "key", true))), Published::taken);
  write_file(path("key"), "other bytes, longer");
  EXPECT_EQ(outcome(publish_new(*session_, step("mine", "key", true))), Published::taken);
}

TEST_F(SftpPublish, ACreateWhoseFileIsGoneIsNotKnown) {
  write_file(path("key"), "x");
  EXPECT_EQ(outcome(publish_new(*session_, step("gone", "key", true))), Published::lost);
  EXPECT_EQ(outcome(publish_new(*session_, step("gone", "other", true))), Published::lost);
}

TEST_F(SftpPublish, ANameIsReplacedInOneStep) {
  write_file(path("mine"), "new");
  write_file(path("key"), "old");
  EXPECT_EQ(outcome(publish_over(*session_, step("mine", "key"))), Published::done);
  EXPECT_EQ(read_file(path("key")), "new");
  EXPECT_FALSE(fs::exists(path("mine")));
}

TEST_F(SftpPublish, AMoveWhoseAnswerWasLostIsKnownByTheFileThatIsGone) {
  write_file(path("mine"), "new");
  ASSERT_EQ(outcome(publish_over(*session_, step("mine", "a/key"))), Published::done);
  EXPECT_EQ(outcome(publish_over(*session_, step("mine", "a/key", true))), Published::done);
  EXPECT_EQ(outcome(publish_over(*session_, step("mine", "a/key"))), Published::lost);
}

TEST_F(SftpPublish, FoldersAndFilesInTheWayAreTold) {
  write_file(path("mine"), "x");
  write_file(path("file"), "x");
  fs::create_directories(path("folder/inside"));
  for (const auto publish : {publish_new, publish_over}) {
    EXPECT_EQ(outcome(publish(*session_, step("mine", "folder"))), Published::a_folder);
    EXPECT_EQ(outcome(publish(*session_, step("mine", "file/below/it"))), Published::a_folder);
  }
  EXPECT_TRUE(fs::exists(path("mine")));
}

TEST_F(SftpPublish, FoldersAreMadeFromTheFirstThatIsMissing) {
  const auto made = make_sftp_folders(*session_, path("one/two/three"));
  ASSERT_TRUE(made.ok());
  EXPECT_FALSE(made->refused());
  EXPECT_TRUE(fs::is_directory(path("one/two/three")));
  const auto again = make_sftp_folders(*session_, path("one/two/three"));
  ASSERT_TRUE(again.ok());
  EXPECT_FALSE(again->refused());
  const auto nowhere = make_sftp_folders(*session_, "/proc/none/at/all");
  ASSERT_TRUE(nowhere.ok());
  EXPECT_TRUE(nowhere->refused());
}

}  // namespace
}  // namespace tradewind::objectstore
