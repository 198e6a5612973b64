#include "edge/cloud/google/google_credentials.h"

#include <chrono>
#include <gtest/gtest.h>
#include <memory>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "base/text.h"
#include "core/model/json.h"
#include "edge/cloud/google/google_jwt.h"
#include "edge/cloud/http_date.h"
#include "edge/cloud/testing/scripted_server.h"
#include "edge/io/files.h"
#include "edge/io/hash.h"
#include "edge/io/http_target.h"

namespace tradewind::cloud {
namespace {

void write_file(const io::Path& path, std::string_view bytes) {
  ASSERT_TRUE(io::write_file_atomic(path, bytes, {0600, false}).ok());
}

const Time noon = *parse_utc("2026-01-01T12:00:00Z");

io::HttpResponse token_for_an_hour(const io::HttpRequest&) {
  return {200, {}, R"({"token_type":"Bearer","expires_in":3599,"access_token":"hunter2"})", {}};
}

// A service account's key, and whether something was signed with it.
class Key {
 public:
  Key() : key_(EVP_RSA_gen(2048), EVP_PKEY_free) {}
  std::string pem() const {
    const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), BIO_free);
    PEM_write_bio_PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr);
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &bytes);
    return {bytes, static_cast<std::size_t>(size)};
  }
  bool signed_this(const std::string& text, const std::string& signature) const {
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    return EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) == 1 &&
           EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()),
                            signature.size(), reinterpret_cast<const unsigned char*>(text.data()),
                            text.size()) == 1;
  }

 private:
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_;
};
const Key& key() {
  static const Key made;
  return made;
}

std::string decode_base64url(std::string text) {
  for (char& c : text) c = c == '-' ? '+' : c == '_' ? '/' : c;
  while (text.size() % 4 != 0) text += '=';
  return io::decode_base64(text).value_or("?");
}

std::map<std::string, std::string> form_of(const io::HttpRequest& request) {
  return io::parse_http_target("/?" + request.body).value_or({}).query;
}

// One server plays Google's services of tokens, IAM, the machine and whoever is trusted elsewhere.
class GoogleCredentialsTest : public ::testing::Test {
 protected:
  void SetUp() override { environment_ = {{"HOME", folder_.path().string()}, {"NO_GCE_CHECK", "true"}}; }

  std::unique_ptr<GoogleCredentialChain> chain() {
    return std::make_unique<GoogleCredentialChain>(environment_, false, clock_, http_);
  }
  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }
  void file(const json::object& content, const std::string& name = "k.json") {
    write_file(folder_.path() / name, to_text(json::value(content)));
    environment_["GOOGLE_APPLICATION_CREDENTIALS"] = path(name);
  }
  json::object account() const {
    return {{"type", "service_account"},
            {"client_email", "me@acme.iam.gserviceaccount.com"},
            {"private_key_id", "k1"},
            {"private_key", key().pem()},
            {"token_uri", script_.url() + "/token"}};
  }
  json::object user() const {
    return {{"type", "authorized_user"},
            {"client_id", "id.apps.googleusercontent.com"},
            {"client_secret", "s&cret"},
            {"refresh_token", "1//refresh"},
            {"token_uri", script_.url() + "/token"},
            {"quota_project_id", "acme"}};
  }
  json::object workload(json::object source) const {
    return {
        {"type", "external_account"},
        {"audience", "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q"},
        {"subject_token_type", "urn:ietf:params:oauth:token-type:jwt"},
        {"token_url", script_.url() + "/sts"},
        {"credential_source", std::move(source)}};
  }
  std::string impersonation_url() const {
    return script_.url() +
           "/v1/projects/-/serviceAccounts/other@acme.iam.gserviceaccount.com:generateAccessToken";
  }
  // Tokens for everybody, and of the account that is taken over.
  void answer_all() {
    script_ = [](const io::HttpRequest& request) {
      if (request.target.find("generateAccessToken") == std::string::npos) return token_for_an_hour(request);
      return io::HttpResponse{
          200, {}, R"({"accessToken":"hunter3","expireTime":"2026-01-01T12:30:00Z"})", {}};
    };
  }

  io::TempDir folder_ = io::TempDir::make("tradewind-cloud-").value();
  ManualClock clock_{noon};
  io::HttpPool http_;
  Variables environment_;
  ScriptedServer script_;
};

