#include "edge/objectstore/azure_credentials.h"

#include <filesystem>
#include <gtest/gtest.h>
#include <vector>

#include "edge/objectstore/hash.h"
#include "edge/objectstore/testing/scripted_server.h"
#include "edge/objectstore/testing/temporary_folder.h"

namespace tradewind::objectstore {
namespace {

using Kind = AzureCredential::Kind;

io::HttpResponse token_for_an_hour(const io::HttpRequest&) {
  return {200, {}, R"({"token_type":"Bearer","expires_in":3600,"access_token":"hunter2"})", {}};
}

// One server plays Entra, the app service and the machine.
class AzureCredentialsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    environment_ = {{"AZURE_AUTHORITY_HOST", script_.url()},
                    {"AZURE_POD_IDENTITY_AUTHORITY_HOST", script_.url()},
                    {"PATH", folder_.path().string()}};
  }

  std::unique_ptr<AzureCredentialChain> chain(const std::string& url = "azblob://runs?account=acme1") {
    Result<AzblobUrl> parsed = parse_azblob_url(url);
    EXPECT_TRUE(parsed.ok()) << describe(parsed.error());
    const Result<AzureSettings> settings = read_azure_settings(environment_, *parsed);
    EXPECT_TRUE(settings.ok()) << describe(settings.error());
    return std::make_unique<AzureCredentialChain>(*settings, clock_, http_);
  }
  void principal(const std::string& secret = "client secret") {
    environment_["AZURE_TENANT_ID"] = "tenant-1";
    environment_["AZURE_CLIENT_ID"] = "client-1";
    if (!secret.empty()) environment_["AZURE_CLIENT_SECRET"] = secret;
  }
  // A program in the place of az.
  void az(const std::string& script) {
    write_file(folder_.path() / "az", "#!/bin/sh\n" + script);
    std::filesystem::permissions(folder_.path() / "az", std::filesystem::perms::owner_all);
  }

  TemporaryFolder folder_;
  ManualClock clock_{*parse_utc("2026-01-01T00:00:00Z")};
  io::HttpPool http_;
  Variables environment_;
  ScriptedServer script_;
};

TEST_F(AzureCredentialsTest, TheOrderIsThatOfAzuresTools) {
  az("echo '{\"accessToken\":\"of az\",\"expires_on\":1767229200}'");
  EXPECT_EQ(chain()->get()->secret, "of az");
  environment_["AZURE_STORAGE_SAS_TOKEN"] = "?sv=1&sig=s";
  EXPECT_EQ(chain()->get()->secret, "sv=1&sig=s") << "before what has to be asked for";
  environment_["AZURE_STORAGE_KEY"] = base64("a key");
  EXPECT_EQ(chain()->get()->secret, "a key");
  environment_["AZURE_STORAGE_CONNECTION_STRING"] =
      "DefaultEndpointsProtocol=https;AccountName=acme1;AccountKey=" + base64("another") +
      ";EndpointSuffix=core.windows.net";
  EXPECT_EQ(chain()->get()->secret, "another");
  EXPECT_EQ(chain("azblob://runs?account=acme1&sv=1&sig=u")->get()->secret, "sv=1&sig=u");
}

TEST_F(AzureCredentialsTest, AKeyIsNotTriedOnAnotherAccount) {
  environment_["AZURE_STORAGE_ACCOUNT"] = "other";
  environment_["AZURE_STORAGE_KEY"] = base64("a key");
  environment_["AZURE_STORAGE_SAS_TOKEN"] = "sv=1&sig=s";
  environment_["AZURE_STORAGE_CONNECTION_STRING"] = "AccountName=third;AccountKey=" + base64("another");
  const Error error = chain()->get().error();
  EXPECT_NE(error.message.find("is of account 'third'"), std::string::npos) << error.message;
  EXPECT_NE(error.message.find("AZURE_STORAGE_ACCOUNT is 'other'"), std::string::npos) << error.message;
  EXPECT_EQ(chain("azblob://runs?account=other")->get()->secret, "a key");
  EXPECT_EQ(chain("azblob://runs")->get()->secret, "another") << "a connection string says whose it is";
}

