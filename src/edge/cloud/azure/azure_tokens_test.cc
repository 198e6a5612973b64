#include "edge/cloud/azure/azure_tokens.h"

#include <filesystem>
#include <gtest/gtest.h>
#include <memory>
#include <vector>

#include "edge/cloud/testing/scripted_server.h"
#include "edge/io/files.h"

namespace tradewind::cloud {
namespace {

io::HttpResponse token_for_an_hour(const io::HttpRequest&) {
  return {200, {}, R"({"token_type":"Bearer","expires_in":3600,"access_token":"hunter2"})", {}};
}

// One server plays Entra, the app service and the machine.
class AzureTokensTest : public ::testing::Test {
 protected:
  void SetUp() override {
    environment_ = {{"AZURE_AUTHORITY_HOST", script_.url()},
                    {"AZURE_POD_IDENTITY_AUTHORITY_HOST", script_.url()},
                    {"PATH", folder_.path().string()}};
  }

  std::unique_ptr<AzureTokenChain> chain(std::string_view resource = azure_management_resource) {
    return std::make_unique<AzureTokenChain>(environment_, std::string(resource), clock_, http_);
  }
  void principal(const std::string& secret = "client secret") {
    environment_["AZURE_TENANT_ID"] = "tenant-1";
    environment_["AZURE_CLIENT_ID"] = "client-1";
    if (!secret.empty()) environment_["AZURE_CLIENT_SECRET"] = secret;
  }
  void write(const std::string& name, const std::string& text, unsigned mode = 0600) {
    ASSERT_TRUE(io::write_file_atomic(folder_.path() / name, text, {mode, false}).ok());
  }
  // A program in the place of az.
  void az(const std::string& script) { write("az", "#!/bin/sh\n" + script, 0700); }

