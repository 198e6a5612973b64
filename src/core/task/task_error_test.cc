#include "core/task/task_error.h"

#include <gtest/gtest.h>

#include "core/task/task_file.h"

namespace tradewind::task {
namespace {

TEST(TaskError, ShowsTheLineWithACaretBelowIt) {
  const std::string yaml = "name: x\nresources:\n  acelerators: H100\nrun: x\n";
  EXPECT_EQ(render(parse_task(yaml, "").errors, "train.yaml", yaml),
            "train.yaml:3:3: resources has no field 'acelerators'\n"
            "    3 |   acelerators: H100\n"
            "      |   ^~~~~~~~~~~\n"
            "      = did you mean 'accelerators'?\n");
}

TEST(TaskError, CaretsStandRightBelowWideCharactersAndTabs) {
  const std::string yaml = "run: x\n한글: {\t키: 1}\n";
  EXPECT_EQ(render({{2, 7, 1, "m"}}, "f", yaml),
            "f:2:7: m\n"
            "    2 | 한글: { 키: 1}\n"
            "      |         ^~\n");
}

TEST(TaskError, CutsALongLineAroundTheError) {
  const std::string yaml = std::string(500, 'a') + "X" + std::string(500, 'b');
  const std::string shown = render({{1, 501, 1, "m"}}, "f", yaml);
  EXPECT_EQ(shown, "f:1:501: m\n    1 | " + std::string(50, 'a') + "X" + std::string(49, 'b') + "\n      | " +
                       std::string(50, ' ') + "^\n");
}

TEST(TaskError, NeverShowsWhatSteersATerminal) {
  const std::string yaml =
      "run: \x1B[31mred\xC2\x9B"
      "0m\n";
  const std::string shown = render({{1, 6, 1, "found '\x1B[2J'"}}, "f", yaml);
  EXPECT_EQ(shown, "f:1:6: found '?[2J'\n    1 | run: ?[31mred?0m\n      |      ^\n");
}

TEST(TaskError, BecomesOneErrorWithALineEach) {
  const std::vector<TaskError> errors = {{1, 2, 1, "first", "do this"}, {0, 0, 1, "second"}};
  EXPECT_EQ(as_error(errors, "f"),
            (Error{Code::invalid_argument, "2 errors in f\nf:1:2: first (do this)\nf: second"}));
  EXPECT_EQ(as_error({errors[0]}, "f"), (Error{Code::invalid_argument, "f:1:2: first", "do this"}));
}

}  // namespace
}  // namespace tradewind::task
