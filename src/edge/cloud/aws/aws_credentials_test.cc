#include "edge/cloud/aws/aws_credentials.h"

#include <filesystem>
#include <gtest/gtest.h>
#include <vector>

#include "edge/cloud/testing/scripted_server.h"
#include "edge/io/files.h"

namespace tradewind::cloud {
namespace {

void write_file(const io::Path& path, std::string_view bytes) {
  ASSERT_TRUE(io::write_file_atomic(path, bytes, {0600, false}).ok());
}

const char* const keys_json =
    R"({"Code":"Success","AccessKeyId":"AKROLE","SecretAccessKey":"sk","Token":"tk","Expiration":"2026-01-01T01:00:00Z"})";

// One server plays STS, sign-on, the container and the machine.
class AwsCredentialsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    environment_ = {{"HOME", folder_.path().string()},
                    {"AWS_EC2_METADATA_SERVICE_ENDPOINT", script_.url()},
                    {"AWS_ENDPOINT_URL_STS", script_.url()},
                    {"AWS_ENDPOINT_URL_SSO", script_.url()}};
    std::filesystem::create_directories(folder_.path() / ".aws/sso/cache");
  }

  std::unique_ptr<AwsCredentialChain> chain(const std::string& profile = "") {
    const Result<AwsSettings> settings = read_aws_settings(environment_, profile);
    EXPECT_TRUE(settings.ok()) << describe(settings.error());
    return std::make_unique<AwsCredentialChain>(*settings, clock_, http_);
  }
  void files(std::string_view credentials, std::string_view config) {
    write_file(folder_.path() / ".aws/credentials", credentials);
    write_file(folder_.path() / ".aws/config", config);
  }

  io::TempDir folder_ = io::TempDir::make("tradewind-cloud-").value();
  ManualClock clock_{*parse_utc("2026-01-01T00:00:00Z")};
  io::HttpPool http_;
  Variables environment_;
  ScriptedServer script_;
};

TEST_F(AwsCredentialsTest, TheEnvironmentComesFirst) {
  files("[default]\naws_access_key_id = AKFILE\naws_secret_access_key = x\n", "");
  environment_["AWS_ACCESS_KEY_ID"] = "AKENV";
  environment_["AWS_SECRET_ACCESS_KEY"] = "sk";
  environment_["AWS_SESSION_TOKEN"] = "tk";
  const Result<AwsCredentials> found = chain()->get();
  ASSERT_TRUE(found.ok()) << describe(found.error());
  EXPECT_EQ(found->access_key_id, "AKENV");
  EXPECT_EQ(found->session_token, "tk");
  EXPECT_TRUE(script_.asked().empty());
}

TEST_F(AwsCredentialsTest, HalfAnEnvironmentIsAnError) {
  environment_["AWS_ACCESS_KEY_ID"] = "AKENV";
  const Result<AwsCredentials> found = chain()->get();
  ASSERT_FALSE(found.ok());
  EXPECT_NE(found.error().message.find("only the first is set"), std::string::npos);
}

TEST_F(AwsCredentialsTest, ProfilesAreReadFromBothFilesAndTheUrlsProfileGoesFirst) {
  files(
      "[default]\naws_access_key_id=AKDEF\naws_secret_access_key=s1\n\n[team a]\naws_secret_access_key = s=2 "
      "# mine\n",
      "[profile team a]\n  nested = no\naws_access_key_id = AKTEAM\nregion = eu-west-1\n");
  EXPECT_EQ(chain()->get()->access_key_id, "AKDEF");
  environment_["AWS_ACCESS_KEY_ID"] = "AKENV";
  environment_["AWS_SECRET_ACCESS_KEY"] = "sk";
  const Result<AwsCredentials> team = chain("team a")->get();
  ASSERT_TRUE(team.ok()) << describe(team.error());
  EXPECT_EQ(team->access_key_id, "AKTEAM");
  EXPECT_EQ(team->secret_access_key, "s=2");
  EXPECT_EQ(read_aws_settings(environment_, "team a")->value("region"), "eu-west-1");
}

