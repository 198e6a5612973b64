#include "core/task/yaml_tree.h"

#include <gtest/gtest.h>

#include "core/task/reading.h"

namespace tradewind::task {
namespace {

std::string error_of(std::string_view yaml) {
  const YamlTree tree = read_yaml(yaml);
  if (tree.errors.size() != 1) return std::to_string(tree.errors.size()) + " errors";
  return describe(tree.errors.front(), "f");
}

std::string json_of(std::string_view yaml) {
  const YamlTree tree = read_yaml(yaml);
  EXPECT_TRUE(tree.complete && tree.errors.empty()) << yaml;
  return to_text(as_written(*tree.root));
}

std::string repeat(std::string_view text, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += text;
  return out;
}

TEST(YamlTree, KeepsValuesAsTheyWereWritten) {
  EXPECT_EQ(json_of("{a: 1, b: 1.5, c: true, d: ~, e: '1', f: 1e5, g: 1_0, h: yes, i: !!str 7, j: -0.25}"),
            R"({"a":1,"b":1.5,"c":true,"d":null,"e":"1","f":"1e5","g":"1_0","h":"yes","i":"7","j":-0.25})");
  EXPECT_EQ(json_of("- a\n- {b: [c]}\n- |\n  x\n   y\n"), R"(["a",{"b":["c"]},"x\n y\n"])");
  EXPECT_EQ(json_of(""), "null");
  EXPECT_EQ(json_of("# only a comment\n"), "null");
  EXPECT_EQ(json_of("\xEF\xBB\xBF"
                    "a: 1\r\nb: 2\r\n"),
            R"({"a":1,"b":2})");
}

TEST(YamlTree, AliasesStandForTheirAnchorsAndMergeKeysFillGaps) {
  EXPECT_EQ(json_of("a: &x {p: 1, q: 2}\nb: *x\nc: {<<: *x, q: 3}\n"),
            R"({"a":{"p":1,"q":2},"b":{"p":1,"q":2},"c":{"q":3,"p":1}})");
  EXPECT_EQ(json_of("a: &x {p: 1}\nb: &y {p: 2, q: 2}\nc: {<<: [*x, *y]}\n"),
            R"({"a":{"p":1},"b":{"p":2,"q":2},"c":{"p":1,"q":2}})");
  EXPECT_EQ(error_of("a: &x [*x]"), "f:1:8: this alias stands inside the part that it stands for");
  EXPECT_EQ(error_of("a: {<<: 5}"), "f:1:9: '<<' merges mappings, and this is '5'");
}

TEST(YamlTree, PointsAtCharactersNotBytes) {
  const YamlTree tree = read_yaml("이름: {y: 한글 값}\n");
  const YamlNode& inner = *tree.root->members.at(0).value;
  const YamlNode& value = *inner.members.at(0).value;
  EXPECT_EQ(inner.column, 5);
  EXPECT_EQ(value.column, 9);
  EXPECT_EQ(value.length, 4);
}

TEST(YamlTree, ExplainsWhatIsNotYaml) {
  EXPECT_EQ(error_of("a:\n  b: 1\n\tc: 2\n"),
            "f:3:1: a tab stands in the indentation (indent with spaces only)");
  EXPECT_EQ(error_of("a: b: c"),
            "f:1:5: not valid YAML: a ':' is not allowed here (put a value that holds ': ' into quotes, and "
            "give fields "
            "of one mapping the same indentation)");
  EXPECT_EQ(error_of("a: \"x"),
            "f:1:6: not valid YAML: a quote is not closed (add it at the end of the text)");
  EXPECT_EQ(
      error_of("a:\n  - 1\n b: 2"),
      "f:3:2: not valid YAML: this does not belong to the mapping above (give fields of one mapping the same "
      "indentation)");
  EXPECT_EQ(error_of("a: *y"),
            "f:1:4: not valid YAML: this alias has no anchor above it (put '&name' before the part that it "
            "stands for, "
            "or the text into quotes)");
  EXPECT_EQ(error_of("a: @x"),
            "f:1:4: not valid YAML: text cannot start with this character (put the text into quotes)");
}

TEST(YamlTree, RefusesWhatATaskFileIsNot) {
  EXPECT_EQ(error_of("a: 1\n---\nb: 2\n"),
            "f:2:1: a second document starts here; a task file is one document (put each task into a file of "
            "its own)");
  EXPECT_EQ(error_of("a: !foo 1"), "f:1:4: the tag '!foo' has no meaning here (remove it)");
  EXPECT_EQ(error_of("? [1]\n: 2\n"), "f:1:3: the name of a field is text, not a list");
  EXPECT_EQ(error_of("~: 2\n"), "f:1:1: the name of a field is text, not nothing");
  EXPECT_EQ(error_of(std::string("a: x\0y", 6)), "f:1:5: a control character (0x00) stands here (remove it)");
  EXPECT_EQ(error_of("a: 1\nb: \x1B[31m"), "f:2:4: a control character (0x1B) stands here (remove it)");
  EXPECT_EQ(error_of("a: \xFF"), "f:1:4: this byte is not UTF-8 (save the file as UTF-8)");
  EXPECT_EQ(error_of("a: \xED\xA0\x80"), "f:1:4: this byte is not UTF-8 (save the file as UTF-8)");
  EXPECT_EQ(error_of("{" + repeat("k", 600) + ": 1}"),
            "f:1:2: this name of a field is longer than 512 bytes");
}

TEST(YamlTree, BoundsWhatAFileCanCost) {
  EXPECT_EQ(error_of(repeat("# a task of ten megabytes ......\n", 330'000)),
            "f:1:1: the file is 10.4 MiB long; a task file has at most 1.0 MiB (keep programs and data in "
            "files of their "
            "own)");
  EXPECT_EQ(error_of(repeat("[", 100'000)), "f:1:17: parts are nested more than 32 deep");
  EXPECT_EQ(error_of(repeat("- ", 100'000)), "f:1:65: parts are nested more than 32 deep");
  std::string bomb = "a0: &a0 " + repeat("x", 100) + "\n";
  for (int i = 1; i <= 9; ++i) {
    const std::string below = "*a" + std::to_string(i - 1);
    const std::string name = "a" + std::to_string(i);
    bomb.append(name).append(": &").append(name).append(" [");
    bomb.append(repeat(below + ", ", 9)).append(below).append("]\n");
  }
  EXPECT_EQ(
      error_of(bomb),
      "f:6:30: the aliases of this file make it too large to read (write the parts out, or leave some away)");
}

TEST(YamlTree, FindsEveryDoubledKey) {
  const YamlTree tree = read_yaml("a: 1\nb: {c: 1, c: 2}\na: 2\n");
  EXPECT_TRUE(tree.complete);
  ASSERT_EQ(tree.errors.size(), 2u);
  EXPECT_EQ(describe(tree.errors[0], "f"),
            "f:2:11: 'c' is given twice; it stands in line 2 already (keep one of them)");
  EXPECT_EQ(describe(tree.errors[1], "f"),
            "f:3:1: 'a' is given twice; it stands in line 1 already (keep one of them)");
}

}  // namespace
}  // namespace tradewind::task
