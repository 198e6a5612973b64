#include "edge/objectstore/azblob_url.h"

#include <gtest/gtest.h>

#include "edge/objectstore/registry.h"

namespace tradewind::objectstore {
namespace {

std::string address_text(std::string_view url) {
  const Result<AzblobUrl> parsed = parse_azblob_url(url);
  if (!parsed.ok()) return describe(parsed.error());
  const AzureEndpoint address = address_of(*parsed);
  return io::to_text(address.server) + address.path + " " + parsed->container + " " + parsed->prefix;
}

TEST(AzblobUrlTest, AnAccountHasAServerOfItsOwn) {
  EXPECT_EQ(address_text("azblob://runs/team/a?account=acme1"),
            "https://acme1.blob.core.windows.net:443 runs team/a");
  EXPECT_EQ(parse_azblob_url("azblob://runs")->account, "") << "it may come from the environment";
}

TEST(AzblobUrlTest, PastedUrlsAreUnderstood) {
  EXPECT_EQ(address_text("https://acme1.blob.core.windows.net/runs/team/"),
            "https://acme1.blob.core.windows.net:443 runs team");
  EXPECT_EQ(to_text(*parse_azblob_url("https://acme1.blob.core.windows.net/runs/team")),
            "azblob://runs/team?account=acme1");
  EXPECT_EQ(to_text(*parse_azblob_url("https://acme1.blob.core.usgovcloudapi.net/runs")),
            "azblob://runs?account=acme1&endpoint=https://acme1.blob.core.usgovcloudapi.net:443");
  EXPECT_EQ(address_text("http://127.0.0.1:10000/devstoreaccount1/runs/a"),
            "http://127.0.0.1:10000/devstoreaccount1 runs a");
}

TEST(AzblobUrlTest, OtherPagesOfTheWebAreNoStores) {
  for (const char* url : {"https://example.com/runs", "https://blob.core.windows.net.example.com/c/p",
                          "http://10.0.0.1/acme/runs", "azure://runs"}) {
    EXPECT_FALSE(is_pasted_azblob_url(url)) << url;
    EXPECT_FALSE(parse_azblob_url(url).ok()) << url;
  }
}

TEST(AzblobUrlTest, AnAddressServesManyAccountsByTheirNames) {
  const std::string expected = "http://127.0.0.1:10000/acme1 runs a";
  EXPECT_EQ(address_text("azblob://runs/a?account=acme1&endpoint=http://127.0.0.1:10000"), expected);
  EXPECT_EQ(address_text("azblob://runs/a?account=acme1&endpoint=http://127.0.0.1:10000/acme1/"), expected);
  EXPECT_EQ(address_text("azblob://runs/a?endpoint=http://127.0.0.1:10000/acme1"), expected);
  EXPECT_EQ(address_text("azblob://runs/a?account=acme1&endpoint=http://azurite:10000"),
            "http://azurite:10000/acme1 runs a");
  EXPECT_EQ(address_text("azblob://runs/a?account=acme1&endpoint=https://blobs.example.com"),
            "https://blobs.example.com:443 runs a");
}

TEST(AzblobUrlTest, ItsTextComesBack) {
  for (const char* text : {"azblob://runs", "azblob://runs/a/b?account=acme1",
                           "azblob://runs/a?account=acme1&endpoint=http://127.0.0.1:10000/acme1"}) {
    const Result<AzblobUrl> url = parse_azblob_url(text);
    ASSERT_TRUE(url.ok()) << describe(url.error());
    EXPECT_EQ(to_text(*url), text);
    EXPECT_EQ(*parse_azblob_url(to_text(*url)), *url);
  }
}

TEST(AzblobUrlTest, ASasIsKeptAsItCameAndNeverShown) {
  const std::string sas = "sv=2021-08-06&sr=c&sp=rcwdl&se=2026-01-01T00%3A00%3A00Z&sig=hunter2%2Bx%3D";
  for (const std::string& url :
       {"azblob://runs/a?account=acme1&" + sas, "https://acme1.blob.core.windows.net/runs/a?" + sas}) {
    const Result<AzblobUrl> parsed = parse_azblob_url(url);
    ASSERT_TRUE(parsed.ok()) << describe(parsed.error());
    EXPECT_EQ(parsed->sas, sas);
    EXPECT_EQ(to_text(*parsed), "azblob://runs/a?account=acme1");
  }
  const Result<AzblobUrl> cut = parse_azblob_url("azblob://runs?sv=2021-08-06");
  ASSERT_FALSE(cut.ok());
  EXPECT_NE(describe(cut.error()).find("quotes"), std::string::npos) << describe(cut.error());
}

TEST(AzblobUrlTest, WhatIsWrongIsNamed) {
  const auto problem = [](std::string_view url) {
    const Result<AzblobUrl> parsed = parse_azblob_url(url);
    return parsed.ok() ? std::string("accepted") : describe(parsed.error());
  };
  EXPECT_NE(problem("azblob://").find("names no container"), std::string::npos);
  EXPECT_NE(problem("azblob:///a").find("names no container"), std::string::npos);
  EXPECT_NE(problem("https://acme1.blob.core.windows.net").find("names no container"), std::string::npos);
  for (const char* container : {"Runs", "ab", "a--b", "-ab", "ab-", "a.b", "a_b"}) {
    EXPECT_NE(problem("azblob://" + std::string(container) + "/p").find("cannot be"), std::string::npos)
        << container;
  }
  EXPECT_NE(problem("azblob://runs/a//b").find("prefix"), std::string::npos);
  EXPECT_NE(problem("azblob://runs/a%20b").find("prefix"), std::string::npos);
  EXPECT_NE(problem("azblob://runs?acount=x").find("did you mean account?"), std::string::npos);
  EXPECT_NE(problem("azblob://runs?account=Acme").find("account that cannot be"), std::string::npos);
  EXPECT_NE(problem("azblob://runs?endpoint=ftp://x").find("no endpoint"), std::string::npos);
  EXPECT_NE(problem("azblob://runs?endpoint=http://x/a/b").find("no account"), std::string::npos);
}

TEST(AzblobUrlTest, ASecretIsRefusedAndNotRepeated) {
  for (const char* url :
       {"azblob://acme:hunter2@runs/a", "azblob://runs?key=hunter2",
        "azblob://runs?account=acme1&AccountKey=hunter2", "azblob://runs?endpoint=https://u:hunter2@host",
        "azblob://runs?endpoint=https://host?sig=hunter2"}) {
    const Result<AzblobUrl> parsed = parse_azblob_url(url);
    ASSERT_FALSE(parsed.ok()) << url;
    EXPECT_EQ(describe(parsed.error()).find("hunter2"), std::string::npos) << describe(parsed.error());
  }
}

TEST(AzblobUrl, OneWithASecretIsNotWrittenDown) {
  const std::string url = "https://acme.blob.core.windows.net/runs/team?sv=2021-08-06&sp=rw&sig=hush%3D";
  const Status refused = check_no_secret(url);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::invalid_argument);
  EXPECT_EQ(describe(refused.error()).find("hush"), std::string::npos) << describe(refused.error());
  EXPECT_TRUE(check_no_secret("https://acme.blob.core.windows.net/runs/team").ok());
  EXPECT_TRUE(check_no_secret("s3://bucket/prefix?region=eu-west-1").ok());
}

}  // namespace
}  // namespace tradewind::objectstore