TEST_F(AwsCredentialsTest, AProfileThatIsNotThereIsNamedWithItsNeighbour) {
  files("[team]\naws_access_key_id=A\naws_secret_access_key=B\n", "");
  environment_["AWS_PROFILE"] = "teem";
  const Result<AwsSettings> settings = read_aws_settings(environment_, "");
  ASSERT_FALSE(settings.ok());
  EXPECT_EQ(settings.error().code, Code::not_found);
  EXPECT_EQ(settings.error().hint, "did you mean team?");
}

TEST_F(AwsCredentialsTest, WebIdentityIsExchangedAtSts) {
  write_file(folder_.path() / "token", "the-token\n");
  environment_["AWS_WEB_IDENTITY_TOKEN_FILE"] = (folder_.path() / "token").string();
  environment_["AWS_ROLE_ARN"] = "arn:aws:iam::1:role/r";
  script_ = [](const io::HttpRequest&) {
    return io::HttpResponse{
        200,
        {},
        "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>"
        "<AccessKeyId>AKSTS</AccessKeyId><SecretAccessKey>sk</SecretAccessKey><SessionToken>tk</SessionToken>"
        "<Expiration>2026-01-01T01:00:00Z</Expiration></Credentials></AssumeRoleWithWebIdentityResult>"
        "</AssumeRoleWithWebIdentityResponse>",
        {}};
  };
  const Result<AwsCredentials> found = chain()->get();
  ASSERT_TRUE(found.ok()) << describe(found.error());
  EXPECT_EQ(found->access_key_id, "AKSTS");
  EXPECT_EQ(found->expires_at, parse_utc("2026-01-01T01:00:00Z").value());
  ASSERT_EQ(script_.asked().size(), 1U);
  EXPECT_NE(script_.asked()[0].body.find("RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr"), std::string::npos);
  EXPECT_NE(script_.asked()[0].body.find("WebIdentityToken=the-token"), std::string::npos);
}

TEST_F(AwsCredentialsTest, ARefusalBySTSNamesTheRole) {
  write_file(folder_.path() / "token", "the-token");
  environment_["AWS_WEB_IDENTITY_TOKEN_FILE"] = (folder_.path() / "token").string();
  environment_["AWS_ROLE_ARN"] = "arn:aws:iam::1:role/r";
  script_ = [](const io::HttpRequest&) {
    return io::HttpResponse{403,
                            {},
                            "<ErrorResponse><Error><Code>AccessDenied</Code><Message>Not "
                            "allowed</Message></Error></ErrorResponse>",
                            {}};
  };
  const Error error = chain()->get().error();
  EXPECT_EQ(error.code, Code::unauthorized);
  EXPECT_NE(error.message.find("role/r: Not allowed"), std::string::npos) << error.message;
  EXPECT_EQ(describe(error).find("the-token"), std::string::npos);
}

TEST_F(AwsCredentialsTest, SingleSignOnUsesTheTokenThatTheLoginLeft) {
  files("",
        "[profile s]\nsso_session = corp\nsso_account_id = 123\nsso_role_name = Dev\n"
        "[sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://corp\n");
  const Error nobody = chain("s")->get().error();
  EXPECT_NE(nobody.hint.find("aws sso login --profile s"), std::string::npos) << describe(nobody);
  const std::string path = nobody.message.substr(nobody.message.find('(') + 1);
  write_file(path.substr(0, path.find(')')),
             R"({"accessToken":"sso-token","expiresAt":"2026-01-01T08:00:00Z"})");
  script_ = [](const io::HttpRequest& request) {
    if (io::header_of(request.headers, "x-amz-sso_bearer_token") != "sso-token")
      return io::HttpResponse{401, {}, "", {}};
    return io::HttpResponse{
        200,
        {},
        R"({"roleCredentials":{"accessKeyId":"AKSSO","secretAccessKey":"sk","sessionToken":"tk","expiration":1767229200000}})",
        {}};
  };
  const Result<AwsCredentials> found = chain("s")->get();
  ASSERT_TRUE(found.ok()) << describe(found.error());
  EXPECT_EQ(found->access_key_id, "AKSSO");
  EXPECT_EQ(found->expires_at, parse_utc("2026-01-01T01:00:00Z").value());
  EXPECT_EQ(script_.asked().back().target, "/federation/credentials?role_name=Dev&account_id=123");
}

