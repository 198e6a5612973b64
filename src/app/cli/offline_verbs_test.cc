// The verbs that need no server, from their options to what they print.
#include "app/cli/testing/offline_verbs.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <regex>
#include <set>
#include <sstream>

#include "app/api/version.h"
#include "app/cli/proof_text.h"
#include "app/cli/verbs.h"
#include "base/random.h"
#include "base/text.h"
#include "edge/checkpoint/checkpoint.h"
#include "edge/checkpoint/ledger.h"
#include "edge/io/files.h"
#include "edge/io/http_socket.h"
#include "edge/io/process.h"
#include "edge/io/system_clock.h"
#include "edge/mailbox/mailbox.h"
#include "edge/objectstore/file_store.h"
#include "edge/objectstore/file_url.h"
#include "edge/objectstore/testing/fake_s3.h"

namespace tradewind::cli {
namespace {

namespace fs = std::filesystem;

const OwnerId owner("0123456789abcdef0123456789abcdef");

// ---- version

TEST_F(OfflineVerbsTest, VersionWithoutAServerSaysSo) {
  EXPECT_EQ(*run(run_version, VersionOptions{}), ExitCode::done);
  EXPECT_EQ(out(), "tradewind " + std::string(api::program_version) + " (API 1)\nserver    none runs\n");
  json_ = true;
  EXPECT_EQ(*run(run_version, VersionOptions{}), ExitCode::done);
  EXPECT_EQ(document().at("version").as_string(), api::program_version);
  EXPECT_EQ(document().at("api").as_int64(), api::api_version);
  EXPECT_TRUE(document().at("server").is_null());
  EXPECT_FALSE(fs::exists(home_.path() / "tw")) << "asking changes nothing";
}

// ---- check

TEST_F(OfflineVerbsTest, CheckFindsWhatIsThereWithinASecond) {
  json_ = true;
  const Duration began = clock_.monotonic();
  const Result<ExitCode> code = run(run_check, CheckOptions{});
  EXPECT_LT(clock_.monotonic() - began, Duration(3000)) << "a second, and room for a busy machine";
  ASSERT_TRUE(code.ok());
  EXPECT_EQ(*code, ExitCode::done);
  EXPECT_TRUE(document().at("usable").as_bool());
  std::map<std::string, std::string> statuses;
  const json::value checked = document();
  for (const json::value& check : checked.at("checks").as_array()) {
    statuses[std::string(check.at("name").as_string())] = std::string(check.at("status").as_string());
    EXPECT_FALSE(check.at("detail").as_string().empty());
  }
  EXPECT_EQ(statuses["state folder"], "ok");
  EXPECT_EQ(statuses["server"], "ok");
  EXPECT_EQ(statuses["aws"], "missing");
  EXPECT_TRUE(statuses.contains("gpu") && statuses.contains("python3") &&
              statuses.contains("control groups"));
  EXPECT_FALSE(fs::exists(home_.path() / "tw")) << "looking makes nothing";
}

TEST_F(OfflineVerbsTest, CheckShowsEachCureBelowItsLine) {
  wiring_.check_suppliers = [](const std::string& zones) {
    return std::vector<CheckLine>{{"supplier local/harbour", "ok", "zones from " + zones, ""},
                                  {"hetzner", "missing", "no key", "set HCLOUD_TOKEN"}};
  };
  EXPECT_EQ(*run(run_check, CheckOptions{"z.yaml", ""}), ExitCode::done);
  EXPECT_TRUE(out().starts_with("NAME ")) << out();
  EXPECT_NE(out().find("zones from " + home_.path().string() + "/z.yaml\n"), std::string::npos) << out();
  EXPECT_NE(out().find("no key\n    → set HCLOUD_TOKEN\n"), std::string::npos) << out();
}

TEST_F(OfflineVerbsTest, CheckFailsWhenNothingCanRunHere) {
  write_text(home_.path() / "file", "");
  environment_["TRADEWIND_HOME"] = (home_.path() / "file" / "tw").string();
  EXPECT_EQ(*run(run_check, CheckOptions{}), ExitCode::failed);
  EXPECT_NE(out().find("is no folder"), std::string::npos) << out();
  environment_["TRADEWIND_HOME"] = (home_.path() / "tw").string();
  wiring_.check_suppliers = [](const std::string&) {
    return std::vector<CheckLine>{{"supplier local", "broken", "zones.yaml:3: no", "mend it"}};
  };
  EXPECT_EQ(*run(run_check, CheckOptions{}), ExitCode::failed);
}

TEST_F(OfflineVerbsTest, CheckTellsOfCredentialsWithoutReadingThem) {
  write_text(home_.path() / ".aws" / "credentials", "aws_secret_access_key = abc123");
  write_text(home_.path() / "key.json", "abc123");
  environment_["GOOGLE_APPLICATION_CREDENTIALS"] = (home_.path() / "key.json").string();
  environment_["AZURE_CLIENT_ID"] = "secret-id";
  EXPECT_EQ(*run(run_check, CheckOptions{}), ExitCode::done);
  EXPECT_NE(out().find("credentials in " + (home_.path() / ".aws/credentials").string() +
                       "; used for stores (s3://)"),
            std::string::npos)
      << out();
  EXPECT_NE(out().find("credentials in $AZURE_CLIENT_ID; used for stores (azblob://)"), std::string::npos);
  EXPECT_NE(out().find("key.json; used for stores (gs://)"), std::string::npos) << out();
  EXPECT_EQ(out().find("abc123"), std::string::npos);
  EXPECT_EQ(out().find("secret-id"), std::string::npos);
}

TEST_F(OfflineVerbsTest, CheckProvesWhatAStoreCanDo) {
  const std::string url = objectstore::file_url((home_.path() / "store").string());
  json_ = true;
  EXPECT_EQ(*run(run_check, CheckOptions{"", url}), ExitCode::done);
  const json::object proved = document().as_object();
  EXPECT_EQ(proved.at("store").as_string(), url);
  EXPECT_TRUE(proved.at("usable").as_bool());
  EXPECT_TRUE(proved.at("holds_objects").as_bool());
  EXPECT_TRUE(proved.at("holds_ledgers").as_bool());
  EXPECT_EQ(proved.at("checks").as_array().size(), 8U);
  EXPECT_TRUE(proved.at("round_trip_s").is_number());
  json_ = false;
  EXPECT_EQ(*run(run_check, CheckOptions{"", url}), ExitCode::done);
  EXPECT_NE(out().find("exactly one of 8 racing writers created, 5 times of 5"), std::string::npos) << out();
  EXPECT_EQ(run(run_check, CheckOptions{"", "s4://x"}).error().code, Code::invalid_argument);
}

TEST_F(OfflineVerbsTest, CheckCallsAStoreThatOverwritesUnfitForLedgers) {
  objectstore::FakeS3Options options;
  options.honours_if_none_match = false;
  const objectstore::FakeS3 fake(options);
  for (const auto& [name, value] : fake.environment()) ::setenv(name.c_str(), value.c_str(), 1);
  EXPECT_EQ(*run(run_check, CheckOptions{"", fake.url("p")}), ExitCode::failed);
  for (const auto& [name, value] : fake.environment()) ::unsetenv(name.c_str());
  EXPECT_NE(out().find("create-if-absent  broken"), std::string::npos) << out();
  EXPECT_NE(out().find("unfit for ledgers"), std::string::npos) << out();
}

// ---- simulate

TEST_F(OfflineVerbsTest, SimulateRunsOneSeedWithItsLog) {
  SimulateOptions options;
  options.seed = 7;
  options.faults = true;
  options.log = true;
  EXPECT_EQ(*run(run_simulate, options), ExitCode::done);
  const std::string first = out();
  EXPECT_NE(first.find("job.submitted"), std::string::npos) << first.substr(0, 400);
  EXPECT_NE(first.find("violations   none\n"), std::string::npos);
  json_ = true;
  EXPECT_EQ(*run(run_simulate, options), ExitCode::done);
  EXPECT_EQ(document().at("seed").as_int64(), 7);
  EXPECT_GT(document().at("log").as_array().size(), 20U);
  EXPECT_TRUE(document().at("violations").as_array().empty());
}

TEST_F(OfflineVerbsTest, SimulateSumsManySeedsAndShowsTheirCoverage) {
  SimulateOptions options;
  options.seeds = 10;
  options.faults = true;
  EXPECT_EQ(*run(run_simulate, options), ExitCode::done);
  EXPECT_NE(out().find("1 to 10, with faults"), std::string::npos) << out();
  EXPECT_NE(out().find("edges  "), std::string::npos) << out();
  json_ = true;
  EXPECT_EQ(*run(run_simulate, options), ExitCode::done);
  EXPECT_EQ(document().at("seeds").as_int64(), 10);
  const std::int64_t edges = document().at("coverage").at("edges").as_int64();
  EXPECT_EQ(document().at("coverage").at("crossed").as_int64() +
                static_cast<std::int64_t>(document().at("coverage").at("missed").as_array().size()),
            edges);
}

TEST_F(OfflineVerbsTest, SimulateEndsAtCtrlC) {
  interrupted_ = true;
  SimulateOptions options;
  options.seeds = 1'000'000;
  EXPECT_EQ(*run(run_simulate, options), ExitCode::interrupted);
  options.log = true;
  EXPECT_EQ(run(run_simulate, options).error().code, Code::invalid_argument);
}

// ---- completion

bool has(const std::string& program) {
  const auto found = io::run_command({{program, "-c", "true"}, io::current_environment()}, Duration(10'000));
  return found.ok() && found->status.success();
}

TEST_F(OfflineVerbsTest, CompletionScriptsAreWellFormed) {
  for (const std::string shell : {"bash", "zsh", "fish"}) {
    ASSERT_EQ(*run(run_completion, CompletionOptions{shell}), ExitCode::done);
    EXPECT_FALSE(std::regex_search(out(), std::regex("@[A-Z_]+@"))) << "a mark was left";
    for (const VerbWords& verb : verb_words()) EXPECT_NE(out().find(verb.verb), std::string::npos) << shell;
    if (!has(shell)) continue;  // checked where the shell is
    const fs::path script = home_.path() / ("completion." + shell);
    write_text(script, out());
    const auto checked = io::run_command({{shell, "-n", script.string()}, environment_}, Duration(20'000));
    ASSERT_TRUE(checked.ok());
    EXPECT_TRUE(checked->status.success()) << shell << ": " << checked->err;
    EXPECT_EQ(checked->err, "") << shell;
  }
  EXPECT_EQ(run(run_completion, CompletionOptions{"tcsh"}).error().code, Code::invalid_argument);
  json_ = true;
  EXPECT_EQ(*run(run_completion, CompletionOptions{"bash"}), ExitCode::done);
  EXPECT_TRUE(document().at("script").as_string().starts_with("# bash completion"));
}

class BashCompletionTest : public OfflineVerbsTest {
 protected:
  // What bash offers after these words, the last of which is being written.
  std::set<std::string> completed(const std::vector<std::string>& words) {
    EXPECT_EQ(*run(run_completion, CompletionOptions{"bash"}), ExitCode::done);
    const fs::path script = home_.path() / "completion.bash";
    write_text(script, out());
    const std::string complete =
        "source \"$1\"; shift; cd -- \"$HOME\"; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); "
        "_tradewind tradewind \"${COMP_WORDS[COMP_CWORD]}\"; printf '%s\\n' \"${COMPREPLY[@]}\"";
    std::vector<std::string> argv{"bash", "-c", complete, "test", script.string(), "tradewind"};
    argv.insert(argv.end(), words.begin(), words.end());
    const auto said = io::run_command({argv, environment_}, Duration(20'000));
    EXPECT_TRUE(said.ok() && said->status.success());
    EXPECT_EQ(said->err, "");
    const std::vector<std::string> lines = split(trim(said->out), '\n');
    std::set<std::string> all(lines.begin(), lines.end());
    all.erase("");
    return all;
  }
};

TEST_F(BashCompletionTest, OffersVerbsWordsFlagsAndFiles) {
  EXPECT_EQ(completed({"ch"}), (std::set<std::string>{"check", "checkpoint"}));
  EXPECT_EQ(completed({"checkpoint", ""}),
            (std::set<std::string>{"save", "copy", "list", "show", "diff", "verify", "repair", "prune",
                                   "restore", "new-key", "rekey"}));
  EXPECT_EQ(completed({"checkpoint", "restore", "--st"}), (std::set<std::string>{"--step", "--store"}));
  EXPECT_EQ(completed({"move", "train", "--w"}), (std::set<std::string>{"--wait"}));
  EXPECT_EQ(completed({"jobs", "--state", "fa"}), (std::set<std::string>{"failed"}));
  EXPECT_EQ(completed({"completion", ""}), (std::set<std::string>{"bash", "zsh", "fish"}));
  EXPECT_EQ(completed({"--color", "always", "off"}), (std::set<std::string>{"offers"}));
  write_text(home_.path() / "train me.yaml", "");
  write_text(home_.path() / "train.py", "");
  fs::create_directory(home_.path() / "tree");
  EXPECT_EQ(completed({"run", "tr"}), (std::set<std::string>{"train me.yaml", "tree"}));
  EXPECT_EQ(completed({"run", "--", "t"}), (std::set<std::string>{}));
}

// A program in tradewind's place that says what it was asked, and how.
TEST_F(BashCompletionTest, AsksARunningServerForJobsAndStartsNone) {
  const fs::path program = home_.path() / "bin" / "tradewind";
  write_text(program,
             "#!/bin/sh\necho \"$TRADEWIND_SERVER $*\" >> \"$HOME/asked\"\n"
             "echo 'ID  NAME'\necho 'j-0123456789  train'\necho 'j-abcdefghjk  other'\n");
  fs::permissions(program, fs::perms::owner_all);
  environment_["PATH"] = (home_.path() / "bin").string() + ":" + environment_["PATH"];
  EXPECT_EQ(completed({"logs", ""}), std::set<std::string>{});
  EXPECT_FALSE(fs::exists(home_.path() / "asked")) << "there is no socket";
  fs::create_directories(home_.path() / "tw" / "state");
  const Result<io::UniqueFd> listener = io::listen_unix((home_.path() / "tw/state/server.sock").string());
  ASSERT_TRUE(listener.ok());
  EXPECT_EQ(completed({"logs", "j-0"}), std::set<std::string>{"j-0123456789"});
  EXPECT_EQ(completed({"checkpoint", "verify", ""}), (std::set<std::string>{"j-0123456789", "j-abcdefghjk"}));
  const std::string asked = "unix:" + (home_.path() / "tw/state/server.sock").string() + " jobs --all\n";
  EXPECT_EQ(file_text(home_.path() / "asked"), asked + asked);
}

// ---- checkpoint

// A store with a job of three checkpoints, of which the agent said what it did.
class CheckpointVerbTest : public OfflineVerbsTest {
 protected:
  CheckpointVerbTest() : store_(*objectstore::open_file_store((home_.path() / "my store").string())) {
    options_.store = objectstore::file_url((home_.path() / "my store").string());
  }

  mailbox::Mailbox box(const JobId& job) { return {*store_, owner, job}; }
  checkpoint::ChunkPlace place(const JobId& job) {
    return {store_.get(), nullptr, {}, mailbox::job_prefix(owner, job)};
  }

  void make_job(const JobId& job, const std::string& name, bool finished) {
    JobSpec spec;
    spec.name = name;
    spec.checkpoint.keep = 2;
    ASSERT_TRUE(box(job).write_spec(spec).ok());
    const LeaseId lease("l-0123456789abcdefghjk");
    checkpoint::LedgerWriter writer(*store_, mailbox::job_prefix(owner, job), lease);
    ASSERT_TRUE(writer.claim(clock_.now(), 7).ok());
    AgentStatus status;
    for (const int step : {10, 20, 30}) save_step(job, writer, step, status);
    std::string lines;
    for (int step = 1; step <= 30; ++step) lines += "{\"step\":" + std::to_string(step) + ",\"total\":30}\n";
    ASSERT_TRUE(box(job).write_progress(lease, 1, lines).ok());
    status.lease = lease;
    status.job = job;
    status.step = 30;
    ASSERT_TRUE(box(job).write_status(status).ok());
    if (!finished) return;
    ASSERT_TRUE(writer.append_finish(clock_.now(), Outcome::succeeded, 0, "").ok());
  }

  void save_step(const JobId& job, checkpoint::LedgerWriter& writer, int step, AgentStatus& status) {
    const fs::path state = home_.path() / "state";
    write_text(state / "model" / "weights", noise(step));
    write_text(state / "step", std::to_string(step));
    const auto saved = checkpoint::save(
        {state, job, 1, LeaseId("l-0123456789abcdefghjk"), double(step), {}, clock_.now()}, place(job));
    ASSERT_TRUE(saved.ok()) << describe(saved.error());
    ASSERT_TRUE(writer.append_checkpoint(clock_.now(), saved->id, saved->manifest.root_digest, step).ok());
    status.saved_step = step;
    status.saved_digest = saved->manifest.root_digest;
    status.epoch = 1;
  }

  // Of the job's chunks; each holds the weights or the number of one step.
  std::vector<fs::path> chunk_files(const JobId& job) {
    std::vector<fs::path> files;
    const fs::path folder = home_.path() / "my store" / mailbox::job_prefix(owner, job) / "chunks";
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      if (entry.is_regular_file()) files.push_back(entry.path());
    }
    return files;
  }

  CheckpointOptions with(CheckpointAction action) {
    CheckpointOptions options = options_;
    options.action = action;
    return options;
  }

  std::unique_ptr<objectstore::ObjectStore> store_;
  CheckpointOptions options_;
  const JobId first{"j-first00001"};
  const JobId second{"j-second0001"};
};

TEST_F(CheckpointVerbTest, ListsWhatTheLedgerNames) {
  make_job(first, "train", true);
  EXPECT_EQ(*run(run_checkpoint, options_), ExitCode::done);
  EXPECT_NE(out().find("30      1  48.8 KiB      3  "), std::string::npos) << out();
  json_ = true;
  EXPECT_EQ(*run(run_checkpoint, options_), ExitCode::done);
  EXPECT_EQ(document().at("checkpoints").as_array().size(), 3U);
  EXPECT_EQ(document().at("store").at("prefix").as_string(), mailbox::job_prefix(owner, first));
}

TEST_F(CheckpointVerbTest, FindsTheJobByWhateverAPersonWrites) {
  make_job(first, "train", true);
  fs::last_write_time(home_.path() / "my store" / mailbox::job_prefix(owner, first) / "spec.json",
                      fs::file_time_type::clock::now() - std::chrono::hours(1));
  make_job(second, "embed", true);
  json_ = true;
  const auto found = [&](const std::string& job) -> std::string {
    CheckpointOptions options = options_;
    options.job = job;
    const Result<ExitCode> code = run(run_checkpoint, options);
    if (!code.ok()) return std::string(to_text(code.error().code));
    return split(std::string(document().at("store").at("prefix").as_string()), '/')[3];
  };
  EXPECT_EQ(found("-"), second.text()) << "the newest";
  EXPECT_EQ(found(first.text()), first.text());
  EXPECT_EQ(found("train"), first.text());
  EXPECT_EQ(found("fir"), first.text());
  EXPECT_EQ(found("j-s"), second.text());
  EXPECT_EQ(found("tradewind/" + owner.text() + "/jobs/" + first.text()), first.text());
  EXPECT_EQ(found("j-"), "conflict");
  EXPECT_EQ(found("nothing"), "not_found");
  options_.store = "file:///nowhere/at/all";
  EXPECT_EQ(found("-"), "not_found");
  EXPECT_FALSE(fs::exists("/nowhere"));
  options_.store = "/a/path";
  EXPECT_EQ(found("-"), "invalid_argument");
}

TEST_F(CheckpointVerbTest, VerifyProvesEveryByteAndStep) {
  make_job(first, "train", true);
  EXPECT_EQ(*run(run_checkpoint, with(CheckpointAction::verify)), ExitCode::done) << out();
  EXPECT_NE(out().find("Steps 0 to 30: 30 counted, 0 missing, 0 counted twice."), std::string::npos) << out();
  EXPECT_NE(out().find("Proven:"), std::string::npos);
  EXPECT_NE(out().find("every byte is what was written"), std::string::npos);
  json_ = true;
  EXPECT_EQ(*run(run_checkpoint, with(CheckpointAction::verify)), ExitCode::done);
  EXPECT_TRUE(document().at("verified").as_bool());
}

TEST_F(CheckpointVerbTest, VerifyFindsOneDamagedByte) {
  make_job(first, "train", true);
  const fs::path chunk = chunk_files(first).front();
  std::string bytes = file_text(chunk);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  write_text(chunk, bytes);
  EXPECT_EQ(*run(run_checkpoint, with(CheckpointAction::verify)), ExitCode::failed);
  EXPECT_NE(out().find("Damaged:"), std::string::npos) << out();
  EXPECT_NE(out().find(chunk.filename().string()), std::string::npos) << out();
}

TEST_F(CheckpointVerbTest, RestoresAStepIntoAFolderOfItsOwn) {
  make_job(first, "train", true);
  CheckpointOptions options = with(CheckpointAction::restore);
  options.folder = "back/here";
  EXPECT_EQ(*run(run_checkpoint, options), ExitCode::done);
  EXPECT_NE(out().find("Restored step 30 "), std::string::npos) << out();
  EXPECT_EQ(file_text(home_.path() / "back/here/model/weights"), noise(30));
  EXPECT_EQ(run(run_checkpoint, options).error().code, Code::invalid_argument) << "it is not empty";
  options.folder = (home_.path() / "empty").string();
  fs::create_directory(options.folder);
  options.step = 10;
  json_ = true;
  EXPECT_EQ(*run(run_checkpoint, options), ExitCode::done);
  EXPECT_EQ(document().at("step").to_number<double>(), 10);
  EXPECT_TRUE(document().at("digest_equal").as_bool());
  EXPECT_EQ(file_text(home_.path() / "empty/step"), "10");
  options.folder = "other";
  options.step = 15;
  const Result<ExitCode> code = run(run_checkpoint, options);
  EXPECT_EQ(code.error().code, Code::not_found);
  EXPECT_EQ(code.error().hint, "there are those of step 10, 20, 30");
}

TEST_F(CheckpointVerbTest, ShowsComparesAndRepairsAJobsToo) {
  make_job(first, "train", true);
  json_ = true;
  CheckpointOptions options = with(CheckpointAction::show);
  options.which = "20";
  EXPECT_EQ(*run(run_checkpoint, options), ExitCode::done);
  EXPECT_EQ(document().at("step").to_number<double>(), 20);
  EXPECT_EQ(*run(run_checkpoint, with(CheckpointAction::diff)), ExitCode::done);
  EXPECT_EQ(document().at("before").at("step").to_number<double>(), 20);
  EXPECT_EQ(document().at("after").at("step").to_number<double>(), 30);
  options = with(CheckpointAction::repair);
  EXPECT_EQ(run(run_checkpoint, options).error().code, Code::invalid_argument) << "it has one store only";
  fs::copy(home_.path() / "my store", home_.path() / "copies", fs::copy_options::recursive);
  write_text(chunk_files(first).at(0), "rubbish");
  options.from = {"copies"};
  EXPECT_EQ(*run(run_checkpoint, options), ExitCode::done);
  EXPECT_EQ(document().at("repaired").as_array().size(), 1U);
  EXPECT_EQ(*run(run_checkpoint, with(CheckpointAction::verify)), ExitCode::done);
}

TEST_F(CheckpointVerbTest, RestoreEndsAtCtrlCAndLeavesNothing) {
  make_job(first, "train", true);
  CheckpointOptions options = with(CheckpointAction::restore);
  options.folder = "back";
  interrupted_ = true;
  EXPECT_EQ(*run(run_checkpoint, options), ExitCode::interrupted);
  EXPECT_FALSE(fs::exists(home_.path() / "back"));
}

TEST_F(CheckpointVerbTest, PruneKeepsWhatTheJobSaysAndShowsItBefore) {
  make_job(first, "train", true);
  CheckpointOptions options = with(CheckpointAction::prune);
  options.dry_run = true;
  EXPECT_EQ(*run(run_checkpoint, options), ExitCode::done);
  EXPECT_NE(out().find("Would remove 1 checkpoint and 2 chunks"), std::string::npos) << out();
  EXPECT_EQ(chunk_files(first).size(), 6U);
  options.dry_run = false;
  json_ = true;
  EXPECT_EQ(*run(run_checkpoint, options), ExitCode::done);
  EXPECT_EQ(document().at("kept").to_number<int>(), 2);
  EXPECT_EQ(document().at("removed_chunks").to_number<int>(), 2);
  EXPECT_EQ(chunk_files(first).size(), 4U);
  EXPECT_EQ(*run(run_checkpoint, with(CheckpointAction::verify)), ExitCode::done) << "what is kept is whole";
  options.keep.last = 1;
  EXPECT_EQ(*run(run_checkpoint, options), ExitCode::done);
  EXPECT_EQ(chunk_files(first).size(), 2U);
}

TEST_F(CheckpointVerbTest, PruneSparesTheYoungChunksOfAJobThatLives) {
  make_job(first, "train", false);
  EXPECT_EQ(*run(run_checkpoint, with(CheckpointAction::prune)), ExitCode::done);
  EXPECT_NE(out().find("Removed 1 checkpoint and 0 chunks"), std::string::npos) << out();
  EXPECT_NE(out().find("The job is not over"), std::string::npos);
  EXPECT_EQ(chunk_files(first).size(), 6U);
}

TEST(ProofTextTest, ShowsEpochsAndWhatIsWrong) {
  api::Proof proof;
  proof.epochs.push_back({1, LeaseId("l-1"), 1, "local/a", 0, 100, 130, 30, 100, "", "", true});
  proof.epochs.push_back({2, LeaseId("l-2"), 2, "local/b", 100, 400, 400, 0, 300, "ab", "ab", true});
  proof.last_step = 400;
  proof.counted_steps = 400;
  proof.redone_steps = 30;
  proof.ledger_records = 9;
  const std::string text = proof_text(proof, Terminal{});
  EXPECT_NE(text.find("    1  local/a     0  100      100      30  fresh start\n"), std::string::npos)
      << text;
  EXPECT_NE(text.find("    2  local/b   100  400      300       -  equal\n"), std::string::npos) << text;
  EXPECT_NE(text.find("30 lost with their place and done again"), std::string::npos) << text;
  EXPECT_NE(text.find("Proven:"), std::string::npos);
  proof.problems.emplace_back("epoch 2 reported 299 of the 300 steps");
  EXPECT_NE(proof_text(proof, Terminal{}).find("Not proven:\n  epoch 2 reported 299"), std::string::npos);
}

}  // namespace
}  // namespace tradewind::cli