TEST_F(GoogleCredentialsTest, TheOrderIsThatOfGooglesTools) {
  environment_.erase("NO_GCE_CHECK");
  environment_["GCE_METADATA_HOST"] = script_.url().substr(7);
  script_ = [](const io::HttpRequest& request) {
    const bool email = request.target.ends_with("/email");
    if (io::header_of(request.headers, "Metadata-Flavor") != "Google") return token_for_an_hour(request);
    return io::HttpResponse{
        200,
        {{"Metadata-Flavor", "Google"}},
        email ? "vm@acme.iam.gserviceaccount.com" : R"({"access_token":"of the machine","expires_in":3600})",
        {}};
  };
  Result<GoogleCredential> found = chain()->get();
  ASSERT_TRUE(found.ok()) << describe(found.error());
  EXPECT_EQ(found->token, "of the machine");
  EXPECT_EQ(found->member, "serviceAccount:vm@acme.iam.gserviceaccount.com");
  EXPECT_EQ(script_.asked()[1].target, "/computeMetadata/v1/instance/service-accounts/default/token");
  std::filesystem::create_directories(folder_.path() / ".config/gcloud");
  write_file(folder_.path() / ".config/gcloud/application_default_credentials.json",
             to_text(json::value(user())));
  found = chain()->get();
  ASSERT_TRUE(found.ok()) << describe(found.error());
  EXPECT_NE(found->source.find("whoever signed in"), std::string::npos) << found->source;
  file(account());
  EXPECT_NE(chain()->get().value_or({}).source.find("me@acme"), std::string::npos);
}

TEST_F(GoogleCredentialsTest, WhereNothingIsFoundThePlacesAreNamed) {
  const Error error = chain()->get().error();
  EXPECT_EQ(error.code, Code::unauthorized);
  EXPECT_NE(error.message.find("GOOGLE_APPLICATION_CREDENTIALS (is not set)"), std::string::npos);
  EXPECT_NE(error.message.find("/.config/gcloud/application_default_credentials.json"), std::string::npos);
  EXPECT_NE(error.message.find("NO_GCE_CHECK is set"), std::string::npos) << error.message;
  EXPECT_NE(error.hint.find("gcloud auth application-default login"), std::string::npos);
  environment_["CLOUDSDK_CONFIG"] = "/nowhere";
  EXPECT_NE(chain()->get().error().message.find("there is no /nowhere/application_default"),
            std::string::npos);
}

TEST_F(GoogleCredentialsTest, AFileThatIsNamedAndOfNoUseIsAnErrorAndNotPassedOver) {
  environment_["GOOGLE_APPLICATION_CREDENTIALS"] = path("absent.json");
  EXPECT_NE(chain()->get().error().message.find("GOOGLE_APPLICATION_CREDENTIALS names a file"),
            std::string::npos);
  write_file(folder_.path() / "k.p12", "\x30\x82");
  environment_["GOOGLE_APPLICATION_CREDENTIALS"] = path("k.p12");
  EXPECT_NE(chain()->get().error().message.find("it is not JSON"), std::string::npos);
  file({{"type", "gdch_service_account"}});
  EXPECT_NE(chain()->get().error().message.find("of the type 'gdch_service_account'"), std::string::npos);
  file({{"client_email", "x"}});
  EXPECT_NE(chain()->get().error().message.find("type is missing"), std::string::npos);
  json::object cut = account();
  cut.erase("private_key");
  file(cut);
  EXPECT_NE(chain()->get().error().message.find("private_key is missing"), std::string::npos);
  cut["private_key"] = "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\n";
  file(cut);
  const Error error = chain()->get().error();
  EXPECT_NE(error.message.find("the private key of me@acme"), std::string::npos) << error.message;
  EXPECT_EQ(describe(error).find("hunter2"), std::string::npos);
}

