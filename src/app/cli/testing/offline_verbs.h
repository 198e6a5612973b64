// A verb that is run as a user's machine would run it, without a server.
#pragma once

#include <atomic>
#include <filesystem>
#include <gtest/gtest.h>
#include <map>
#include <sstream>
#include <string>

#include "app/cli/context.h"
#include "app/cli/verbs.h"
#include "base/random.h"
#include "edge/io/files.h"
#include "edge/io/process.h"
#include "edge/io/system_clock.h"

namespace tradewind::cli {

inline std::string file_text(const std::filesystem::path& path) {
  return io::read_file(path).value_or("(unreadable)");
}

inline void write_text(const std::filesystem::path& path, std::string_view text) {
  std::filesystem::create_directories(path.parent_path());
  ASSERT_TRUE(io::write_file_atomic(path, text).ok());
}

inline std::string noise(int seed) {
  Random random(static_cast<std::uint64_t>(seed));
  std::string bytes;
  while (bytes.size() < 50'000) bytes += random_name(random, "", 50);
  return bytes;
}

// A user's machine: a home of their own, and a program that is run again and again.
class OfflineVerbsTest : public ::testing::Test {
 protected:
  OfflineVerbsTest() : home_(*io::TempDir::make("tw cli ")) {
    environment_ = {{"TRADEWIND_HOME", (home_.path() / "tw").string()},
                    {"HOME", home_.path().string()},
                    {"PATH", io::current_environment()["PATH"]}};
  }

  template <class Options>
  Result<ExitCode> run(Result<ExitCode> (*verb)(const Options&, Context&), const Options& options) {
    out_.str("");
    err_.str("");
    Context context{in_,
                    out_,
                    err_,
                    {},
                    json_,
                    environment_,
                    home_.path().string(),
                    {"/nowhere/tradewind"},
                    *io::folders_from(environment_),
                    clock_,
                    interrupted_,
                    wiring_};
    return verb(options, context);
  }

  std::string out() const { return out_.str(); }
  json::value document() {
    const Result<json::value> value = parse_json(out_.str());
    EXPECT_TRUE(value.ok()) << out_.str();
    return value.value_or(nullptr);
  }

  io::TempDir home_;
  std::map<std::string, std::string> environment_;
  std::istringstream in_;
  std::ostringstream out_;
  std::ostringstream err_;
  io::SystemClock clock_;
  std::atomic<bool> interrupted_{false};
  Wiring wiring_;
  bool json_ = false;
};

}  // namespace tradewind::cli
