#include "edge/drivers/exec/exec_program.h"

#include <chrono>
#include <gtest/gtest.h>
#include <signal.h>
#include <thread>
#include <unistd.h>

#include "edge/drivers/exec/testing/scripted.h"
#include "edge/io/process_table.h"

namespace tradewind::exec {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

class ExecProgram : public testing::Test {
 protected:
  void use(const std::string& script, Duration timeout = seconds(20)) {
    folder_ = std::make_unique<ScriptFolder>(script);
    ProgramOptions options;
    options.run.name = "volt";
    options.run.command = {folder_->program().string()};
    options.run.environment = io::current_environment();
    options.run.environment["TRADEWIND_SUPPLIER_STATE"] = folder_->state().string();
    options.run.folder = folder_->path().string();
    options.run.log = folder_->log();
    options.timeout = timeout;
    options.first_pause = milliseconds(300);
    program_ = std::make_unique<Program>(options, capabilities_params("volt"), [](const json::value& result) {
      const Result<Told> told = read_capabilities(result, "volt");
      return told.ok() ? Result<int>(told->parallel) : Result<int>(told.error());
    });
  }
  Error error_of(const std::string& method) {
    const Result<json::value> answer = program_->ask(method, {});
    EXPECT_FALSE(answer.ok());
    return answer.ok() ? Error{} : answer.error();
  }
  bool eventually(const std::function<bool()>& condition) {
    for (int i = 0; i < 2000; ++i) {
      if (condition()) return true;
      std::this_thread::sleep_for(milliseconds(5));
    }
    return false;
  }
  // Of a process that a script noted under that name.
  bool lives(const std::string& note) {
    const Result<io::ProcessInfo> info = io::process_info(std::atoi(folder_->note(note).c_str()));
    return info.ok() && !info->ended();
  }

