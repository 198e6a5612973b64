#include "edge/objectstore/azblob_credentials.h"

#include <filesystem>
#include <gtest/gtest.h>
#include <vector>

#include "edge/cloud/testing/scripted_server.h"
#include "edge/io/hash.h"
#include "edge/objectstore/testing/temporary_folder.h"

namespace tradewind::objectstore {
namespace {

using Kind = AzblobCredential::Kind;

io::HttpResponse token_for_an_hour(const io::HttpRequest&) {
  return {200, {}, R"({"token_type":"Bearer","expires_in":3600,"access_token":"hunter2"})", {}};
}

// One server plays Entra, the app service and the machine.
class AzblobCredentialsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    environment_ = {{"AZURE_AUTHORITY_HOST", script_.url()},
                    {"AZURE_POD_IDENTITY_AUTHORITY_HOST", script_.url()},
                    {"PATH", folder_.path().string()}};
  }

  std::unique_ptr<AzblobCredentialChain> chain(const std::string& url = "azblob://runs?account=acme1") {
    Result<AzblobUrl> parsed = parse_azblob_url(url);
    EXPECT_TRUE(parsed.ok()) << describe(parsed.error());
    const Result<AzblobSettings> settings = read_azblob_settings(environment_, *parsed);
    EXPECT_TRUE(settings.ok()) << describe(settings.error());
    return std::make_unique<AzblobCredentialChain>(*settings, clock_, http_);
  }
  void principal() {
    environment_["AZURE_TENANT_ID"] = "tenant-1";
    environment_["AZURE_CLIENT_ID"] = "client-1";
    environment_["AZURE_CLIENT_SECRET"] = "client secret";
  }
  // A program in the place of az.
  void az(const std::string& script) {
    write_file(folder_.path() / "az", "#!/bin/sh\n" + script);
    std::filesystem::permissions(folder_.path() / "az", std::filesystem::perms::owner_all);
  }

  TemporaryFolder folder_;
  ManualClock clock_{*parse_utc("2026-01-01T00:00:00Z")};
  io::HttpPool http_;
  cloud::Variables environment_;
  cloud::ScriptedServer script_;
};

TEST_F(AzblobCredentialsTest, TheOrderIsThatOfAzuresTools) {
  az("echo '{\"accessToken\":\"of az\",\"expires_on\":1767229200}'");
  EXPECT_EQ(chain()->get()->secret, "of az");
  environment_["AZURE_STORAGE_SAS_TOKEN"] = "?sv=1&sig=s";
  EXPECT_EQ(chain()->get()->secret, "sv=1&sig=s") << "before what has to be asked for";
  environment_["AZURE_STORAGE_KEY"] = io::base64("a key");
  EXPECT_EQ(chain()->get()->secret, "a key");
  environment_["AZURE_STORAGE_CONNECTION_STRING"] =
      "DefaultEndpointsProtocol=https;AccountName=acme1;AccountKey=" + io::base64("another") +
      ";EndpointSuffix=core.windows.net";
  EXPECT_EQ(chain()->get()->secret, "another");
  EXPECT_EQ(chain("azblob://runs?account=acme1&sv=1&sig=u")->get()->secret, "sv=1&sig=u");
}

TEST_F(AzblobCredentialsTest, AKeyIsNotTriedOnAnotherAccount) {
  environment_["AZURE_STORAGE_ACCOUNT"] = "other";
  environment_["AZURE_STORAGE_KEY"] = io::base64("a key");
  environment_["AZURE_STORAGE_SAS_TOKEN"] = "sv=1&sig=s";
  environment_["AZURE_STORAGE_CONNECTION_STRING"] = "AccountName=third;AccountKey=" + io::base64("another");
  const Error error = chain()->get().error();
  EXPECT_NE(error.message.find("is of account 'third'"), std::string::npos) << error.message;
  EXPECT_NE(error.message.find("AZURE_STORAGE_ACCOUNT is 'other'"), std::string::npos) << error.message;
  EXPECT_EQ(chain("azblob://runs?account=other")->get()->secret, "a key");
  EXPECT_EQ(chain("azblob://runs")->get()->secret, "another") << "a connection string says whose it is";
}

TEST_F(AzblobCredentialsTest, WhatWasNotCopiedWholeIsToldAndNotShown) {
  environment_["AZURE_STORAGE_KEY"] = "hunter2";
  Error error = chain()->get().error();
  EXPECT_EQ(error.code, Code::unauthorized);
  EXPECT_NE(error.message.find("the key in AZURE_STORAGE_KEY is no base64"), std::string::npos)
      << error.message;
  EXPECT_EQ(describe(error).find("hunter2"), std::string::npos);
  environment_.erase("AZURE_STORAGE_KEY");
  environment_["AZURE_STORAGE_SAS_TOKEN"] = "sv=hunter2";  // a shell ended it at the first &
  error = chain()->get().error();
  EXPECT_NE(error.hint.find("quotes"), std::string::npos) << describe(error);
  EXPECT_EQ(describe(error).find("hunter2"), std::string::npos);
}

TEST_F(AzblobCredentialsTest, ASasTellsItsEnd) {
  environment_["AZURE_STORAGE_SAS_TOKEN"] = "sv=1&se=2026-01-02T03%3A04%3A05Z&sig=s";
  EXPECT_EQ(chain()->get()->expires_at, *parse_utc("2026-01-02T03:04:05Z"));
  environment_["AZURE_STORAGE_SAS_TOKEN"] = "sv=1&si=policy&sig=s";
  EXPECT_EQ(chain()->get()->expires_at, std::nullopt);
}

TEST_F(AzblobCredentialsTest, ATokenIsAskedForStorageAndTellsItsEnd) {
  principal();
  script_ = token_for_an_hour;
  const auto held = chain();
  const Result<AzblobCredential> found = held->get();
  ASSERT_TRUE(found.ok()) << describe(found.error());
  EXPECT_EQ(found->kind, Kind::token);
  EXPECT_EQ(found->secret, "hunter2");
  EXPECT_EQ(found->principal, "client-1");
  EXPECT_EQ(found->source, "the service principal client-1");
  EXPECT_EQ(found->expires_at, *parse_utc("2026-01-01T01:00:00Z"));
  EXPECT_NE(script_.asked().at(0).body.find("scope=https%3A%2F%2Fstorage.azure.com%2F.default"),
            std::string::npos);
  held->forget(*found);
  ASSERT_TRUE(held->get().ok());
  EXPECT_EQ(script_.asked().size(), 2U);
}

TEST_F(AzblobCredentialsTest, WhereNothingIsFoundTheErrorListsWhatWasLookedAt) {
  az("echo 'ERROR: Please run az login to setup account.' >&2; exit 1");
  const Error error = chain()->get().error();
  EXPECT_EQ(error.code, Code::unauthorized);
  for (const char* place :
       {"account 'acme1'", "AZURE_STORAGE_CONNECTION_STRING is not set", "AZURE_STORAGE_KEY is not set",
        "AZURE_STORAGE_SAS_TOKEN is not set", "AZURE_CLIENT_SECRET is not set", "AZURE_FEDERATED_TOKEN_FILE",
        "IDENTITY_ENDPOINT", "the machine's managed identity", "nobody is signed in: run az login"}) {
    EXPECT_NE(error.message.find(place), std::string::npos) << place << ": " << error.message;
  }
  EXPECT_NE(error.hint.find("az login"), std::string::npos);
}

}  // namespace
}  // namespace tradewind::objectstore