// https://developers.google.com/identity/protocols/oauth2/service-account#httprest
TEST_F(GoogleCredentialsTest, AServiceAccountSignsAClaim) {
  script_ = token_for_an_hour;
  file(account());
  const Result<GoogleCredential> found = chain()->get();
  ASSERT_TRUE(found.ok()) << describe(found.error());
  EXPECT_EQ(found->token, "hunter2");
  EXPECT_EQ(found->expires_at, noon + std::chrono::seconds(3599));
  EXPECT_EQ(found->member, "serviceAccount:me@acme.iam.gserviceaccount.com");
  const io::HttpRequest asked = script_.asked().at(0);
  EXPECT_EQ(asked.method + " " + asked.target, "POST /token");
  EXPECT_EQ(io::header_of(asked.headers, "Content-Type"), "application/x-www-form-urlencoded");
  const auto form = form_of(asked);
  EXPECT_EQ(form.at("grant_type"), "urn:ietf:params:oauth:grant-type:jwt-bearer");
  const std::vector<std::string> parts = split(form.at("assertion"), '.');
  ASSERT_EQ(parts.size(), 3U);
  EXPECT_EQ(decode_base64url(parts[0]), R"({"alg":"RS256","typ":"JWT","kid":"k1"})");
  EXPECT_EQ(decode_base64url(parts[1]),
            R"({"iss":"me@acme.iam.gserviceaccount.com",)"
            R"("scope":"https://www.googleapis.com/auth/devstorage.read_write","aud":")" +
                script_.url() + R"(/token","iat":1767268800,"exp":1767272400})");
  EXPECT_TRUE(key().signed_this(parts[0] + "." + parts[1], decode_base64url(parts[2])));
}

TEST_F(GoogleCredentialsTest, ATokenIsRenewedBeforeItEnds) {
  script_ = token_for_an_hour;
  file(account());
  const auto held = chain();
  ASSERT_TRUE(held->get().ok());
  clock_.advance(std::chrono::minutes(54));
  ASSERT_TRUE(held->get().ok());
  EXPECT_EQ(script_.asked().size(), 1U) << "it holds for six minutes more";
  clock_.advance(std::chrono::minutes(2));
  ASSERT_TRUE(held->get().ok());
  EXPECT_EQ(script_.asked().size(), 2U);
  script_ = [](const io::HttpRequest&) { return io::HttpResponse{503, {}, "", {}}; };
  clock_.advance(std::chrono::minutes(56));
  EXPECT_TRUE(held->get().ok()) << "what still holds is given while nothing newer can be had";
  clock_.advance(std::chrono::minutes(5));
  EXPECT_EQ(held->get().error().code, Code::unavailable);
}

TEST_F(GoogleCredentialsTest, AClockThatDiffersIsCorrectedByTheServers) {
  for (const int minutes : {-90, 90}) {
    const Time theirs = noon + std::chrono::minutes(minutes);
    script_ = [theirs](const io::HttpRequest& request) {
      const std::string claims = decode_base64url(split(form_of(request).at("assertion"), '.').at(1));
      const std::string iat = std::to_string(theirs.time_since_epoch().count() / 1000);
      if (claims.find(R"("iat":)" + iat) != std::string::npos) return token_for_an_hour(request);
      return io::HttpResponse{
          400,
          {{"Date", format_http_date(theirs)}},
          R"({"error":"invalid_grant","error_description":"Invalid JWT: Token must be a )"
          R"(short-lived token (60 minutes) and in a reasonable timeframe. Check your iat )"
          R"(and exp values in the JWT claim."})",
          {}};
    };
    file(account());
    const Result<GoogleCredential> found = chain()->get();
    EXPECT_TRUE(found.ok()) << describe(found.error());
  }
}

TEST_F(GoogleCredentialsTest, ARefusedKeySaysWhatToDo) {
  file(account());
  const auto error_after = [&](const std::string& description) {
    script_ = [description](const io::HttpRequest&) {
      return io::HttpResponse{
          400, {}, R"({"error":"invalid_grant","error_description":")" + description + R"("})", {}};
    };
    return chain()->get().error();
  };
  Error error = error_after("Invalid JWT Signature.");
  EXPECT_EQ(error.code, Code::unauthorized);
  EXPECT_NE(error.message.find("no token: invalid_grant: Invalid JWT Signature."), std::string::npos)
      << error.message;
  EXPECT_NE(error.hint.find("gcloud iam service-accounts keys create"), std::string::npos);
  EXPECT_NE(error_after("Invalid grant: account not found").hint.find("was deleted"), std::string::npos);
  EXPECT_NE(error_after("Check your iat and exp values").hint.find("clock"), std::string::npos);
}

TEST_F(GoogleCredentialsTest, ASecretIsNotSentInTheOpen) {
  json::object open = account();
  open["token_uri"] = "http://192.0.2.1/token";
  file(open);
  const Error error = chain()->get().error();
  EXPECT_EQ(error.code, Code::unauthorized);
  EXPECT_NE(error.message.find("token_uri in " + path("k.json") + " leads to 192.0.2.1 without TLS"),
            std::string::npos)
      << error.message;
}

