#include "app/agent/progress_file.h"

#include <fstream>
#include <gtest/gtest.h>
#include <vector>

#include "app/agent/progress_line.h"
#include "edge/io/files.h"

namespace tradewind::agent {
namespace {

class ProgressFileTest : public testing::Test {
 protected:
  void write(const std::string& text) { std::ofstream(path_, std::ios::app | std::ios::binary) << text; }
  std::vector<std::string> read() {
    std::vector<std::string> lines;
    file_.read(1 << 20, [&lines](std::string_view line) { lines.emplace_back(line); });
    return lines;
  }
  using Lines = std::vector<std::string>;

  io::TempDir dir_ = *io::TempDir::make("tw-progress-");
  std::filesystem::path path_ = dir_.path() / "progress 한글.jsonl";
  ProgressFile file_{path_};
};

TEST_F(ProgressFileTest, WholeLinesAreHandedOnOnce) {
  EXPECT_EQ(read(), Lines{});
  write("one\ntw");
  EXPECT_EQ(read(), Lines{"one"});
  EXPECT_EQ(read(), Lines{});
  write("o\n\nthree\n");
  EXPECT_EQ(read(), (Lines{"two", "three"}));
}

TEST_F(ProgressFileTest, TheRestIncludesALineWithoutANewline) {
  write("one\ntwo");
  Lines lines;
  file_.read_rest([&lines](std::string_view line) { lines.emplace_back(line); });
  EXPECT_EQ(lines, (Lines{"one", "two"}));
}

TEST_F(ProgressFileTest, ATruncatedOrReplacedFileIsReadFromItsStart) {
  write("one\ntwo\n");
  EXPECT_EQ(read().size(), 2U);
  std::filesystem::resize_file(path_, 0);
  write("new\n");
  EXPECT_EQ(read(), Lines{"new"});
  std::ofstream(dir_.path() / "other") << "a longer one\n";
  std::filesystem::rename(dir_.path() / "other", path_);
  EXPECT_EQ(read(), Lines{"a longer one"});
}

TEST_F(ProgressFileTest, AnEndlessLineDoesNotFillTheMemory) {
  for (int part = 0; part < 40; ++part) {
    write(std::string(1 << 16, 'x'));
    EXPECT_EQ(read(), Lines{});
  }
  write("\nnext\n");
  const Lines lines = read();
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0].size(), progress_line_bytes_max + 1);
  EXPECT_EQ(lines[1], "next");
}

TEST_F(ProgressFileTest, ManyBytesAreReadInPortions) {
  std::string text;
  while (text.size() < (40 << 20)) text += std::string(1023, 'y') + "\n";
  write(text);
  std::size_t lines = 0;
  std::size_t calls = 0;
  while (file_.read(1 << 20, [&lines](std::string_view) { ++lines; })) ++calls;
  EXPECT_EQ(lines, text.size() / 1024);
  EXPECT_GE(calls, 40U);
}

}  // namespace
}  // namespace tradewind::agent