  std::unique_ptr<ScriptFolder> folder_;
  std::unique_ptr<Program> program_;
};

TEST_F(ExecProgram, IsStartedOnceAndAskedAgainAndAgain) {
  use(scripted(R"(offers) answer '{"n":1}' ;;)"));
  for (int i = 0; i < 3; ++i) {
    const Result<json::value> answer = program_->ask("offers", {});
    ASSERT_TRUE(answer.ok()) << answer.error().message;
    EXPECT_EQ(answer->at("n"), 1);
  }
  EXPECT_EQ(folder_->starts(), 1);
}

TEST_F(ExecProgram, ItsOwnErrorsKeepTheirCodesAndNameIt) {
  use(scripted(R"(launch) refuse insufficient_capacity 'no room' ;;)"));
  const Error error = error_of("launch");
  EXPECT_EQ(error.code, Code::insufficient_capacity);
  EXPECT_EQ(error.message, "volt: no room");
  EXPECT_EQ(error_of("dance").message, "volt: no dance here");
  EXPECT_EQ(folder_->starts(), 1) << "an error is an answer";
}

TEST_F(ExecProgram, WhatIsNoAnswerEndsItAndNamesTheQuestion) {
  use(scripted(R"(offers) echo Hello there ;;)"));
  const Error error = error_of("offers");
  EXPECT_EQ(error.code, Code::unavailable) << "whatever was asked may have been done";
  EXPECT_NE(error.message.find("the program of the supplier volt (" + folder_->program().string() +
                               ") answered offers with what is no answer"),
            std::string::npos)
      << error.message;
  EXPECT_NE(error.message.find("'Hello there'"), std::string::npos);
  EXPECT_NE(error.hint.find("stderr"), std::string::npos);
}

TEST_F(ExecProgram, AnAnswerToWhatNobodyAskedEndsIt) {
  use(scripted(R"(offers) id=99; answer '{}' ;;)"));
  const Error error = error_of("offers");
  EXPECT_EQ(error.code, Code::unavailable);
  EXPECT_NE(error.message.find("answered offers with the id 99, which nobody asked"), std::string::npos)
      << error.message;
}

TEST_F(ExecProgram, ALineWithoutAnEndIsCut) {
  use(scripted(R"(offers) head -c 20000000 /dev/zero | tr '\0' x ;;)"));
  EXPECT_NE(error_of("offers").message.find("answered offers with a line of more than 16 MiB"),
            std::string::npos);
}

TEST_F(ExecProgram, OneThatDiesIsStartedAgainAfterAPauseWithItsLastWordsTold) {
  use(scripted(R"(offers) echo 'no route to volt' >&2; exit 3 ;; terminate) answer '{}' ;;)"));
  const Error died = error_of("offers");
  EXPECT_EQ(died.code, Code::unavailable);
  EXPECT_NE(died.message.find("ended: exit code 3; it said at last: no route to volt"), std::string::npos)
      << died.message;
  const Error paused = error_of("terminate");
  EXPECT_EQ(paused.code, Code::unavailable);
  EXPECT_NE(paused.message.find("no route to volt; it is started again in"), std::string::npos)
      << paused.message;
  EXPECT_EQ(folder_->starts(), 1);
  EXPECT_TRUE(eventually([&] { return program_->ask("terminate", {}).ok(); }));
  EXPECT_EQ(folder_->starts(), 2);
  EXPECT_NE(folder_->logged().find("no route to volt"), std::string::npos);
}

TEST_F(ExecProgram, EachEarlyDeathDoublesThePause) {
  use("#!/bin/sh\necho started >>\"$TRADEWIND_SUPPLIER_STATE/starts\"\nexit 1\n");
  const auto begun = steady_clock::now();
  EXPECT_TRUE(eventually([&] {
    static_cast<void>(program_->ask("offers", {}).ok());
    return folder_->starts() >= 4;
  }));
  EXPECT_GE(steady_clock::now() - begun, milliseconds(300 + 600 + 1200));
}

TEST_F(ExecProgram, KilledInTheMiddleItsAnswerIsLostAndTheNextIsGiven) {
  use(scripted(R"(launch) echo $$ >"$TRADEWIND_SUPPLIER_STATE/pid"; sleep 600 ;; offers) answer '{}' ;;)"));
  std::thread killer([&] {
    EXPECT_TRUE(eventually([&] { return !folder_->note("pid").empty(); }));
    ::kill(std::atoi(folder_->note("pid").c_str()), SIGKILL);
  });
  const Error lost = error_of("launch");
  killer.join();
  EXPECT_EQ(lost.code, Code::unavailable);
  EXPECT_NE(lost.message.find("killed by SIGKILL"), std::string::npos) << lost.message;
  EXPECT_TRUE(eventually([&] { return program_->ask("offers", {}).ok(); }));
}

TEST_F(ExecProgram, ADeathThatNobodyWaitedForIsLogged) {
  use(scripted(R"(offers) echo $$ >"$TRADEWIND_SUPPLIER_STATE/pid"; answer '{}' ;;)"));
  ASSERT_TRUE(program_->ask("offers", {}).ok());
  ASSERT_EQ(::kill(std::atoi(folder_->note("pid").c_str()), SIGKILL), 0);
  EXPECT_TRUE(eventually([&] { return program_->ask("offers", {}).ok() && folder_->starts() == 2; }));
  EXPECT_NE(folder_->logged().find("ended: killed by SIGKILL"), std::string::npos) << folder_->logged();
}

TEST_F(ExecProgram, OneThatHangsIsStartedAnew) {
  use(scripted(R"(launch) sleep 600 ;; offers) answer '{}' ;;)"), seconds(1));
  const Error late = error_of("launch");
  EXPECT_EQ(late.code, Code::unavailable);
  EXPECT_NE(late.message.find("did not answer launch in time; whether it was done is not known"),
            std::string::npos)
      << late.message;
  EXPECT_TRUE(eventually([&] { return program_->ask("offers", {}).ok(); }));
  EXPECT_GE(folder_->starts(), 2);
}

TEST_F(ExecProgram, ALateAnswerMeansNothingWhileOthersAreAnswered) {
  use(scripted(R"(launch) (sleep 4; answer '{"late":1}') & ;; offers) answer '{"n":1}' ;;)", 4), seconds(2));
  std::thread others([&] {
    for (int i = 0; i < 40; ++i) {
      EXPECT_TRUE(program_->ask("offers", {}).ok());
      std::this_thread::sleep_for(milliseconds(100));
    }
  });
  EXPECT_EQ(error_of("launch").code, Code::unavailable);
  others.join();
  std::this_thread::sleep_for(milliseconds(500));
  EXPECT_EQ(program_->ask("offers", {}).value().at("n"), 1);
  EXPECT_EQ(folder_->starts(), 1);
}

TEST_F(ExecProgram, SoManyAreAskedAtOnceAsItSays) {
  const auto ask_four = [&] {
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) threads.emplace_back([&] { EXPECT_TRUE(program_->ask("launch", {}).ok()); });
    for (std::thread& thread : threads) thread.join();
  };
  // Each is answered only when four are there.
  use(scripted(R"sh(launch) (echo + >>"$TRADEWIND_SUPPLIER_STATE/in"
    while [ "$(wc -l <"$TRADEWIND_SUPPLIER_STATE/in")" -lt 4 ]; do sleep 0.02; done; answer '{}') & ;;)sh",
               4));
  ask_four();
  EXPECT_EQ(folder_->note("in"), "+\n+\n+\n+\n");
  use(scripted(R"(launch) (echo in >>"$TRADEWIND_SUPPLIER_STATE/log"; sleep 0.1
    echo out >>"$TRADEWIND_SUPPLIER_STATE/log"; answer '{}') & ;;)",
               1));
  ask_four();
  EXPECT_EQ(folder_->note("log"), "in\nout\nin\nout\nin\nout\nin\nout\n")
      << "no second before the first was answered";
}

