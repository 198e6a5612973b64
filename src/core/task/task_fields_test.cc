#include "core/task/task_fields.h"

#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

#include "core/task/task_file.h"

namespace tradewind::task {
namespace {

TEST(TaskFields, EachNameStandsOnceInItsSectionWithASentence) {
  for (const TaskField& field : task_fields()) {
    EXPECT_EQ(find_field(field.section, field.name), &field) << path_of(field);
    EXPECT_EQ(field.help.back(), '.') << path_of(field);
  }
}

TEST(TaskFields, TheGuideHasTheLineOfEachField) {
  std::ifstream file(TRADEWIND_SOURCE_DIR "/docs/task-file.md");
  std::stringstream guide;
  guide << file.rdbuf();
  for (const TaskField& field : task_fields()) {
    const std::string kept = field.standing == Standing::kept ? "kept" : "";
    const std::string line = "| `" + path_of(field) + "` | " + std::string(field.type) + " | " + kept +
                             " | " + std::string(field.help) + " |";
    EXPECT_NE(guide.str().find(line), std::string::npos) << "docs/task-file.md lacks: " << line;
  }
}

TEST(TaskFields, TheGuidesExamplesParse) {
  std::ifstream file(TRADEWIND_SOURCE_DIR "/docs/task-file.md");
  std::stringstream guide;
  guide << file.rdbuf();
  const std::string text = guide.str();
  int examples = 0;
  const std::string opening = "```yaml\n";
  for (std::size_t at = text.find(opening); at != std::string::npos; at = text.find(opening, at + 1)) {
    const std::size_t start = at + opening.size();
    const std::string yaml = text.substr(start, text.find("```", start) - start);
    TaskOptions options;
    options.run_required = false;
    const TaskOutcome outcome = parse_task(yaml, "example", options);
    EXPECT_TRUE(outcome.ok()) << render(outcome.errors, "example", yaml);
    ++examples;
  }
  EXPECT_EQ(examples, 2);
}

}  // namespace
}  // namespace tradewind::task