  io::TempDir folder_ = io::TempDir::make("tradewind-azure-").value();
  ManualClock clock_{*parse_utc("2026-01-01T00:00:00Z")};
  io::HttpPool http_;
  Variables environment_;
  ScriptedServer script_;
};

TEST_F(AzureTokensTest, AServicePrincipalAsksEntraAndIsRenewedBeforeItEnds) {
  principal("s&cret");
  script_ = token_for_an_hour;
  const auto held = chain();
  const Result<AzureToken> found = held->get();
  ASSERT_TRUE(found.ok()) << describe(found.error());
  EXPECT_EQ(found->secret, "hunter2");
  EXPECT_EQ(found->principal, "client-1");
  EXPECT_EQ(found->expires_at, *parse_utc("2026-01-01T01:00:00Z"));
  const std::vector<io::HttpRequest> asked = script_.asked();
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].target, "/tenant-1/oauth2/v2.0/token");
  EXPECT_EQ(asked[0].body,
            "client_id=client-1&scope=https%3A%2F%2Fmanagement.azure.com%2F.default"
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

TEST_F(AzureTokensTest, WhatTheServerDoesNotTakeIsFetchedAnew) {
  principal();
  script_ = token_for_an_hour;
  const auto held = chain();
  const AzureToken first = held->get().value();
  held->forget({"another"});
  ASSERT_TRUE(held->get().ok());
  EXPECT_EQ(script_.asked().size(), 1U);
  held->forget(first);
  ASSERT_TRUE(held->get().ok());
  EXPECT_EQ(script_.asked().size(), 2U);
}

TEST_F(AzureTokensTest, ARefusalOfEntrasNamesTheIdentityAndTheCure) {
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

TEST_F(AzureTokensTest, HalfAPrincipalIsAnError) {
  environment_["AZURE_CLIENT_SECRET"] = "hunter2";
  environment_["AZURE_CLIENT_ID"] = "client-1";
  const Error error = chain()->get().error();
  EXPECT_EQ(error.hint, "set all three or none");
  EXPECT_EQ(describe(error).find("hunter2"), std::string::npos);
}

TEST_F(AzureTokensTest, ASecretDoesNotTravelInTheOpen) {
  principal();
  environment_["AZURE_AUTHORITY_HOST"] = "http://login.example.com";
  EXPECT_NE(chain()->get().error().message.find("without TLS"), std::string::npos);
}

TEST_F(AzureTokensTest, AWorkloadShowsTheTokenThatItWasGiven) {
  principal("");
  write("token", "the.jwt\n");
  environment_["AZURE_FEDERATED_TOKEN_FILE"] = (folder_.path() / "token").string();
  script_ = token_for_an_hour;
  const Result<AzureToken> found = chain()->get();
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

TEST_F(AzureTokensTest, AServicesIdentityIsAskedForWithItsHeader) {
  environment_["IDENTITY_ENDPOINT"] = script_.url() + "/msi/token";
  environment_["IDENTITY_HEADER"] = "h-1";
  environment_["AZURE_CLIENT_ID"] = "client-1";
  script_ = [](const io::HttpRequest&) {
    return io::HttpResponse{200, {}, R"({"access_token":"t","expires_on":"1767229200"})", {}};
  };
  const Result<AzureToken> found = chain()->get();
  ASSERT_TRUE(found.ok()) << describe(found.error());
  EXPECT_EQ(found->source, "the managed identity of this service client-1");
  EXPECT_EQ(found->expires_at, *parse_utc("2026-01-01T01:00:00Z"));
  const io::HttpRequest asked = script_.asked().at(0);
  EXPECT_EQ(
      asked.target,
      "/msi/token?api-version=2019-08-01&resource=https%3A%2F%2Fmanagement.azure.com%2F&client_id=client-1");
  EXPECT_EQ(io::header_of(asked.headers, "X-IDENTITY-HEADER"), "h-1");
  script_ = [](const io::HttpRequest&) { return io::HttpResponse{400, {}, "", {}}; };
  EXPECT_EQ(chain()->get().error().code, Code::unauthorized);
}

TEST_F(AzureTokensTest, AMachinesIdentityIsTaken) {
  script_ = [](const io::HttpRequest&) {
    return io::HttpResponse{200, {}, R"({"access_token":"t","expires_in":"3600"})", {}};
  };
  const Result<AzureToken> found = chain()->get();
  ASSERT_TRUE(found.ok()) << describe(found.error());
  EXPECT_EQ(found->source, "the managed identity of this machine");
  const io::HttpRequest asked = script_.asked().at(0);
  EXPECT_EQ(asked.target,
            "/metadata/identity/oauth2/"
            "token?api-version=2018-02-01&resource=https%3A%2F%2Fmanagement.azure.com%2F");
  EXPECT_EQ(io::header_of(asked.headers, "Metadata"), "true");
}

TEST_F(AzureTokensTest, AnotherCloudsMetadataIsNoIdentity) {
  script_ = [](const io::HttpRequest&) { return io::HttpResponse{200, {}, "ami-id\nhostname\n", {}}; };
  EXPECT_NE(chain()->get().error().message.find("its metadata is not Azure's"), std::string::npos);
}

TEST_F(AzureTokensTest, WhoeverIsSignedInToAzIsTaken) {
  az("echo \"$@\" >\"$(dirname \"$0\")/asked\"; echo '{\"accessToken\":\"t\",\"expiresOn\":\"2026-01-01 "
     "02:00:00\"}'");
  environment_["PATH"] += ":/usr/bin:/bin";
  const Result<AzureToken> found = chain()->get();
  ASSERT_TRUE(found.ok()) << describe(found.error());
  EXPECT_EQ(found->source, "whoever is signed in to az");
  EXPECT_EQ(found->expires_at, *parse_utc("2026-01-01T00:10:00Z"))
      << "older ones tell their end in local time alone";
  EXPECT_TRUE(std::filesystem::exists(folder_.path() / "asked"));
}

TEST_F(AzureTokensTest, HalfOfTheChainMayBePassedOver) {
  az("echo '{\"accessToken\":\"of az\",\"expires_on\":1767229200}'");
  script_ = token_for_an_hour;
  environment_["AZURE_TOKEN_CREDENTIALS"] = "dev";
  EXPECT_EQ(chain()->get()->secret, "of az");
  script_ = nullptr;
  environment_["AZURE_TOKEN_CREDENTIALS"] = "prod";
  EXPECT_NE(chain()->get().error().message.find("AZURE_TOKEN_CREDENTIALS is prod"), std::string::npos);
}

TEST_F(AzureTokensTest, ATokenIsForWhatItWasAskedFor) {
  principal();
  script_ = token_for_an_hour;
  ASSERT_TRUE(chain(azure_storage_resource)->get().ok());
  EXPECT_NE(script_.asked().at(0).body.find("scope=https%3A%2F%2Fstorage.azure.com%2F.default"),
            std::string::npos);
}

TEST_F(AzureTokensTest, WhereNothingIsFoundTheErrorListsWhatWasLookedAt) {
  const Error error = chain()->get().error();
  EXPECT_EQ(error.code, Code::unauthorized);
  for (const char* place : {"https://management.azure.com/", "AZURE_CLIENT_SECRET is not set",
                            "AZURE_FEDERATED_TOKEN_FILE", "IDENTITY_ENDPOINT", "az (is not installed)"}) {
    EXPECT_NE(error.message.find(place), std::string::npos) << place << ": " << error.message;
  }
  EXPECT_NE(error.hint.find("az login"), std::string::npos);
}

}  // namespace
}  // namespace tradewind::cloud
