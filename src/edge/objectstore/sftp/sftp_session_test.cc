#include "edge/objectstore/sftp/sftp_session.h"

#include <future>
#include <gtest/gtest.h>

#include "edge/objectstore/testing/scripted_sftp.h"

namespace tradewind::objectstore {
namespace {

using Started = Result<std::unique_ptr<SftpSession>>;
constexpr Duration hasty{300};
constexpr Duration patient{10'000};

// What the client's side makes of what `play` does with the server's.
template <class Play>
Started start(ScriptedSftp& server, Duration patience, Play play) {
  auto client =
      std::async(std::launch::async, [&] { return SftpSession::start(server.take_client(), patience); });
  play();
  return client.get();
}

std::unique_ptr<SftpSession> started(ScriptedSftp& server, Duration patience = patient) {
  Started session = start(server, patience, [&] { server.greet(); });
  EXPECT_TRUE(session.ok()) << describe(session.error());
  return session.ok() ? *std::move(session) : nullptr;
}

SftpRequest look_at(std::string_view path) {
  SftpRequest request(SftpType::lstat, SftpType::attributes);
  request.text(path);
  return request;
}

SftpRequest forget(std::string_view path) {
  SftpRequest request(SftpType::remove, SftpType::status);
  request.text(path);
  return request;
}

std::string error_of(const Started& session) {
  return session.ok() ? "no error"
                      : std::string(to_text(session.error().code)) + ": " + describe(session.error());
}

TEST(SftpSession, LearnsWhatTheServerCan) {
  ScriptedSftp server;
  const Started session = start(server, patient, [&] {
    server.greet(sftp_extension("posix-rename@openssh.com") + sftp_extension("limits@openssh.com") +
                 sftp_extension("hardlink@openssh.com"));
    const SftpAsked limits = server.read();
    EXPECT_EQ(limits.rest, sftp_text("limits@openssh.com"));
    server.send_packet("\xc9" + sftp_number(limits.id) + sftp_number64(262144) + sftp_number64(65536) +
                       sftp_number64(131072) + sftp_number64(0));
  });
  ASSERT_TRUE(session.ok()) << describe(session.error());
  const SftpAbilities& abilities = (*session)->abilities();
  EXPECT_TRUE(abilities.posix_rename);
  EXPECT_TRUE(abilities.hardlink);
  EXPECT_FALSE(abilities.fsync);
  EXPECT_EQ(abilities.limits.read_bytes, 65536U);
  EXPECT_EQ(abilities.limits.write_bytes, 131072U);
}

TEST(SftpSession, WordsOfAShellBeforeTheServerAreNamed) {
  ScriptedSftp server;
  const Started session = start(server, hasty, [&] { server.send_raw("Welcome to \x1b[1mnas\x1b[0m!\n"); });
  EXPECT_EQ(
      error_of(session).find("invalid_argument: instead of an SFTP server something answers that begins "
                             "with 'Welcome to ?[1mnas?[0m!'"),
      0U)
      << error_of(session);
}

TEST(SftpSession, AnotherVersionIsRefused) {
  ScriptedSftp server;
  const Started session = start(server, patient, [&] { server.send_packet("\x02" + sftp_number(2)); });
  EXPECT_NE(error_of(session).find("speaks version 2"), std::string::npos) << error_of(session);
}

TEST(SftpSession, AServerThatHangsUpOrIsSilentAtOnceIsUnavailable) {
  ScriptedSftp gone;
  EXPECT_EQ(error_of(start(gone, patient, [&] { gone.hang_up(); })).find("unavailable: "), 0U);
  ScriptedSftp silent;
  const Started session = start(silent, hasty, [] {});
  EXPECT_NE(error_of(session).find("has not answered for 300ms"), std::string::npos) << error_of(session);
}

TEST(SftpSession, RepliesOutOfOrderReachWhoeverAsked) {
  ScriptedSftp server;
  const auto session = started(server);
  ASSERT_NE(session, nullptr);
  SftpCall one(*session);
  SftpCall two(*session);
  const auto first = one.send(forget("a"));
  const auto second = two.send(forget("b"));
  const auto third = one.send(forget("c"));
  ASSERT_TRUE(first.ok() && second.ok() && third.ok());
  for (int i = 0; i < 3; ++i) server.read();
  server.send_status(*third, 3, "third");
  server.send_status(*second, 0, "second");
  server.send_status(*first, 2, "first");
  EXPECT_EQ(one.reply_to(*first).value_or({}).message, "first");
  EXPECT_EQ(one.next().value_or({}).message, "third");
  EXPECT_EQ(two.next().value_or({}).message, "second");
  EXPECT_EQ(one.under_way(), 0U);
}

TEST(SftpSession, ManyThreadsShareOneConnection) {
  ScriptedSftp server;
  const auto session = started(server);
  ASSERT_NE(session, nullptr);
  constexpr int threads = 8;
  constexpr int rounds = 100;
  std::atomic<int> right = 0;
  {
    std::vector<std::jthread> askers;
    askers.reserve(threads);
    for (int i = 0; i < threads; ++i) {
      askers.emplace_back([&, i] {
        SftpCall call(*session);
        for (int round = 0; round < rounds; ++round) {
          const std::string name = std::to_string(i) + "/" + std::to_string(round);
          if (call.ask(forget(name)).value_or({}).message == sftp_text(name)) ++right;
        }
      });
    }
    for (int i = 0; i < threads * rounds; ++i) {
      const SftpAsked asked = server.read();
      server.send_status(asked.id, 4, asked.rest);
    }
  }
  EXPECT_EQ(right, threads * rounds);
}

// Each breaks the session, and the caller learns why.
struct Misdeed {
  const char* words;
  std::function<void(ScriptedSftp&, std::uint32_t id)> act;
};

TEST(SftpSession, WhateverAServerDoesWrongEndsTheSessionWithAReason) {
  const std::vector<Misdeed> misdeeds = {
      {"answered a request that was not made",
       [](ScriptedSftp& server, std::uint32_t id) { server.send_status(id + 1, 0); }},
      {"answered something else than was asked",
       [](ScriptedSftp& server, std::uint32_t id) { server.send_data(id, "x"); }},
      {"answered something else than was asked",
       [](ScriptedSftp& server, std::uint32_t id) { server.send_status(id, 0); }},
      {"announced a packet of 4294967295 bytes",
       [](ScriptedSftp& server, std::uint32_t) { server.send_raw("\xff\xff\xff\xff"); }},
      {"cut short", [](ScriptedSftp& server, std::uint32_t) { server.send_raw(sftp_number(0)); }},
      {"cut short",
       [](ScriptedSftp& server, std::uint32_t id) { server.send_packet("\x69" + sftp_number(id)); }},
      {"connection to the SFTP server ended",
       [](ScriptedSftp& server, std::uint32_t id) {
         server.send_raw(sftp_number(29) + "\x69" + sftp_number(id) + "only");
         server.hang_up();
       }},
      {"connection to the SFTP server ended", [](ScriptedSftp& server, std::uint32_t) { server.hang_up(); }},
  };
  for (const Misdeed& misdeed : misdeeds) {
    ScriptedSftp server;
    const auto session = started(server);
    ASSERT_NE(session, nullptr);
    SftpCall call(*session);
    const auto id = call.send(look_at("x"));
    ASSERT_TRUE(id.ok());
    server.read();
    misdeed.act(server, *id);
    const Result<SftpReply> reply = call.reply_to(*id);
    ASSERT_FALSE(reply.ok()) << misdeed.words;
    EXPECT_EQ(reply.error().code, Code::unavailable);
    EXPECT_NE(reply.error().message.find(misdeed.words), std::string::npos) << reply.error().message;
    EXPECT_TRUE(session->broken());
    EXPECT_FALSE(call.send(look_at("y")).ok());
  }
}

TEST(SftpSession, AServerThatNeverAnswersIsGivenUp) {
  ScriptedSftp server;
  const auto session = started(server, hasty);
  ASSERT_NE(session, nullptr);
  SftpCall call(*session);
  const auto begin = std::chrono::steady_clock::now();
  const Result<SftpReply> reply = call.ask(look_at("x"));
  ASSERT_FALSE(reply.ok());
  EXPECT_NE(reply.error().message.find("has not answered for 300ms"), std::string::npos);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, hasty);
  server.read();
  EXPECT_TRUE(server.at_end()) << "it hangs up";
}

TEST(SftpSession, AServerThatTakesNothingIsGivenUp) {
  ScriptedSftp server;
  const auto session = started(server, hasty);
  ASSERT_NE(session, nullptr);
  SftpCall call(*session);
  const std::string bytes(std::size_t{8} << 20, 'x');  // more than a socket holds
  SftpRequest request(SftpType::write, SftpType::status);
  request.text("h").number64(0).payload(bytes);
  const auto sent = call.send(std::move(request));
  ASSERT_FALSE(sent.ok());
  EXPECT_NE(sent.error().message.find("has not answered"), std::string::npos) << sent.error().message;
}

TEST(SftpSession, WhatIsKnownToTakeLongIsWaitedFor) {
  ScriptedSftp server;
  const auto session = started(server, hasty);
  ASSERT_NE(session, nullptr);
  SftpCall slow(*session);
  const auto id = slow.send(forget("slow"), Duration(20'000));
  ASSERT_TRUE(id.ok());
  auto other = std::async(std::launch::async, [&] { return SftpCall(*session).ask(forget("behind it")); });
  server.read();
  const SftpAsked behind = server.read();
  std::this_thread::sleep_for(3 * hasty);
  server.send_status(*id, 0);
  server.send_status(behind.id, 0);
  EXPECT_TRUE(slow.reply_to(*id).ok());
  EXPECT_TRUE(other.get().ok()) << "what waits behind it waits as long";
}

TEST(SftpSession, RepliesThatNobodyWaitsForAreDropped) {
  ScriptedSftp server;
  const auto session = started(server);
  ASSERT_NE(session, nullptr);
  std::uint32_t left = 0;
  {
    SftpCall call(*session);
    left = call.send(look_at("left")).value_or(0);
    ASSERT_TRUE(call.send_unasked(forget("unasked")).ok());
  }
  EXPECT_EQ(server.read().id, left);
  server.send_status(server.read().id, 0);
  server.send_status(left, 2);
  SftpCall call(*session);
  const auto id = call.send(forget("x"));
  ASSERT_TRUE(id.ok());
  server.send_status(*id, 0);
  EXPECT_TRUE(call.next().ok());
  EXPECT_FALSE(session->broken());
}

}  // namespace
}  // namespace tradewind::objectstore
