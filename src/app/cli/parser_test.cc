#include <gtest/gtest.h>

#include "app/cli/options.h"

namespace tradewind::cli {
namespace {

template <class Options>
Options parsed(const std::vector<std::string>& arguments) {
  const auto result = parse_command_line(arguments);
  const auto* line = std::get_if<CommandLine>(&result);
  if (line == nullptr) {
    ADD_FAILURE() << std::get<ParseEnd>(result).text;
    return {};
  }
  const auto* options = std::get_if<Options>(&line->command);
  if (options == nullptr) {
    ADD_FAILURE() << "another verb";
    return {};
  }
  return *options;
}

ParseEnd ended(const std::vector<std::string>& arguments) {
  const auto result = parse_command_line(arguments);
  const auto* end = std::get_if<ParseEnd>(&result);
  if (end == nullptr) ADD_FAILURE() << "the line was accepted";
  return end == nullptr ? ParseEnd{} : *end;
}

TEST(ParserTest, ReadsOffers) {
  const auto offers = parsed<OffersOptions>({"offers", "H100", "east", "--infra", "aws", "--infra",
                                             "gcp/us-central1", "--spot", "--count", "4+", "-n", "5"});
  EXPECT_EQ(offers.words, (std::vector<std::string>{"H100", "east"}));
  EXPECT_EQ(offers.infra, (std::vector<std::string>{"aws", "gcp/us-central1"}));
  EXPECT_TRUE(offers.spot);
  EXPECT_EQ(offers.count, "4+");
  EXPECT_EQ(offers.limit, std::optional<std::size_t>(5));
  EXPECT_EQ(offers.sort, "price");
}

TEST(ParserTest, ACommandAfterDashesIsLeftAlone) {
  const auto run =
      parsed<RunOptions>({"run", "--name", "x", "--", "python3", "train.py", "--steps", "5", "--json"});
  EXPECT_EQ(run.command, (std::vector<std::string>{"python3", "train.py", "--steps", "5", "--json"}));
  EXPECT_EQ(run.changes.name, "x");
  EXPECT_TRUE(run.file.empty());
}

TEST(ParserTest, RunTakesAFileOrACommand) {
  EXPECT_EQ(parsed<RunOptions>({"run", "a b.yaml", "-e", "A=1", "-e", "B", "-d"}).changes.envs,
            (std::vector<std::string>{"A=1", "B"}));
  EXPECT_TRUE(ended({"run"}).wrong);
  EXPECT_TRUE(ended({"run", "--"}).wrong);
  EXPECT_TRUE(ended({"run", "f.yaml", "--", "true"}).wrong);
  EXPECT_TRUE(ended({"jobs", "--", "true"}).wrong);
}

TEST(ParserTest, SbatchReadsItsLineAsSlurmDoes) {
  const auto batch =
      parsed<SbatchOptions>({"sbatch", "-n4", "--mem", "2G", "train.sh", "--json", "--mem=1G"});
  EXPECT_EQ(batch.script, "train.sh");
  EXPECT_EQ(batch.arguments, (std::vector<std::string>{"--json", "--mem=1G"})) << "the script's own";
  ASSERT_EQ(batch.given.size(), 2U);
  EXPECT_EQ(batch.given[1].option->name, "mem");
  EXPECT_EQ(batch.given[1].value, "2G");
  EXPECT_TRUE(parsed<SbatchOptions>({"--json", "sbatch"}).script.empty()) << "stdin";
  for (const auto& words :
       std::vector<std::vector<std::string>>{{"--json", "sbatch", "x"}, {"sbatch", "--json", "x"}}) {
    EXPECT_TRUE(std::get<CommandLine>(parse_command_line(words)).json);
  }
  const ParseEnd unknown = ended({"sbatch", "--nodess=2", "x"});
  EXPECT_TRUE(unknown.wrong);
  EXPECT_EQ(unknown.text, "tradewind sbatch: on the command line: sbatch has no option '--nodess'");
  EXPECT_EQ(unknown.hint, "did you mean '--nodes'?");
  const ParseEnd help = ended({"sbatch", "--help"});
  EXPECT_FALSE(help.wrong);
  EXPECT_NE(help.text.find("-c,--cpus-per-task="), std::string::npos) << help.text;
  EXPECT_NE(help.text.find("--dependency"), std::string::npos);
}

TEST(ParserTest, SlurmsListVerbsAreThereAndNotShown) {
  EXPECT_EQ(parsed<SqueueOptions>({"squeue", "-h", "-j", "j-1,j-2", "-o", "%i %T"}).jobs,
            (std::vector<std::string>{"j-1", "j-2"}));
  EXPECT_TRUE(parsed<SqueueOptions>({"squeue", "-h"}).bare);
  EXPECT_EQ(parsed<ScancelOptions>({"scancel", "-n", "sweep", "-t", "PENDING"}).name, "sweep");
  EXPECT_EQ(ended({"--help"}).text.find("scancel"), std::string::npos);
  for (const VerbWords& verb : verb_words()) EXPECT_NE(verb.verb, "squeue");
}

TEST(ParserTest, JobsTakesAWatchAndAForm) {
  const auto jobs = parsed<JobsOptions>({"jobs", "-w", "-o", "wide", "-t", "R,PD", "--name", "sweep"});
  EXPECT_TRUE(jobs.watch);
  EXPECT_EQ(jobs.output, "wide");
  EXPECT_EQ(jobs.state, "R,PD");
  EXPECT_TRUE(ended({"jobs", "-o", "tall"}).wrong);
}

TEST(ParserTest, JsonMayStandBeforeOrAfterTheVerb) {
  for (const std::vector<std::string>& line : std::vector<std::vector<std::string>>{
           {"--json", "jobs"}, {"jobs", "--json"}, {"server", "status", "--json"}}) {
    const auto result = parse_command_line(line);
    ASSERT_TRUE(std::holds_alternative<CommandLine>(result));
    EXPECT_TRUE(std::get<CommandLine>(result).json);
  }
}

TEST(ParserTest, WhatIsOfAStoreIsNotPassedOverOfAJob) {
  for (const std::vector<std::string>& flag :
       std::vector<std::vector<std::string>>{{"--bwlimit", "50M"}, {"--manifest", "ab"}}) {
    std::vector<std::string> line = {"checkpoint", "restore", "./store", "--to", "x"};
    line.insert(line.end(), flag.begin(), flag.end());
    EXPECT_EQ(parsed<ArchiveOptions>(line).store, "./store");
    line[2] = "train";
    EXPECT_TRUE(ended(line).wrong) << flag[0];
    EXPECT_NE(ended(line).text.find(flag[0]), std::string::npos) << ended(line).text;
  }
  EXPECT_EQ(parsed<CheckpointOptions>({"checkpoint", "prune", "train", "--keep-hourly", "3"}).keep.hourly, 3);
  EXPECT_TRUE(ended({"checkpoint", "prune", "./store", "--keep-best", "3"}).wrong) << "of which metric?";
  EXPECT_EQ(parsed<ArchiveOptions>({"checkpoint", "prune", "./s", "--keep-best", "3", "--metric", "loss"})
                .keep.best,
            3);
  EXPECT_EQ(parsed<CheckpointOptions>({"checkpoint", "prune", "train", "--keep-last", "3"}).keep.last, 3);
}

TEST(ParserTest, AJobsKeyIsForWhoReadsItsStore) {
  const auto restore =
      parsed<CheckpointOptions>({"checkpoint", "restore", "train", "--to", "x", "--key-file", "k"});
  EXPECT_EQ(restore.seal.key_file, "k");
  for (const char* verb : {"list", "verify"}) {
    EXPECT_TRUE(ended({"checkpoint", verb, "train", "--key-file", "k"}).wrong) << verb;
    const auto direct = parsed<CheckpointOptions>(
        {"checkpoint", verb, "train", "--store", "file:///s", "--key-command", "pass show tw"});
    EXPECT_EQ(direct.seal.key_command, "pass show tw") << verb;
  }
  const auto rekey = parsed<CheckpointOptions>(
      {"checkpoint", "rekey", "train", "--key-file", "k", "--new-key-file", "n", "--keep-old"});
  EXPECT_EQ(rekey.action, CheckpointAction::rekey);
  EXPECT_EQ(rekey.job, "train");
  EXPECT_EQ(rekey.seal.key_file, "k");
  EXPECT_EQ(rekey.new_seal.key_file, "n");
  EXPECT_TRUE(rekey.keep_old);
  EXPECT_EQ(parsed<ArchiveOptions>({"checkpoint", "rekey", "./store", "--new-key-file", "n"}).store,
            "./store");
}

TEST(ParserTest, ReadsTheVerbsWithinVerbs) {
  const auto restore =
      parsed<CheckpointOptions>({"checkpoint", "restore", "train", "--to", "x", "--step", "250"});
  EXPECT_EQ(restore.action, CheckpointAction::restore);
  EXPECT_EQ(restore.job, "train");
  EXPECT_EQ(restore.step, 250);
  EXPECT_EQ(parsed<CheckpointOptions>({"checkpoint", "verify"}).job, "-");
  const auto archive =
      parsed<ArchiveOptions>({"checkpoint", "restore", "file:///x", "./state", "--step", "7"});
  EXPECT_EQ(archive.action, ArchiveAction::restore);
  EXPECT_EQ(archive.store, "file:///x");
  EXPECT_EQ(archive.folder, "./state");
  EXPECT_EQ(archive.step, 7);
  EXPECT_EQ(parsed<ArchiveOptions>({"checkpoint", "save", "./state", "backup"}).store, "backup");
  EXPECT_TRUE(parsed<ArchiveOptions>({"checkpoint", "verify", "./b", "--read-data"}).read_data);
  EXPECT_NE(ended({"checkpoint", "restore", "train"}).text.find("--to"), std::string::npos);
  EXPECT_EQ(parsed<CheckpointOptions>({"checkpoint", "show", "train", "1200"}).which, "1200");
  const auto diff = parsed<ArchiveOptions>({"checkpoint", "diff", "./b", "ab12", "1200"});
  EXPECT_EQ(diff.action, ArchiveAction::diff);
  EXPECT_EQ(diff.manifest, "ab12");
  EXPECT_EQ(diff.against, "1200");
  const auto repair =
      parsed<ArchiveOptions>({"checkpoint", "repair", "./b", "--from", "./c", "--from", "./d"});
  EXPECT_EQ(repair.from, (std::vector<std::string>{"./c", "./d"}));
  EXPECT_EQ(parsed<ServerRunOptions>({"server"}).action, ServerAction::run);
  const auto start = parsed<ServerRunOptions>({"server", "start", "--listen", "7070", "--zones", "z.yaml"});
  EXPECT_EQ(start.action, ServerAction::start);
  EXPECT_EQ(start.listen, 7070);
  EXPECT_EQ(start.zones, "z.yaml");
}

TEST(ParserTest, ASuppliersProgramKeepsItsOwnFlagsBehindTheDashes) {
  const auto plain =
      parsed<ProviderTestOptions>({"provider", "test", "./supplier.py", "--offer", "small", "--yes"});
  EXPECT_EQ(plain.command, std::vector<std::string>{"./supplier.py"});
  EXPECT_EQ(plain.offer, "small");
  EXPECT_TRUE(plain.yes);
  const auto dashed = parsed<ProviderTestOptions>(
      {"provider", "test", "--timeout", "10s", "--capacity", "4", "--", "python3", "s.py", "--yes"});
  EXPECT_EQ(dashed.command, (std::vector<std::string>{"python3", "s.py", "--yes"}));
  EXPECT_FALSE(dashed.yes);
  EXPECT_EQ(dashed.timeout, "10s");
  EXPECT_EQ(dashed.capacity, 4);
  EXPECT_EQ(ended({"provider", "test"}).text, "tradewind provider test needs the supplier's program");
  EXPECT_TRUE(ended({"provider", "test", "--capacity", "2", "x"}).wrong);
  EXPECT_NE(ended({"jobs", "--", "x"}).text.find("take a command after '--'"), std::string::npos);
}

TEST(ParserTest, ReadsHowAMachineIsLent) {
  const NodeOptions joined = parsed<NodeOptions>({"node", "join", "ana@control", "--hours", "22:00-07:00",
                                                  "--hours", "sat-sun", "--gpus", "0", "--share"});
  EXPECT_EQ(joined.action, NodeAction::join);
  EXPECT_EQ(joined.control, "ana@control");
  EXPECT_EQ(joined.hours, (std::vector<std::string>{"22:00-07:00", "sat-sun"}));
  EXPECT_EQ(joined.gpus, 0);
  EXPECT_EQ(joined.share, true);
  EXPECT_FALSE(parsed<NodeOptions>({"node", "join"}).share.has_value()) << "as it was";
  EXPECT_EQ(parsed<NodeOptions>({"node", "pause", "--for", "2h"}).pause_for, "2h");
  const NodeOptions added = parsed<NodeOptions>({"node", "add", "desk", "--host", "h", "--price", "0.5"});
  EXPECT_EQ(added.name, "desk");
  EXPECT_EQ(added.fields, (std::vector<std::pair<std::string, std::string>>{{"price_per_hour", "0.5"}}));
}

TEST(ParserTest, ADashIsTheLastJob) {
  EXPECT_EQ(parsed<LogsOptions>({"logs", "-f", "-"}).job, "-");
  EXPECT_EQ(parsed<MoveOptions>({"move", "-", "--to", "local/b", "--wait"}).job, "-");
}

TEST(ParserTest, OutputsAreListedOrBrought) {
  EXPECT_EQ(parsed<OutputsOptions>({"outputs"}).job, "-");
  const OutputsOptions some =
      parsed<OutputsOptions>({"outputs", "train", "a", "b/c", "--to", ".", "--overwrite"});
  EXPECT_EQ(some.job, "train");
  EXPECT_EQ(some.paths, (std::vector<std::string>{"a", "b/c"}));
  EXPECT_EQ(some.folder, ".");
  EXPECT_TRUE(some.overwrite);
  EXPECT_NE(ended({"outputs", "train", "--overwrite"}).text.find("--to"), std::string::npos);
}

TEST(ParserTest, AnUnknownVerbOrFlagGetsTheNearestWord) {
  EXPECT_EQ(ended({"ofers"}).text, "tradewind has no verb 'ofers'");
  EXPECT_EQ(ended({"ofers"}).hint, "did you mean 'offers'?");
  EXPECT_EQ(ended({"jbos", "--json"}).json, true);
  EXPECT_EQ(ended({"offers", "--spto"}).text, "tradewind offers has no flag '--spto'");
  EXPECT_EQ(ended({"offers", "--spto"}).hint, "did you mean '--spot'?");
  EXPECT_EQ(ended({"checkpoint", "verfy"}).hint, "did you mean 'verify'?");
  EXPECT_EQ(ended({"xyzzy"}).hint, "tradewind --help shows what there is");
}

TEST(ParserTest, WhatIsMissingOrWrongIsSaid) {
  EXPECT_NE(ended({"move", "train"}).text.find("--to"), std::string::npos);
  EXPECT_NE(ended({"offers", "--cpus", "many"}).text.find("many"), std::string::npos);
  EXPECT_NE(ended({"completion", "tcsh"}).text.find("tcsh"), std::string::npos);
  EXPECT_NE(ended({"server", "--listen", "70000"}).text.find("70000"), std::string::npos);
  EXPECT_TRUE(ended({}).wrong);
  EXPECT_NE(ended({"checkpoint"}).text.find("list, verify"), std::string::npos);
}

TEST(ParserTest, AFlagBeforeItsVerbIsToldItsPlace) {
  const ParseEnd end = ended({"checkpoint", "--json", "list"});
  EXPECT_TRUE(end.wrong);
  EXPECT_EQ(end.text, "'--json' stands too early");
  EXPECT_EQ(end.hint, "write it after 'tradewind checkpoint list', to which it belongs");
}

TEST(ParserTest, HelpTeachesByExample) {
  EXPECT_FALSE(ended({"--help"}).wrong);
  EXPECT_NE(ended({"--help"}).text.find("Usage: tradewind [OPTIONS]"), std::string::npos);
  EXPECT_NE(ended({"checkpoint", "list", "--help"}).text.find("Usage: tradewind checkpoint list"),
            std::string::npos);
  EXPECT_NE(ended({"--help"}).text.find("tradewind run train.yaml"), std::string::npos);
  for (const VerbWords& verb : verb_words()) {
    const std::string help = ended({verb.verb, "--help"}).text;
    EXPECT_NE(help.find("Examples:\n  "), std::string::npos) << verb.verb;
    EXPECT_NE(help.find("tradewind " + verb.verb), std::string::npos) << verb.verb;
  }
}

TEST(ParserTest, VersionIsPrinted) {
  EXPECT_EQ(ended({"--version"}).text, std::string("tradewind ") + TRADEWIND_VERSION + "\n");
}

}  // namespace
}  // namespace tradewind::cli