TEST_F(AwsCredentialsTest, AContainersCredentialsAreAskedForWithItsToken) {
  environment_["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = script_.url() + "/v1/credentials?id=1";
  environment_["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "pod";
  script_ = [](const io::HttpRequest& request) {
    const bool known =
        io::header_of(request.headers, "Authorization") == "pod" && request.target == "/v1/credentials?id=1";
    return known ? io::HttpResponse{200, {}, keys_json, {}} : io::HttpResponse{403, {}, "", {}};
  };
  const Result<AwsCredentials> found = chain()->get();
  ASSERT_TRUE(found.ok()) << describe(found.error());
  EXPECT_EQ(found->access_key_id, "AKROLE");
}

TEST_F(AwsCredentialsTest, AContainersCredentialsAreNotFetchedInTheOpenFromAfar) {
  environment_["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://example.com/v1";
  EXPECT_NE(chain()->get().error().message.find("without TLS"), std::string::npos);
}

// Instance metadata, version 2: a session first, then the role, then its keys.
io::HttpResponse machine(const io::HttpRequest& request, int& keys_given) {
  if (request.method == "PUT" && request.target == "/latest/api/token") return {200, {}, "session", {}};
  if (io::header_of(request.headers, "X-aws-ec2-metadata-token") != "session") return {401, {}, "", {}};
  const std::string folder = "/latest/meta-data/iam/security-credentials/";
  if (request.target == folder) return {200, {}, "node-role\n", {}};
  if (request.target != folder + "node-role") return {404, {}, "", {}};
  ++keys_given;
  return {200, {}, keys_json, {}};
}

TEST_F(AwsCredentialsTest, AMachinesRoleIsRenewedBeforeItEnds) {
  int given = 0;
  script_ = [&](const io::HttpRequest& request) { return machine(request, given); };
  const std::unique_ptr<AwsCredentialChain> held = chain();
  ASSERT_TRUE(held->get().ok()) << describe(held->get().error());
  clock_.advance(std::chrono::minutes(54));
  ASSERT_TRUE(held->get().ok());
  EXPECT_EQ(given, 1) << "those in use hold for six minutes more";
  clock_.advance(std::chrono::minutes(2));
  ASSERT_TRUE(held->get().ok());
  EXPECT_EQ(given, 2);
  script_ = [](const io::HttpRequest&) { return io::HttpResponse{500, {}, "", {}}; };
  EXPECT_TRUE(held->get().ok()) << "what still holds is given while nothing newer can be had";
  clock_.advance(std::chrono::minutes(5));
  EXPECT_FALSE(held->get().ok());
}

TEST_F(AwsCredentialsTest, WhatTheServerCallsExpiredIsFetchedAnew) {
  int given = 0;
  script_ = [&](const io::HttpRequest& request) { return machine(request, given); };
  const std::unique_ptr<AwsCredentialChain> held = chain();
  ASSERT_TRUE(held->get().ok());
  held->forget("another");
  ASSERT_TRUE(held->get().ok());
  EXPECT_EQ(given, 1);
  held->forget("AKROLE");
  ASSERT_TRUE(held->get().ok());
  EXPECT_EQ(given, 2);
}

TEST_F(AwsCredentialsTest, WhereNothingIsFoundTheErrorListsWhatWasLookedAt) {
  const Error error = chain()->get().error();
  EXPECT_EQ(error.code, Code::unauthorized);
  for (const char* place : {"the environment", "web identity", "the profile 'default'", ".aws/credentials",
                            "the container", "the machine's metadata"}) {
    EXPECT_NE(error.message.find(place), std::string::npos) << place << ": " << error.message;
  }
  EXPECT_NE(error.hint.find("aws configure"), std::string::npos);
}

TEST_F(AwsCredentialsTest, AProfileThatRunsAProgramIsToldHowToExport) {
  files("", "[profile p]\ncredential_process = /bin/x\n");
  const Error error = chain("p")->get().error();
  EXPECT_NE(error.message.find("credential_process"), std::string::npos);
  EXPECT_NE(error.hint.find("export-credentials --profile p"), std::string::npos);
}

}  // namespace
}  // namespace tradewind::cloud
