#include "core/task/sbatch_script.h"

#include <gtest/gtest.h>

namespace tradewind::task {
namespace {

// "name=value" of each, in their order.
std::vector<std::string> read(const std::string& lines) {
  const BatchScript script = read_batch_script("#!/bin/bash\n" + lines);
  std::vector<std::string> texts;
  for (const TaskError& error : script.errors) texts.push_back("! " + describe(error, "s"));
  for (const SbatchGiven& given : script.given)
    texts.push_back(std::string(given.option->name) + "=" + given.value);
  return texts;
}

using Texts = std::vector<std::string>;

TEST(SbatchScript, ReadsLongAndShortOptions) {
  EXPECT_EQ(read("#SBATCH --job-name=a -c 4\n#SBATCH -n8 --mem 16G\n#SBATCH -J b\n"),
            (Texts{"job-name=a", "cpus-per-task=4", "ntasks=8", "mem=16G", "job-name=b"}));
  EXPECT_EQ(read("#SBATCH --cpus-per-t=2 --exclusive --wait\n"),
            (Texts{"cpus-per-task=2", "exclusive=", "wait="}));
  EXPECT_EQ(read("#SBATCH --exclusive=user -W\n"), (Texts{"exclusive=user", "wait="}));
  EXPECT_EQ(read("#SBATCH -QWc 2\n"), (Texts{"quiet=", "wait=", "cpus-per-task=2"}));
  EXPECT_EQ(read("#SBATCH--mem=1G\n"), (Texts{"mem=1G"})) << "Slurm asks for no blank";
}

TEST(SbatchScript, StopsAtTheFirstCommand) {
  EXPECT_EQ(read("\n# text\n   \n#SBATCH -n 1\n  # more\n##SBATCH -n 2\n# SBATCH -n 3\necho\n#SBATCH -n 4\n"),
            (Texts{"ntasks=1"}));
}

TEST(SbatchScript, QuotesKeepWordsTogetherAndHashesBeginComments) {
  EXPECT_EQ(read("#SBATCH --comment=\"a b\" -J 'c d'  # the rest\n"), (Texts{"comment=a b", "job-name=c d"}));
  EXPECT_EQ(read("#SBATCH --comment=a\\\"b\\#c --mem=4#G\n"), (Texts{"comment=a\"b#c", "mem=4"}));
  EXPECT_EQ(read("#SBATCH --comment=\"it's\"\n"), (Texts{"comment=it's"}));
}

TEST(SbatchScript, ErrorsHaveTheirPlace) {
  EXPECT_EQ(read("# 1\n#SBATCH -n 2 --cpu-per-task=4\n"),
            (Texts{"! s:3:14: sbatch has no option '--cpu-per-task' (did you mean '--cpus-per-task'?)",
                   "ntasks=2"}));
  EXPECT_EQ(read("#SBATCH --mem-\n"),
            (Texts{"! s:2:9: '--mem-' may mean --mem-per-cpu, --mem-per-gpu, --mem-bind "
                   "(write one of them)"}));
  EXPECT_EQ(read("#SBATCH -y\n"),
            (Texts{"! s:2:9: sbatch has no option '-y' (tradewind sbatch --help lists them)"}));
  EXPECT_EQ(read("#SBATCH --mem\n"), (Texts{"! s:2:9: --mem needs a value (write --mem=VALUE)"}));
  EXPECT_EQ(read("#SBATCH --wait=yes\n"), (Texts{"! s:2:9: --wait takes no value (write --wait alone)"}));
  EXPECT_EQ(read("#SBATCH 한글 -J 'x\n"), (Texts{"! s:2:15: the quote ' has no end on this line"}));
  EXPECT_EQ(read("#SBATCH -n 2 words\n"),
            (Texts{"! s:2:14: Invalid directive found in batch script: words (put quotes around a value with "
                   "blanks, and '#' before a comment)",
                   "ntasks=2"}));
  EXPECT_EQ(read("#SBATCH -n 1 : -n 2\n"),
            (Texts{"! s:2:14: ':' parts a job of several components, and there are "
                   "none (submit each as a job of its own)"}));
}

TEST(SbatchScript, OwnOptionsHaveLinesOfTheirOwn) {
  EXPECT_EQ(read("#TRADEWIND --checkpoint=state --infra aws\n#TRADEWINDS --x\n"),
            (Texts{"checkpoint=state", "infra=aws"}));
  EXPECT_EQ(
      read("#SBATCH --infra=aws\n"),
      (Texts{"! s:2:9: --infra is not an option of Slurm's (write it on a #TRADEWIND line, which Slurm takes "
             "for a comment)"}));
  EXPECT_EQ(read("#TRADEWIND -n 4\n"),
            (Texts{"! s:2:15: --ntasks is Slurm's own (write it on a #SBATCH line)"}));
}

TEST(SbatchScript, KnowsTheInterpreter) {
  const BatchScript script = read_batch_script("#! /usr/bin/env  python3 -u \nprint(1)\n");
  ASSERT_TRUE(script.ok());
  EXPECT_EQ(script.interpreter, "/usr/bin/env");
  EXPECT_EQ(script.argument, "python3 -u") << "one word, as the kernel has it";
}

TEST(SbatchScript, RefusesWhatIsNoScript) {
  const auto first = [](std::string_view text) {
    const BatchScript script = read_batch_script(text);
    return script.ok() ? std::string("taken") : describe(script.errors.front(), "s");
  };
  EXPECT_EQ(first(""), "s: Batch script is empty!");
  EXPECT_EQ(first(" \n\t\n"), "s: Batch script contains only whitespace!");
  EXPECT_EQ(first("echo hi\n"),
            "s:1:1: This does not look like a batch script.  The first line must start with #! followed by "
            "the path "
            "to an interpreter. (For instance: #!/bin/sh)");
  EXPECT_EQ(first(std::string_view("#!/bin/sh\n\0\n", 12)),
            "s:2:1: The Slurm controller does not allow scripts that contain a NULL character '\\0'.");
  EXPECT_EQ(first("#!/bin/sh\r\necho\r\n"),
            "s:1:1: Batch script contains DOS line breaks (\\r\\n) instead of expected UNIX line breaks "
            "(\\n). (dos2unix "
            "makes it right)");
  EXPECT_EQ(first("#!/bin/sh\n# \xe9t\xe9\n"),
            "s:2:1: this line is no UTF-8 text (iconv -f latin1 -t utf8 makes it so)");
  EXPECT_EQ(first("#!\n"), "s:1:1: #! names no interpreter (For instance: #!/bin/sh)");
  EXPECT_EQ(first(wrapped_script("hostname")), "taken");
}

TEST(SbatchOptions, NamesAndLettersAreUnique) {
  for (const SbatchOption& a : sbatch_options()) {
    EXPECT_EQ(find_sbatch_option(a.name), &a);
    for (const SbatchOption& b : sbatch_options()) {
      const bool is_other = &a != &b && a.letter != '\0';
      EXPECT_FALSE(is_other && a.letter == b.letter) << a.name << " and " << b.name;
    }
    EXPECT_EQ(a.word.empty(), a.deed == SbatchDeed::fulfilled) << a.name;
  }
}

TEST(SbatchOptions, TheCommandLineEndsAtTheScript) {
  const SbatchWords read =
      read_sbatch_words({{"-n"}, {"2"}, {"train.sh"}, {"--mem=1G"}}, SbatchSource::command_line);
  ASSERT_EQ(read.given.size(), 1U);
  ASSERT_EQ(read.rest.size(), 2U);
  EXPECT_EQ(read.rest[1].text, "--mem=1G");
  EXPECT_EQ(read_sbatch_words({{"--"}, {"-x"}}, SbatchSource::command_line).rest.front().text, "-x");
}

}  // namespace
}  // namespace tradewind::task
