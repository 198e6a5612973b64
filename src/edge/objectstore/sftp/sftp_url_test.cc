#include "edge/objectstore/sftp/sftp_url.h"

#include <gtest/gtest.h>

namespace tradewind::objectstore {
namespace {

SftpUrl parsed(const std::string& url) {
  const Result<SftpUrl> made = parse_sftp_url(url);
  EXPECT_TRUE(made.ok()) << describe(made.error());
  return made.value_or(SftpUrl{});
}

std::string refusal(const std::string& url) {
  const Result<SftpUrl> made = parse_sftp_url(url);
  EXPECT_FALSE(made.ok()) << url;
  if (made.ok()) return "";
  EXPECT_EQ(made.error().code, Code::invalid_argument);
  EXPECT_FALSE(made.error().hint.empty()) << url;
  return made.error().message;
}

TEST(SftpUrl, NamesHostUserPortAndPath) {
  const SftpUrl url = parsed("sftp://ana@nas.example.com:2222/srv/tradewind");
  EXPECT_EQ(url.host, "nas.example.com");
  EXPECT_EQ(url.user, "ana");
  EXPECT_EQ(url.port, 2222);
  EXPECT_EQ(url.path, "/srv/tradewind");
  EXPECT_EQ(parsed("sftp://nas/srv").port, 0);
  EXPECT_EQ(parsed("sftp://nas/srv").user, "");
}

TEST(SftpUrl, PathsMayBeginAtTheHome) {
  EXPECT_EQ(parsed("sftp://nas/~/runs/team").path, "runs/team");
  EXPECT_EQ(parsed("sftp://nas/~").path, ".");
  EXPECT_EQ(parsed("sftp://nas/~/").path, ".");
  EXPECT_EQ(parsed("sftp://nas/~/%7Eodd").path, "./~odd");
  EXPECT_EQ(parsed("sftp://nas/%7Eodd").path, "/~odd");
  EXPECT_NE(refusal("sftp://nas/~ben/runs").find("another user's home"), std::string::npos);
}

TEST(SftpUrl, PathsAreDecodedAndTidied) {
  EXPECT_EQ(parsed("sftp://nas/a%20store/sp%C3%A4t").path, "/a store/spät");
  EXPECT_EQ(parsed("sftp://nas//srv/./x///").path, "/srv/x");
  EXPECT_EQ(parsed("sftp://nas/").path, "/");
}

TEST(SftpUrl, IPv6AddressesStandInBrackets) {
  EXPECT_EQ(parsed("sftp://[::1]/srv").host, "::1");
  EXPECT_EQ(parsed("sftp://[fe80::1%25eth0]:22/srv").host, "fe80::1%eth0");
  refusal("sftp://[::1/srv");
  refusal("sftp://[::1]22/srv");
  refusal("sftp://[]/srv");
  refusal("sftp://[nas]/srv");
}

TEST(SftpUrl, IsWrittenAsItWasRead) {
  for (const char* url : {"sftp://nas/srv/a%20b", "sftp://ana@nas:2222/srv", "sftp://nas/~",
                          "sftp://nas/~/x/y", "sftp://nas/~/~odd", "sftp://nas/%7Eodd",
                          "sftp://[fe80::1%25eth0]:22/srv", "sftp://LAB%5Cana@nas/srv", "sftp://nas/"}) {
    EXPECT_EQ(to_text(parsed(url)), url);
  }
  EXPECT_EQ(to_text(parsed("sftp://nas/srv/")), "sftp://nas/srv");
}

TEST(SftpUrl, NothingInItCanBecomeAnOptionOrACommand) {
  refusal("sftp://-oProxyCommand=id/srv");
  refusal("sftp://-l@nas/srv");
  refusal("sftp://%2Dl@nas/srv");
  refusal("sftp://[-oProxyCommand=id]/srv");
  for (const char* part : {"a;id", "a$(id)", "a`id`", "a|b", "a b", "a'b", "a%0Ab", "a%00b", "a\nb"}) {
    refusal("sftp://" + std::string(part) + "/srv");
    refusal("sftp://" + std::string(part) + "@nas/srv");
  }
}

TEST(SftpUrl, APasswordIsRefusedAndNotRepeated) {
  for (const char* url :
       {"sftp://ana:geheim@nas/srv", "sftp://ana:geheim/x@nas/srv", "sftp://:geheim@nas/srv"}) {
    EXPECT_EQ(refusal(url).find("geheim"), std::string::npos) << refusal(url);
  }
}

TEST(SftpUrl, WhatIsNoUrlIsRefused) {
  refusal("sftp://");
  refusal("sftp://nas");
  refusal("sftp:///srv");
  refusal("sftp://nas:0/srv");
  refusal("sftp://nas:65536/srv");
  refusal("sftp://nas:2x/srv");
  refusal("sftp://nas:/srv");
  refusal("sftp://nas/srv/../etc");
  refusal("sftp://nas/srv?x=1");
  refusal("sftp://nas/srv#x");
  refusal("sftp://nas/a%zz");
  refusal("sftp://nas/a%00b");
  refusal("sftp://nas/a%1Bb");
  EXPECT_EQ(refusal("sftp://nas/a\x1b[2Jb").find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace tradewind::objectstore
