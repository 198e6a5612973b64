// tradewind checkpoint DIR STORE, from its options to what it prints.
#include <chrono>
#include <cmath>
#include <filesystem>
#include <gtest/gtest.h>
#include <thread>

#include "app/cli/testing/offline_verbs.h"
#include "app/cli/verbs.h"

namespace tradewind::cli {
namespace {

namespace fs = std::filesystem;

// A folder's checkpoints in a store of their own.
class ArchiveVerbTest : public OfflineVerbsTest {
 protected:
  const std::string weights = noise(1);
  ArchiveVerbTest() {
    json_ = true;
    options_.store = "backup";
    options_.folder = "state";
    fs::create_directories(home_.path() / "state/deep");
    write_text(home_.path() / "state/weights", weights);
    write_text(home_.path() / "state/deep/step", "1");
  }
  Result<ExitCode> act(ArchiveAction action) {
    options_.action = action;
    return run(run_archive, options_);
  }
  std::uint64_t number(const char* name) { return document().at(name).to_number<std::uint64_t>(); }
  ArchiveOptions options_;
};

TEST_F(ArchiveVerbTest, SavesWhatIsNewAndBringsAnyOfThemBack) {
  EXPECT_EQ(*act(ArchiveAction::save), ExitCode::done);
  const std::uint64_t bytes = number("bytes");
  EXPECT_EQ(number("bytes_new"), bytes);
  EXPECT_EQ(number("chunks_new"), 2U);
  write_text(home_.path() / "state/deep/step", "2");
  EXPECT_EQ(*act(ArchiveAction::save), ExitCode::done);
  EXPECT_EQ(number("bytes"), bytes);
  EXPECT_EQ(number("bytes_new"), 1U);
  EXPECT_EQ(number("step"), 1U);
  EXPECT_EQ(*act(ArchiveAction::list), ExitCode::done);
  EXPECT_EQ(document().at("checkpoints").as_array().size(), 2U);
  options_.folder = "first";
  options_.step = 0;
  EXPECT_EQ(*act(ArchiveAction::restore), ExitCode::done);
  EXPECT_TRUE(document().at("digest_ok").as_bool());
  EXPECT_EQ(file_text(home_.path() / "first/deep/step"), "1");
  EXPECT_EQ(file_text(home_.path() / "first/weights"), weights);
  EXPECT_EQ(act(ArchiveAction::restore).error().code, Code::invalid_argument) << "it is not empty";
  options_.folder = "third";
  options_.step = 3;
  EXPECT_EQ(act(ArchiveAction::restore).error().code, Code::not_found);
}

TEST_F(ArchiveVerbTest, CopiesWhatTheOtherStoreLacks) {
  ASSERT_EQ(*act(ArchiveAction::save), ExitCode::done);
  options_.target = "other";
  EXPECT_EQ(*act(ArchiveAction::copy), ExitCode::done);
  EXPECT_EQ(number("chunks_missing"), 2U);
  write_text(home_.path() / "state/deep/step", "2");
  ASSERT_EQ(*act(ArchiveAction::save), ExitCode::done);
  EXPECT_EQ(*act(ArchiveAction::copy), ExitCode::done);
  EXPECT_EQ(number("checkpoints"), 1U);
  EXPECT_EQ(number("bytes_missing"), 1U);
  EXPECT_EQ(*act(ArchiveAction::copy), ExitCode::done);
  EXPECT_EQ(number("checkpoints"), 0U);
  options_.store = "other";
  options_.read_data = true;
  EXPECT_EQ(*act(ArchiveAction::verify), ExitCode::done);
  EXPECT_EQ(number("checkpoints"), 2U);
  options_.folder = "back";
  EXPECT_EQ(*act(ArchiveAction::restore), ExitCode::done);
  EXPECT_EQ(file_text(home_.path() / "back/deep/step"), "2");
}

TEST_F(ArchiveVerbTest, VerifyNamesWhatIsDamagedOrGone) {
  ASSERT_EQ(*act(ArchiveAction::save), ExitCode::done);
  EXPECT_EQ(*act(ArchiveAction::verify), ExitCode::done);
  fs::path chunk;
  for (const auto& entry : fs::recursive_directory_iterator(home_.path() / "backup/chunks")) {
    if (entry.is_regular_file() && entry.file_size() > 100) chunk = entry.path();
  }
  std::string bytes = file_text(chunk);
  bytes[50] = static_cast<char>(bytes[50] ^ 1);
  write_text(chunk, bytes);
  EXPECT_EQ(*act(ArchiveAction::verify), ExitCode::done) << "its size is what it was";
  options_.read_data = true;
  EXPECT_EQ(*act(ArchiveAction::verify), ExitCode::failed);
  const std::string object(document().at("damaged").at(0).at("object").as_string());
  EXPECT_TRUE(object.starts_with("chunks/") && object.ends_with(chunk.filename().string())) << object;
  options_.folder = "back";
  EXPECT_EQ(act(ArchiveAction::restore).error().code, Code::corrupt);
  EXPECT_FALSE(fs::exists(home_.path() / "back"));
  fs::remove(chunk);
  options_.read_data = false;
  EXPECT_EQ(*act(ArchiveAction::verify), ExitCode::failed);
}

TEST_F(ArchiveVerbTest, ADryCopyMakesNothing) {
  ASSERT_EQ(*act(ArchiveAction::save), ExitCode::done);
  options_.target = "other";
  options_.dry_run = true;
  EXPECT_EQ(*act(ArchiveAction::copy), ExitCode::done);
  EXPECT_EQ(number("chunks_missing"), 2U);
  EXPECT_FALSE(fs::exists(home_.path() / "other"));
}

TEST_F(ArchiveVerbTest, ShowsOneAndWhatChangedBetweenTwo) {
  ASSERT_EQ(*act(ArchiveAction::save), ExitCode::done);
  EXPECT_EQ(act(ArchiveAction::diff).error().code, Code::not_found) << "there is one only";
  write_text(home_.path() / "state/deep/step", "12");
  fs::create_symlink("weights", home_.path() / "state/latest");
  ASSERT_EQ(*act(ArchiveAction::save), ExitCode::done);
  const std::string newest(document().at("manifest").as_string());
  EXPECT_EQ(*act(ArchiveAction::show), ExitCode::done);
  EXPECT_EQ(document().at("manifest").as_string(), newest);
  const json::array files = document().at("files").as_array();
  ASSERT_EQ(files.size(), 4U);
  EXPECT_EQ(files[2].at("path").as_string(), "latest");
  EXPECT_EQ(files[2].at("target").as_string(), "weights");
  EXPECT_EQ(files[3].at("size").to_number<std::uint64_t>(), weights.size());
  EXPECT_EQ(*act(ArchiveAction::diff), ExitCode::done);
  EXPECT_EQ(number("bytes_new"), 2U);
  EXPECT_EQ(number("bytes_gone"), 1U);
  EXPECT_EQ(document().at("after").at("manifest").as_string(), newest);
  ASSERT_EQ(document().at("files").as_array().size(), 2U);
  EXPECT_EQ(document().at("files").at(0).at("path").as_string(), "deep/step");
  EXPECT_EQ(document().at("files").at(0).at("change").as_string(), "content");
  EXPECT_EQ(document().at("files").at(1).at("change").as_string(), "added");
  options_.manifest = newest.substr(0, 8);
  options_.against = "0";
  EXPECT_EQ(*act(ArchiveAction::diff), ExitCode::done);
  EXPECT_EQ(document().at("after").at("step").to_number<double>(), 0);
  EXPECT_EQ(document().at("files").at(1).at("change").as_string(), "removed");
  options_.manifest = "nothing";  // no id begins so
  EXPECT_EQ(act(ArchiveAction::show).error().code, Code::not_found);
  json_ = false;
  options_.manifest = "1";
  EXPECT_EQ(*act(ArchiveAction::show), ExitCode::done);
  EXPECT_NE(out().find("latest → weights"), std::string::npos) << out();
}

TEST_F(ArchiveVerbTest, RepairTakesWholeCopiesFromAnotherStore) {
  ASSERT_EQ(*act(ArchiveAction::save), ExitCode::done);
  options_.target = "other";
  ASSERT_EQ(*act(ArchiveAction::copy), ExitCode::done);
  for (const auto& entry : fs::recursive_directory_iterator(home_.path() / "backup/chunks")) {
    if (entry.is_regular_file()) write_text(entry.path(), "rubbish");
  }
  EXPECT_EQ(act(ArchiveAction::repair).error().code, Code::invalid_argument) << "from nowhere";
  options_.from = {"backup"};
  EXPECT_EQ(act(ArchiveAction::repair).error().code, Code::invalid_argument) << "from itself";
  options_.from = {"other"};
  options_.dry_run = true;
  EXPECT_EQ(*act(ArchiveAction::repair), ExitCode::done);
  EXPECT_EQ(document().at("repaired").as_array().size(), 2U);
  options_.read_data = true;
  EXPECT_EQ(*act(ArchiveAction::verify), ExitCode::failed) << "a dry run repairs nothing";
  options_.dry_run = false;
  EXPECT_EQ(*act(ArchiveAction::repair), ExitCode::done);
  EXPECT_TRUE(document().at("ok").as_bool());
  EXPECT_EQ(*act(ArchiveAction::verify), ExitCode::done);
  json_ = false;
  EXPECT_EQ(*act(ArchiveAction::repair), ExitCode::done);
  EXPECT_NE(out().find("nothing to repair"), std::string::npos) << out();
}

TEST_F(ArchiveVerbTest, WhatIsLostIsNamed) {
  ASSERT_EQ(*act(ArchiveAction::save), ExitCode::done);
  options_.target = "other";
  ASSERT_EQ(*act(ArchiveAction::copy), ExitCode::done);
  for (const char* store : {"backup", "other"}) fs::remove_all(home_.path() / store / "chunks");
  options_.from = {"other"};
  EXPECT_EQ(*act(ArchiveAction::repair), ExitCode::failed);
  ASSERT_EQ(document().at("lost").as_array().size(), 2U);
  EXPECT_TRUE(document().at("lost").at(0).at("object").as_string().starts_with("chunks/"));
}

TEST_F(ArchiveVerbTest, WhatIsNotThereIsSaid) {
  EXPECT_EQ(act(ArchiveAction::list).error().code, Code::not_found) << "no store";
  EXPECT_FALSE(fs::exists(home_.path() / "backup"));
  options_.folder = "nothing";
  EXPECT_EQ(act(ArchiveAction::save).error().code, Code::not_found);
  EXPECT_FALSE(fs::exists(home_.path() / "backup"));
  EXPECT_EQ(act(ArchiveAction::prune).error().code, Code::invalid_argument);
}

TEST_F(ArchiveVerbTest, TheNetworkIsSparedWhereThatIsAsked) {
  write_text(home_.path() / "state/large", std::string(300'000, 'x') + noise(2));
  options_.bandwidth = "200k";
  const auto began = std::chrono::steady_clock::now();
  ASSERT_EQ(*act(ArchiveAction::save), ExitCode::done);
  const std::uint64_t stored = number("bytes_stored");
  EXPECT_GT(stored, 40'000U);
  // The last chunk is on its way at once: what came before it had its time.
  EXPECT_GT(seconds_of(std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - began)),
            static_cast<double>(stored) / 2 / (200 * 1024));
  for (const char* bad : {"fast", "0", "08:00,", "5M 6M", "@nowhere"}) {
    options_.bandwidth = bad;
    EXPECT_FALSE(act(ArchiveAction::save).ok()) << bad;
  }
}

// By some two seconds at once, as a limit of 1 KiB would take minutes.
TEST_F(ArchiveVerbTest, TheLimitInAFileMayChangeMeanwhile) {
  write_text(home_.path() / "state/large", noise(2) + noise(3));
  write_text(home_.path() / "limit", "1k\n");
  options_.bandwidth = "@" + (home_.path() / "limit").string();
  std::jthread later([this] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    write_text(home_.path() / "limit", "00:00,off");
  });
  EXPECT_EQ(*act(ArchiveAction::save), ExitCode::done);
}

TEST_F(ArchiveVerbTest, APauseInTheFileLetsNothingThroughUntilItEnds) {
  write_text(home_.path() / "limit", "pause\n");
  options_.bandwidth = "@" + (home_.path() / "limit").string();
  bool was_empty = false;
  std::jthread later([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(1300));
    was_empty = !fs::exists(home_.path() / "backup/chunks");
    write_text(home_.path() / "limit", "off");
  });
  EXPECT_EQ(*act(ArchiveAction::save), ExitCode::done);
  later.join();
  EXPECT_TRUE(was_empty);
  EXPECT_TRUE(fs::exists(home_.path() / "backup/chunks"));
}

TEST_F(ArchiveVerbTest, PruneKeepsTheBestToo) {
  for (const char* loss : {"loss=1.5", "loss=0.5", "loss=1e0", "loss=2"}) {
    options_.metrics = {loss, "lr=0.1"};
    write_text(home_.path() / "state/deep/step", loss);
    ASSERT_EQ(*act(ArchiveAction::save), ExitCode::done);
  }
  EXPECT_EQ(*act(ArchiveAction::list), ExitCode::done);
  EXPECT_EQ(document().at("checkpoints").as_array().at(1).at("metrics").at("loss").to_number<double>(), 0.5);
  options_.dry_run = true;
  options_.keep.best = 1;
  options_.keep.metric = "loss";
  EXPECT_EQ(*act(ArchiveAction::prune), ExitCode::done);
  EXPECT_EQ(act(ArchiveAction::prune).value_or(ExitCode::failed), ExitCode::done);
  options_.keep.best = 0;
  EXPECT_EQ(act(ArchiveAction::prune).error().code, Code::invalid_argument) << "nothing says what is kept";
  for (const char* bad : {"loss", "=1", "loss=", "loss=x", "loss=1x", "loss=nan", "loss=inf"}) {
    options_.metrics = {bad};
    EXPECT_EQ(act(ArchiveAction::save).error().code, Code::invalid_argument) << bad;
  }
  options_.metrics = {"loss=1", "loss=2"};
  EXPECT_EQ(act(ArchiveAction::save).error().code, Code::invalid_argument) << "twice";
}

TEST_F(ArchiveVerbTest, ARefusedSaveMakesNoFolder) {
  options_.seal.encrypt = true;
  options_.seal.key_file = "nowhere.key";
  EXPECT_FALSE(act(ArchiveAction::save).ok());
  EXPECT_FALSE(fs::exists(home_.path() / "backup"));
  fs::create_directories(home_.path() / "backup");
  EXPECT_FALSE(act(ArchiveAction::save).ok());
  EXPECT_TRUE(fs::exists(home_.path() / "backup")) << "it was there before";
}

// ---- encrypted

class SealedArchiveTest : public ArchiveVerbTest {
 protected:
  SealedArchiveTest() {
    ArchiveOptions make;
    make.action = ArchiveAction::new_key;
    for (const char* file : {"my.key", "her.key"}) {
      make.folder = file;
      EXPECT_EQ(*run(run_archive, make), ExitCode::done);
    }
    options_.seal.key_file = "my.key";
    options_.seal.encrypt = true;
    EXPECT_EQ(*act(ArchiveAction::save), ExitCode::done);
    EXPECT_TRUE(document().at("encrypted").as_bool());
    options_.seal.encrypt = false;
  }
  std::string restored_weights(const std::string& folder) {
    options_.folder = folder;
    EXPECT_EQ(*act(ArchiveAction::restore), ExitCode::done);
    return file_text(home_.path() / folder / "weights");
  }
};

TEST_F(SealedArchiveTest, OpensWithTheKeyWhereverItIsNamed) {
  EXPECT_EQ(restored_weights("by file"), weights);
  options_.seal.key_file = "";
  options_.seal.key_command = "cat '" + (home_.path() / "my.key").string() + "'";
  EXPECT_EQ(restored_weights("by command"), weights);
  options_.seal.key_command = "";
  environment_["TRADEWIND_KEY_FILE"] = "my.key";
  EXPECT_EQ(restored_weights("by environment"), weights);
  environment_.erase("TRADEWIND_KEY_FILE");
  std::string text = file_text(home_.path() / "my.key");
  text.pop_back();
  environment_["TRADEWIND_KEY"] = text;
  EXPECT_EQ(restored_weights("by value"), weights);
}

TEST_F(SealedArchiveTest, NothingInTheStoreTellsWhatItHolds) {
  for (const auto& entry : fs::recursive_directory_iterator(home_.path() / "backup")) {
    if (!entry.is_regular_file()) continue;
    const std::string bytes = file_text(entry.path());
    EXPECT_EQ(bytes.find(weights.substr(1000, 16)), std::string::npos) << entry.path();
    EXPECT_EQ(bytes.find("deep/step"), std::string::npos) << entry.path();
  }
}

TEST_F(SealedArchiveTest, WithoutTheKeyNothingIsReadOrWritten) {
  options_.seal.key_file = "her.key";
  for (const ArchiveAction action :
       {ArchiveAction::save, ArchiveAction::list, ArchiveAction::verify, ArchiveAction::show}) {
    EXPECT_EQ(act(action).error().code, Code::unauthorized);
  }
  options_.seal.key_file = "";
  EXPECT_EQ(act(ArchiveAction::save).error().code, Code::unauthorized);
  EXPECT_FALSE(fs::exists(home_.path() / "backup/manifests"));
}

TEST_F(SealedArchiveTest, CopiesAreEncryptedUnlessItIsSaidThatTheyAreNot) {
  options_.target = "other";
  EXPECT_EQ(act(ArchiveAction::copy).error().code, Code::unauthorized);
  options_.seal.plain = true;
  EXPECT_EQ(*act(ArchiveAction::copy), ExitCode::done);
  EXPECT_TRUE(fs::exists(home_.path() / "other/manifests"));
  options_.seal.plain = false;
  options_.seal.encrypt = true;
  options_.store = "other";
  options_.target = "hers";
  options_.new_seal.key_file = "her.key";
  EXPECT_EQ(*act(ArchiveAction::copy), ExitCode::done);
  EXPECT_FALSE(fs::exists(home_.path() / "hers/manifests"));
  options_.seal = {};
  options_.seal.key_file = "her.key";
  options_.store = "hers";
  EXPECT_EQ(restored_weights("hers back"), weights);
}

TEST_F(SealedArchiveTest, ADryCopyEncryptsNothing) {
  fs::create_directories(home_.path() / "other");
  options_.target = "other";
  options_.seal.encrypt = true;
  options_.dry_run = true;
  EXPECT_EQ(*act(ArchiveAction::copy), ExitCode::done);
  EXPECT_EQ(number("checkpoints"), 1U);
  EXPECT_FALSE(fs::exists(home_.path() / "other/sealed"));
}

TEST_F(SealedArchiveTest, RepairReadsCopiesOfEitherKind) {
  options_.target = "other";
  options_.seal.plain = true;
  ASSERT_EQ(*act(ArchiveAction::copy), ExitCode::done);
  options_.seal.plain = false;
  fs::remove_all(home_.path() / "backup/sealed/chunks");
  EXPECT_EQ(*act(ArchiveAction::verify), ExitCode::failed);
  options_.from = {"other"};
  EXPECT_EQ(*act(ArchiveAction::repair), ExitCode::done);
  EXPECT_EQ(*act(ArchiveAction::verify), ExitCode::done);
  EXPECT_FALSE(fs::exists(home_.path() / "backup/chunks"));
}

TEST_F(SealedArchiveTest, RekeyChangesWhoMayOpen) {
  options_.new_seal.key_file = "her.key";
  EXPECT_EQ(*act(ArchiveAction::rekey), ExitCode::done);
  EXPECT_EQ(act(ArchiveAction::list).error().code, Code::unauthorized);
  options_.seal.key_file = "her.key";
  EXPECT_EQ(*act(ArchiveAction::list), ExitCode::done);
}

TEST_F(SealedArchiveTest, AKeyIsNeverOverwrittenAndIsItsOwnersAlone) {
  ArchiveOptions make;
  make.action = ArchiveAction::new_key;
  make.folder = "my.key";
  EXPECT_EQ(run(run_archive, make).error().code, Code::conflict);
  EXPECT_EQ(fs::status(home_.path() / "my.key").permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(SealedArchiveTest, EncryptAndPlainExcludeEachOther) {
  options_.seal.encrypt = options_.seal.plain = true;
  EXPECT_EQ(act(ArchiveAction::save).error().code, Code::invalid_argument);
}

}  // namespace
}  // namespace tradewind::cli
