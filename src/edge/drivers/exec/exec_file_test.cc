#include "edge/drivers/exec/exec_file.h"

#include <gtest/gtest.h>

#include "edge/io/files.h"

namespace tradewind::exec {
namespace {

std::string problem_of(const std::string& supplier) {
  const SuppliersOutcome outcome = parse_suppliers("suppliers: [{" + supplier + "}]\n");
  return outcome.errors.empty() ? "" : outcome.errors.front().message + " | " + outcome.errors.front().hint;
}

TEST(ExecFile, ReadsSuppliersWithAllTheirFields) {
  const SuppliersOutcome outcome = parse_suppliers(R"(
suppliers:
  - name: volt
    command: [python3, ./volt.py, --account, lab]
    environment: [VOLT_TOKEN, VOLT_URL]
    timeout: 2m
    regions: [eu-1, us_2.b]
  - {name: desk, command: /opt/desk}
)");
  ASSERT_TRUE(outcome.errors.empty()) << outcome.errors.front().message;
  ASSERT_EQ(outcome.suppliers.size(), 2U);
  EXPECT_EQ(outcome.suppliers[0], (SupplierConfig{"volt",
                                                  {"python3", "./volt.py", "--account", "lab"},
                                                  {"VOLT_TOKEN", "VOLT_URL"},
                                                  std::chrono::minutes(2),
                                                  {"eu-1", "us_2.b"}}));
  EXPECT_EQ(outcome.suppliers[1], (SupplierConfig{"desk", {"/opt/desk"}, {}, std::chrono::minutes(1), {}}));
}

TEST(ExecFile, TellsWhatIsWrongAndHowItIsRight) {
  EXPECT_NE(problem_of("command: [a]").find("suppliers[0] has no name"), std::string::npos);
  EXPECT_NE(problem_of("name: volt").find("has no command"), std::string::npos);
  EXPECT_NE(problem_of("name: volt, command: []").find("has no command"), std::string::npos);
  EXPECT_NE(problem_of("name: volt, command: [a], tiemout: 3s").find("did you mean 'timeout'"),
            std::string::npos);
  EXPECT_NE(problem_of("name: volt, command: [a], timeout: 0").find("suppliers[0].timeout"),
            std::string::npos);
  EXPECT_NE(problem_of("name: volt, command: [a], regions: [eu/1]").find("'eu/1', which is no region"),
            std::string::npos);
  EXPECT_NE(problem_of("name: Volt, command: [a]").find("lower-case"), std::string::npos);
}

TEST(ExecFile, RefusesNamesThatMeanSomethingElse) {
  for (const char* name : {"local", "ssh", "slurm", "kubernetes", "k8s", "exec", "aws", "gcp", "azure"}) {
    EXPECT_NE(problem_of("name: " + std::string(name) + ", command: [a]").find("which Tradewind itself uses"),
              std::string::npos)
        << name;
  }
  EXPECT_EQ(problem_of("name: my-aws, command: [a]"), "");
}

TEST(ExecFile, TakesNamesOfVariablesAndNeverTheirValues) {
  const std::string problem = problem_of("name: volt, command: [a], environment: [VOLT_TOKEN=abc]");
  EXPECT_NE(problem.find("no name of a variable"), std::string::npos) << problem;
  EXPECT_NE(problem_of("name: volt, command: [a], environment: [1A]").find("no name of a variable"),
            std::string::npos);
  EXPECT_EQ(problem_of("name: volt, command: [a], environment: [_A1]"), "");
}

TEST(ExecFile, TwoSuppliersOfOneNameAndABrokenFileAreErrorsWithTheirLine) {
  const SuppliersOutcome twice =
      parse_suppliers("suppliers: [{name: a, command: x}, {name: a, command: y}]\n");
  ASSERT_EQ(twice.errors.size(), 1U);
  EXPECT_NE(twice.errors[0].message.find("two suppliers named 'a'"), std::string::npos);
  const io::TempDir dir = io::TempDir::make("tw-exec-").value();
  ASSERT_TRUE(io::write_file_atomic(dir.path() / "exec.yaml", "suppliers: [{name: a}]\n").ok());
  const auto read = read_suppliers_file(dir.path() / "exec.yaml");
  ASSERT_FALSE(read.ok());
  EXPECT_NE(read.error().message.find("exec.yaml:1:13"), std::string::npos) << read.error().message;
}

}  // namespace
}  // namespace tradewind::exec
