#include "edge/objectstore/sftp/ssh_process.h"

#include <algorithm>
#include <gtest/gtest.h>

namespace tradewind::objectstore {
namespace {

SshCommand command_for(const std::string& url, const cloud::Variables& environment = {}) {
  const Result<SftpUrl> parsed = parse_sftp_url(url);
  EXPECT_TRUE(parsed.ok());
  return ssh_command(parsed.value_or(SftpUrl{}), environment);
}

std::vector<std::string> last(const SshCommand& command, std::size_t count) {
  return {command.argv.end() - static_cast<std::ptrdiff_t>(count), command.argv.end()};
}

Error told(const std::string& words) {
  return ssh_error(command_for("sftp://ana@nas/srv"), {Code::unavailable, "it ended"}, words);
}

TEST(SshCommand, AsksForTheSubsystemAndForNothingElse) {
  const SshCommand command = command_for("sftp://ana@nas:2222/srv");
  EXPECT_EQ(command.argv.front(), "ssh");
  EXPECT_EQ(last(command, 8),
            (std::vector<std::string>{"-p", "2222", "-l", "ana", "-s", "--", "nas", "sftp"}));
  EXPECT_NE(std::find(command.argv.begin(), command.argv.end(), "BatchMode=yes"), command.argv.end());
  EXPECT_EQ(command.target, "ana@nas:2222");
  const SshCommand plain = command_for("sftp://nas/srv");
  EXPECT_EQ(std::find(plain.argv.begin(), plain.argv.end(), "-p"), plain.argv.end());
  EXPECT_EQ(std::find(plain.argv.begin(), plain.argv.end(), "-l"), plain.argv.end());
}

TEST(SshCommand, AnotherProgramMayBeNamedWithArguments) {
  const SshCommand command = command_for("sftp://nas/srv", {{"TRADEWIND_SSH", " my-ssh  -F /etc/x "}});
  EXPECT_EQ((std::vector<std::string>{command.argv.begin(), command.argv.begin() + 3}),
            (std::vector<std::string>{"my-ssh", "-F", "/etc/x"}));
}

TEST(SshError, SaysWhatSshSaidWithTheCure) {
  const Error changed = told(
      "@@@@@@@@@@@@@@@@\n@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\n@@@@@@@@@@@@@@@@\r\n"
      "Host key verification failed.\r\n");
  EXPECT_EQ(changed.code, Code::unauthorized);
  EXPECT_NE(changed.hint.find("ssh-keygen -R"), std::string::npos);
  EXPECT_EQ(told("ana@nas: Permission denied (publickey,password).\r\n").code, Code::unauthorized);
  EXPECT_EQ(told("ssh: connect to host nas port 22: Connection refused\r\n").code, Code::not_found);
  EXPECT_EQ(told("ssh: connect to host nas port 22: Connection timed out\r\n").code, Code::unavailable);
  EXPECT_EQ(told("kex_exchange_identification: Connection closed by remote host\r\n").code,
            Code::unavailable);
}

TEST(SshError, ABannerIsNoCause) {
  const Error error = told("Authorised use only.\n");
  EXPECT_EQ(error.code, Code::unavailable);
  EXPECT_EQ(error.message, "cannot reach ana@nas by SFTP: it ended; ssh says: Authorised use only.");
}

TEST(SshError, OnlyTheLastLinesAreKeptAndNoneSteersATerminal) {
  std::string words;
  for (int i = 0; i < 50; ++i) words += "line " + std::to_string(i) + "\n";
  const Error error = told(words + "\x1b]0;owned\x07" + std::string(1000, 'x') + "\n");
  EXPECT_EQ(error.message.find("line 47"), std::string::npos);
  EXPECT_NE(error.message.find("line 48; line 49; ?]0;owned?xxx"), std::string::npos) << error.message;
  EXPECT_LT(error.message.size(), 400U);
}

TEST(SshProcess, WhatItWritesToStderrIsKeptToItsEnd) {
  SshCommand command = command_for("sftp://nas/srv");
  command.argv = {"/bin/sh", "-c", "seq 1 100000 >&2; echo the end >&2"};
  const Result<std::unique_ptr<SshProcess>> process = SshProcess::start(command);
  ASSERT_TRUE(process.ok()) << describe(process.error());
  const std::string words = (*process)->last_words();
  EXPECT_LE(words.size(), 4096U);
  EXPECT_TRUE(words.ends_with("100000\nthe end\n"));
}

TEST(SshProcess, OneThatDoesNotListenToReasonIsKilled) {
  SshCommand command = command_for("sftp://nas/srv");
  command.argv = {"/bin/sh", "-c", "trap '' TERM; echo ready >&2; while :; do sleep 1; done"};
  Result<std::unique_ptr<SshProcess>> process = SshProcess::start(command);
  ASSERT_TRUE(process.ok()) << describe(process.error());
  EXPECT_EQ((*process)->last_words(), "ready\n");
  const auto begin = std::chrono::steady_clock::now();
  process->reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
}

}  // namespace
}  // namespace tradewind::objectstore