TEST_F(GoogleCredentialsTest, WhoeverSignedInRefreshes) {
  script_ = token_for_an_hour;
  file(user());
  const Result<GoogleCredential> found = chain()->get();
  ASSERT_TRUE(found.ok()) << describe(found.error());
  EXPECT_EQ(found->token, "hunter2");
  EXPECT_EQ(found->quota_project, "acme");
  EXPECT_EQ(script_.asked().at(0).body,
            "client_id=id.apps.googleusercontent.com&client_secret=s%26cret&grant_type=refresh_token"
            "&refresh_token=1%2F%2Frefresh");
  environment_["GOOGLE_CLOUD_QUOTA_PROJECT"] = "other";
  EXPECT_EQ(chain()->get().value_or({}).quota_project, "other");
  script_ = [](const io::HttpRequest&) {
    return io::HttpResponse{
        400, {}, R"({"error":"invalid_grant","error_description":"Token has been expired or revoked."})", {}};
  };
  const Error error = chain()->get().error();
  EXPECT_NE(error.hint.find("gcloud auth application-default login"), std::string::npos) << describe(error);
  EXPECT_EQ(describe(error).find("refresh\""), std::string::npos);
}

TEST_F(GoogleCredentialsTest, WhoeverSignedInElsewhereRefreshesToo) {
  script_ = token_for_an_hour;
  json::object federated = user();
  federated["type"] = "external_account_authorized_user";
  federated["token_url"] = script_.url() + "/v1/oauthtoken";
  file(federated);
  ASSERT_TRUE(chain()->get().ok());
  const io::HttpRequest asked = script_.asked().at(0);
  EXPECT_EQ(asked.target, "/v1/oauthtoken");
  EXPECT_EQ(asked.body, "grant_type=refresh_token&refresh_token=1%2F%2Frefresh");
  EXPECT_EQ(io::header_of(asked.headers, "Authorization"),
            "Basic " + io::base64("id.apps.googleusercontent.com:s&cret"));
}

// https://google.aip.dev/auth/4117
TEST_F(GoogleCredentialsTest, AWorkloadElsewhereShowsAFile) {
  script_ = token_for_an_hour;
  write_file(folder_.path() / "token", "header.claims.signature\n");
  file(workload({{"file", path("token")}}));
  const auto held = chain();
  const Result<GoogleCredential> found = held->get();
  ASSERT_TRUE(found.ok()) << describe(found.error());
  EXPECT_EQ(found->token, "hunter2");
  EXPECT_EQ(script_.asked().at(0).target, "/sts");
  const auto form = form_of(script_.asked().at(0));
  EXPECT_EQ(form.at("audience"),
            "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q");
  EXPECT_EQ(form.at("grant_type"), "urn:ietf:params:oauth:grant-type:token-exchange");
  EXPECT_EQ(form.at("requested_token_type"), "urn:ietf:params:oauth:token-type:access_token");
  EXPECT_EQ(form.at("subject_token_type"), "urn:ietf:params:oauth:token-type:jwt");
  EXPECT_EQ(form.at("subject_token"), "header.claims.signature");
  EXPECT_EQ(form.at("scope"), "https://www.googleapis.com/auth/devstorage.read_write");
  write_file(folder_.path() / "token", R"({"id_token":"replaced"})");
  file(workload({{"file", path("token")},
                 {"format", json::object{{"type", "json"}, {"subject_token_field_name", "id_token"}}}}));
  held->forget(*found);
  ASSERT_TRUE(held->get().ok());
  EXPECT_EQ(form_of(script_.asked().at(1)).at("subject_token"), "replaced") << "both files are read anew";
}