TEST_F(AzureCredentialsTest, WhatWasNotCopiedWholeIsToldAndNotShown) {
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

TEST_F(AzureCredentialsTest, ASasTellsItsEnd) {
  environment_["AZURE_STORAGE_SAS_TOKEN"] = "sv=1&se=2026-01-02T03%3A04%3A05Z&sig=s";
  EXPECT_EQ(chain()->get()->expires_at, *parse_utc("2026-01-02T03:04:05Z"));
  environment_["AZURE_STORAGE_SAS_TOKEN"] = "sv=1&si=policy&sig=s";
  EXPECT_EQ(chain()->get()->expires_at, std::nullopt);
}

TEST_F(AzureCredentialsTest, AServicePrincipalAsksEntraAndIsRenewedBeforeItEnds) {
  principal("s&cret");
  script_ = token_for_an_hour;
  const auto held = chain();
  const Result<AzureCredential> found = held->get();
  ASSERT_TRUE(found.ok()) << describe(found.error());
  EXPECT_EQ(found->kind, Kind::token);
  EXPECT_EQ(found->secret, "hunter2");
  EXPECT_EQ(found->principal, "client-1");
  EXPECT_EQ(found->expires_at, *parse_utc("2026-01-01T01:00:00Z"));
  const std::vector<io::HttpRequest> asked = script_.asked();
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].target, "/tenant-1/oauth2/v2.0/token");
  EXPECT_EQ(asked[0].body,
            "client_id=client-1&scope=https%3A%2F%2Fstorage.azure.com%2F.default"
            "&grant_type=client_credentials&client_secret=s%26cret");
  clock_.advance(std::chrono::minutes(54));
  ASSERT_TRUE(held->get().ok());
  EXPECT_EQ(script_.asked().size(), 1U) << "it holds for six minutes more";
  clock_.advance(std::chrono::minutes(2));
  ASSERT_TRUE(held->get().ok());
  EXPECT_EQ(script_.asked().size(), 2U);
  script_ = [](const io::HttpRequest&) { return io::HttpResponse{500, {}, "", {}}; };
  clock_.advance(std::chrono::minutes(56));
  EXPECT_TRUE(held->get().ok()) << "what still holds is given while nothing newer can be had";
  clock_.advance(std::chrono::minutes(5));
  EXPECT_EQ(held->get().error().code, Code::unavailable);
}

TEST_F(AzureCredentialsTest, WhatTheServerDoesNotTakeIsFetchedAnew) {
  principal();
  script_ = token_for_an_hour;
  const auto held = chain();
  const AzureCredential first = held->get().value();
  held->forget({Kind::token, "another", {}, "", ""});
  ASSERT_TRUE(held->get().ok());
  EXPECT_EQ(script_.asked().size(), 1U);
  held->forget(first);
  ASSERT_TRUE(held->get().ok());
  EXPECT_EQ(script_.asked().size(), 2U);
}

TEST_F(AzureCredentialsTest, ARefusalOfEntrasNamesTheIdentityAndTheCure) {
  principal();
  const auto refuse = [this](const std::string& description) {
    script_ = [description](const io::HttpRequest&) {
      return io::HttpResponse{
          401,
          {},
          R"({"error":"invalid_client","error_description":")" + description + R"(\r\nTrace ID: x"})",
          {}};
    };
    return chain()->get().error();
  };
  Error error = refuse("AADSTS7000215: Invalid client secret provided.");
  EXPECT_EQ(error.code, Code::unauthorized);
  EXPECT_EQ(
      error.message,
      "Entra gives the service principal client-1 no token: AADSTS7000215: Invalid client secret provided.");
  EXPECT_NE(error.hint.find("AZURE_CLIENT_SECRET"), std::string::npos);
  EXPECT_EQ(describe(error).find("client secret provided. Trace"), std::string::npos);
  EXPECT_NE(refuse("AADSTS7000222: The provided client secret keys are expired.").hint.find("expired"),
            std::string::npos);
  EXPECT_NE(refuse("AADSTS700016: Application not found").hint.find("AZURE_CLIENT_ID"), std::string::npos);
  EXPECT_NE(refuse("AADSTS90002: Tenant not found").hint.find("AZURE_TENANT_ID"), std::string::npos);
}

TEST_F(AzureCredentialsTest, HalfAPrincipalIsAnError) {
  environment_["AZURE_CLIENT_SECRET"] = "hunter2";
  environment_["AZURE_CLIENT_ID"] = "client-1";
  const Error error = chain()->get().error();
  EXPECT_EQ(error.hint, "set all three or none");
  EXPECT_EQ(describe(error).find("hunter2"), std::string::npos);
}

TEST_F(AzureCredentialsTest, ASecretDoesNotTravelInTheOpen) {
  principal();
  environment_["AZURE_AUTHORITY_HOST"] = "http://login.example.com";
  EXPECT_NE(chain()->get().error().message.find("without TLS"), std::string::npos);
}