TEST_F(ExecProgram, WhoeverWaitsBehindOneThatHangsIsToldSo) {
  use(scripted(R"(launch) sleep 3; answer '{}' ;; offers) answer '{}' ;;)"), seconds(2));
  std::thread first([&] { static_cast<void>(program_->ask("launch", {}).ok()); });
  std::this_thread::sleep_for(milliseconds(500));
  const Error busy = error_of("offers");
  first.join();
  EXPECT_EQ(busy.code, Code::unavailable);
  EXPECT_NE(busy.message.find("did not answer launch"), std::string::npos) << busy.message;
}

TEST_F(ExecProgram, ItsWholeSessionIsEndedAndWhatLeftItIsNot) {
  use(scripted(
      R"(launch) sleep 600 & echo $! >"$TRADEWIND_SUPPLIER_STATE/child"; setsid sleep 600 >/dev/null 2>&1 & echo $! >"$TRADEWIND_SUPPLIER_STATE/left"; answer '{}' ;;)"));
  ASSERT_TRUE(program_->ask("launch", {}).ok());
  ASSERT_TRUE(eventually([&] {  // setsid has done its work
    const pid_t left = std::atoi(folder_->note("left").c_str());
    return lives("child") && left > 0 && ::getsid(left) == left;
  }));
  program_.reset();
  EXPECT_FALSE(lives("child"));
  EXPECT_TRUE(lives("left")) << "an instance outlives the program";
  ::kill(std::atoi(folder_->note("left").c_str()), SIGKILL);
}

TEST_F(ExecProgram, TheEndOfItsStdinIsTheWordToGo) {
  std::string script =
      scripted(R"(offers) answer '{}' ;;)") + "echo goodbye >>\"$TRADEWIND_SUPPLIER_STATE/bye\"\n";
  use(script);
  ASSERT_TRUE(program_->ask("offers", {}).ok());
  program_.reset();
  EXPECT_EQ(folder_->note("bye"), "goodbye\n");
}

TEST_F(ExecProgram, OneThatIgnoresAllWordsIsKilled) {
  use("#!/bin/sh\ntrap '' TERM\necho $$ >\"$TRADEWIND_SUPPLIER_STATE/pid\"\nread -r line\n"
      "echo '{\"id\":1,\"result\":{\"protocol\":1,\"regions\":[\"eu\"]}}'\nwhile :; do sleep 1; done\n");
  ASSERT_TRUE(program_->prove_started().ok());
  ASSERT_TRUE(lives("pid"));
  program_.reset();
  EXPECT_FALSE(lives("pid"));
}

TEST_F(ExecProgram, OneThatDoesNotReadItsStdinIsEnded) {
  use("#!/bin/sh\nread -r line\necho '{\"id\":1,\"result\":{\"protocol\":1,\"regions\":[\"eu\"]}}'\nsleep "
      "600\n",
      seconds(1));
  const Result<json::value> answer =
      program_->ask("launch", json::object{{"long", std::string(std::size_t{1} << 20, 'x')}});
  ASSERT_FALSE(answer.ok());
  EXPECT_NE(answer.error().message.find("does not take its stdin"), std::string::npos)
      << answer.error().message;
}

TEST_F(ExecProgram, OneThatCannotBeStartedSaysWhy) {
  use("not a program");
  const Error error = error_of("offers");
  EXPECT_NE(error.message.find("the program of the supplier volt"), std::string::npos) << error.message;
  EXPECT_NE(error.message.find("cannot be started"), std::string::npos) << error.message;
}

TEST_F(ExecProgram, AnotherProtocolIsRefusedAtTheFirstQuestion) {
  use(scripted(R"(capabilities) answer '{"protocol":2,"regions":["eu"]}' ;;)"));
  EXPECT_NE(error_of("offers").message.find("result.protocol is 2"), std::string::npos);
}

TEST_F(ExecProgram, SecretsAreInTheQuestionAndNowhereElse) {
  use(scripted(
      R"(launch) printf '%s' "$line" >"$TRADEWIND_SUPPLIER_STATE/line"; echo "got $line" >&2; refuse internal 'bad key hunter2hunter2' ;;)"));
  const Result<json::value> answer =
      program_->ask("launch", json::object{{"secrets", json::object{{"KEY", "hunter2hunter2"}}}},
                    {{"KEY", "hunter2hunter2"}});
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().message, "volt: bad key ***");
  EXPECT_NE(folder_->note("line").find("hunter2hunter2"), std::string::npos);
  EXPECT_TRUE(eventually([&] { return folder_->logged().find("got ") != std::string::npos; }));
  EXPECT_EQ(folder_->logged().find("hunter2"), std::string::npos);
}

}  // namespace
}  // namespace tradewind::exec