TEST_F(GoogleCredentialsTest, AWorkloadElsewhereAsksAUrlAndTakesOverAnAccount) {
  script_ = [this](const io::HttpRequest& request) {
    if (request.target == "/azure?resource=x") {
      const bool asked_right = io::header_of(request.headers, "Metadata") == "True";
      return io::HttpResponse{asked_right ? 200 : 400, {}, R"({"access_token":"of azure"})", {}};
    }
    if (request.target == "/sts") return token_for_an_hour(request);
    return io::HttpResponse{200, {}, R"({"accessToken":"hunter3","expireTime":"2026-01-01T12:30:00Z"})", {}};
  };
  json::object config =
      workload({{"url", script_.url() + "/azure?resource=x"},
                {"headers", json::object{{"Metadata", "True"}}},
                {"format", json::object{{"type", "json"}, {"subject_token_field_name", "access_token"}}}});
  config["service_account_impersonation_url"] = impersonation_url();
  config["service_account_impersonation"] = json::object{{"token_lifetime_seconds", 1800}};
  file(config);
  const Result<GoogleCredential> found = chain()->get();
  ASSERT_TRUE(found.ok()) << describe(found.error());
  EXPECT_EQ(found->token, "hunter3");
  EXPECT_EQ(found->expires_at, *parse_utc("2026-01-01T12:30:00Z"));
  EXPECT_EQ(found->member, "serviceAccount:other@acme.iam.gserviceaccount.com");
  const std::vector<io::HttpRequest> asked = script_.asked();
  ASSERT_EQ(asked.size(), 3U);
  EXPECT_EQ(form_of(asked[1]).at("subject_token"), "of azure");
  EXPECT_EQ(form_of(asked[1]).at("scope"), "https://www.googleapis.com/auth/cloud-platform");
  EXPECT_EQ(io::header_of(asked[2].headers, "Authorization"), "Bearer hunter2");
  EXPECT_EQ(asked[2].body,
            R"({"scope":["https://www.googleapis.com/auth/devstorage.read_write"],"lifetime":"1800s"})");
}

TEST_F(GoogleCredentialsTest, AWorkloadAtAwsSignsAQuestion) {
  script_ = [this](const io::HttpRequest& request) {
    if (request.target == "/session") return io::HttpResponse{200, {}, "session", {}};
    if (request.target == "/zone") {
      const bool known = io::header_of(request.headers, "X-aws-ec2-metadata-token") == "session";
      return io::HttpResponse{known ? 200 : 401, {}, "eu-west-1b", {}};
    }
    return token_for_an_hour(request);
  };
  file(workload({{"environment_id", "aws1"},
                 {"region_url", script_.url() + "/zone"},
                 {"imdsv2_session_token_url", script_.url() + "/session"},
                 {"regional_cred_verification_url",
                  "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15"}}));
  environment_["AWS_ACCESS_KEY_ID"] = "AKID";
  environment_["AWS_SECRET_ACCESS_KEY"] = "secret";
  environment_["AWS_SESSION_TOKEN"] = "session of aws";
  const Result<GoogleCredential> found = chain()->get();
  ASSERT_TRUE(found.ok()) << describe(found.error());
  const std::string subject = form_of(script_.asked().back()).at("subject_token");
  const std::string text = io::parse_http_target("/?t=" + subject).value_or({}).query.at("t");
  const json::value shown = *parse_json(text);
  EXPECT_EQ(shown.at("url").as_string(),
            "https://sts.eu-west-1.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15");
  EXPECT_EQ(shown.at("method").as_string(), "POST");
  std::map<std::string, std::string> headers;
  for (const json::value& header : shown.at("headers").as_array()) {
    headers[std::string(header.at("key").as_string())] = std::string(header.at("value").as_string());
  }
  EXPECT_EQ(headers.at("host"), "sts.eu-west-1.amazonaws.com");
  EXPECT_EQ(headers.at("x-amz-security-token"), "session of aws");
  EXPECT_TRUE(headers.at("x-goog-cloud-target-resource").ends_with("/providers/q"));
  EXPECT_TRUE(headers.at("Authorization")
                  .starts_with("AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-west-1/sts/aws4_request,"
                               "SignedHeaders=host;x-amz-date;x-amz-security-token;"
                               "x-goog-cloud-target-resource,Signature="))
      << headers.at("Authorization");
  EXPECT_EQ(text.find("secret\""), std::string::npos);
}

TEST_F(GoogleCredentialsTest, WhatAWorkloadCannotShowIsTold) {
  script_ = token_for_an_hour;
  const auto error_of = [this](json::object source) {
    file(workload(std::move(source)));
    return describe(chain()->get().error());
  };
  EXPECT_NE(error_of({{"executable", json::object{{"command", "/bin/true"}}}})
                .find("is a program, and none is run"),
            std::string::npos);
  EXPECT_NE(error_of({{"certificate", json::object{}}}).find("of no known kind"), std::string::npos);
  EXPECT_NE(error_of({{"file", path("absent")}}).find("cannot be read"), std::string::npos);
  EXPECT_NE(error_of({{"url", "http://192.0.2.1/token"}}).find("without TLS"), std::string::npos);
  EXPECT_NE(error_of({{"environment_id", "aws2"}, {"regional_cred_verification_url", "x"}})
                .find("of no version of AWS"),
            std::string::npos);
  write_file(folder_.path() / "token", "{}");
  EXPECT_NE(error_of({{"file", path("token")},
                      {"format", json::object{{"type", "json"}, {"subject_token_field_name", "t"}}}})
                .find("holds no token in its member t"),
            std::string::npos);
  EXPECT_NE(error_of({{"file", path("token")}, {"format", json::object{{"type", "xml"}}}})
                .find("neither text nor json"),
            std::string::npos);
  write_file(folder_.path() / "token", "a");
  script_ = [](const io::HttpRequest&) {
    return io::HttpResponse{400,
                            {},
                            R"({"error":"unauthorized_client","error_description":"The given credential is )"
                            R"(rejected by the attribute condition."})",
                            {}};
  };
  EXPECT_NE(error_of({{"file", path("token")}}).find("rejected by the attribute condition"),
            std::string::npos);
}