TEST_F(AzureCredentialsTest, AWorkloadShowsTheTokenThatItWasGiven) {
  principal("");
  write_file(folder_.path() / "token", "the.jwt\n");
  environment_["AZURE_FEDERATED_TOKEN_FILE"] = (folder_.path() / "token").string();
  script_ = token_for_an_hour;
  const Result<AzureCredential> found = chain()->get();
  ASSERT_TRUE(found.ok()) << describe(found.error());
  EXPECT_EQ(found->source, "the workload identity client-1");
  const std::string body = script_.asked().at(0).body;
  EXPECT_NE(
      body.find("client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"),
      std::string::npos)
      << body;
  EXPECT_TRUE(body.ends_with("&client_assertion=the.jwt")) << body;
  environment_["AZURE_FEDERATED_TOKEN_FILE"] = "/nonexistent";
  EXPECT_NE(chain()->get().error().message.find("AZURE_FEDERATED_TOKEN_FILE"), std::string::npos);
}

TEST_F(AzureCredentialsTest, AServicesIdentityIsAskedForWithItsHeader) {
  environment_["IDENTITY_ENDPOINT"] = script_.url() + "/msi/token";
  environment_["IDENTITY_HEADER"] = "h-1";
  environment_["AZURE_CLIENT_ID"] = "client-1";
  script_ = [](const io::HttpRequest&) {
    return io::HttpResponse{200, {}, R"({"access_token":"t","expires_on":"1767229200"})", {}};
  };
  const Result<AzureCredential> found = chain()->get();
  ASSERT_TRUE(found.ok()) << describe(found.error());
  EXPECT_EQ(found->source, "the managed identity of this service client-1");
  EXPECT_EQ(found->expires_at, *parse_utc("2026-01-01T01:00:00Z"));
  const io::HttpRequest asked = script_.asked().at(0);
  EXPECT_EQ(
      asked.target,
      "/msi/token?api-version=2019-08-01&resource=https%3A%2F%2Fstorage.azure.com%2F&client_id=client-1");
  EXPECT_EQ(io::header_of(asked.headers, "X-IDENTITY-HEADER"), "h-1");
  script_ = [](const io::HttpRequest&) { return io::HttpResponse{400, {}, "", {}}; };
  EXPECT_EQ(chain()->get().error().code, Code::unauthorized);
}

TEST_F(AzureCredentialsTest, AMachinesIdentityIsTaken) {
  script_ = [](const io::HttpRequest&) {
    return io::HttpResponse{200, {}, R"({"access_token":"t","expires_in":"3600"})", {}};
  };
  const Result<AzureCredential> found = chain()->get();
  ASSERT_TRUE(found.ok()) << describe(found.error());
  EXPECT_EQ(found->source, "the managed identity of this machine");
  const io::HttpRequest asked = script_.asked().at(0);
  EXPECT_EQ(
      asked.target,
      "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fstorage.azure.com%2F");
  EXPECT_EQ(io::header_of(asked.headers, "Metadata"), "true");
}

TEST_F(AzureCredentialsTest, AnotherCloudsMetadataIsNoIdentity) {
  script_ = [](const io::HttpRequest&) { return io::HttpResponse{200, {}, "ami-id\nhostname\n", {}}; };
  EXPECT_NE(chain()->get().error().message.find("its metadata is not Azure's"), std::string::npos);
}

TEST_F(AzureCredentialsTest, WhoeverIsSignedInToAzIsTaken) {
  az("echo \"$@\" >\"$(dirname \"$0\")/asked\"; echo '{\"accessToken\":\"t\",\"expiresOn\":\"2026-01-01 "
     "02:00:00\"}'");
  environment_["PATH"] += ":/usr/bin:/bin";
  const Result<AzureCredential> found = chain()->get();
  ASSERT_TRUE(found.ok()) << describe(found.error());
  EXPECT_EQ(found->source, "whoever is signed in to az");
  EXPECT_EQ(found->expires_at, *parse_utc("2026-01-01T00:10:00Z"))
      << "older ones tell their end in local time alone";
  EXPECT_TRUE(std::filesystem::exists(folder_.path() / "asked"));
}

TEST_F(AzureCredentialsTest, HalfOfTheChainMayBePassedOver) {
  az("echo '{\"accessToken\":\"of az\",\"expires_on\":1767229200}'");
  script_ = token_for_an_hour;
  environment_["AZURE_TOKEN_CREDENTIALS"] = "dev";
  EXPECT_EQ(chain()->get()->secret, "of az");
  script_ = nullptr;
  environment_["AZURE_TOKEN_CREDENTIALS"] = "prod";
  EXPECT_NE(chain()->get().error().message.find("AZURE_TOKEN_CREDENTIALS is prod"), std::string::npos);
}

TEST_F(AzureCredentialsTest, WhereNothingIsFoundTheErrorListsWhatWasLookedAt) {
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