TEST_F(GoogleCredentialsTest, AnAccountIsTakenOverByWhoeverSignedIn) {
  answer_all();
  json::object source = user();
  file({{"type", "impersonated_service_account"},
        {"service_account_impersonation_url", impersonation_url()},
        {"delegates", json::array{"projects/-/serviceAccounts/between@acme.iam.gserviceaccount.com"}},
        {"source_credentials", source}});
  const Result<GoogleCredential> found = chain()->get();
  ASSERT_TRUE(found.ok()) << describe(found.error());
  EXPECT_EQ(found->token, "hunter3");
  EXPECT_EQ(script_.asked().at(1).body,
            R"({"scope":["https://www.googleapis.com/auth/devstorage.read_write"],"lifetime":"3600s",)"
            R"("delegates":["projects/-/serviceAccounts/between@acme.iam.gserviceaccount.com"]})");
  script_ = [](const io::HttpRequest& request) {
    if (request.target == "/token") return token_for_an_hour(request);
    return io::HttpResponse{
        403,
        {},
        R"({"error":{"code":403,"message":"Permission 'iam.serviceAccounts.getAccessToken' denied"}})",
        {}};
  };
  const Error error = chain()->get().error();
  EXPECT_EQ(error.code, Code::unauthorized);
  EXPECT_NE(error.message.find("iam.serviceAccounts.getAccessToken"), std::string::npos) << error.message;
  EXPECT_NE(error.hint.find("add-iam-policy-binding other@acme.iam.gserviceaccount.com --member=WHO "
                            "--role=roles/iam.serviceAccountTokenCreator"),
            std::string::npos)
      << error.hint;
}

TEST_F(GoogleCredentialsTest, AMachineWithoutAnAccountHasNone) {
  environment_.erase("NO_GCE_CHECK");
  environment_["GCE_METADATA_HOST"] = script_.url().substr(7);
  EXPECT_NE(chain()->get().error().message.find("its metadata is not Google's"), std::string::npos)
      << "another cloud may answer there";
  environment_["GCE_METADATA_HOST"] = "127.0.0.1:1";
  EXPECT_EQ(chain()->get().error().code, Code::unavailable) << "one that is named may come up yet";
  environment_["GCE_METADATA_HOST"] = script_.url().substr(7);
  script_ = [](const io::HttpRequest&) {
    return io::HttpResponse{404, {{"Metadata-Flavor", "Google"}}, "", {}};
  };
  EXPECT_NE(chain()->get().error().message.find("this machine has none"), std::string::npos);
}

TEST_F(GoogleCredentialsTest, AnAnswerWithoutATokenIsCorrupt) {
  file(account());
  for (const char* body : {"", "{}", R"({"access_token":""})", R"({"access_token":5})"}) {
    script_ = [body](const io::HttpRequest&) { return io::HttpResponse{200, {}, body, {}}; };
    EXPECT_EQ(chain()->get().error().code, Code::corrupt) << body;
  }
  script_ = [](const io::HttpRequest&) {
    return io::HttpResponse{200, {}, R"({"access_token":"t","expires_in":"x"})", {}};
  };
  EXPECT_EQ(chain()->get().value_or({}).expires_at, noon + std::chrono::minutes(10));
}

}  // namespace
}  // namespace tradewind::cloud
