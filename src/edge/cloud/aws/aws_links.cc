#include "edge/cloud/aws/aws_links.h"

#include <pugixml.hpp>

#include "base/text.h"
#include "core/model/json.h"
#include "edge/cloud/service_address.h"
#include "edge/io/files.h"
#include "edge/io/hash.h"
#include "edge/io/http_target.h"

namespace tradewind::cloud {
namespace {

constexpr Duration service_patience{10'000};

std::string profile_name(const AwsSettings& settings) {
  return "the profile '" + settings.profile + "'";
}

// Where one of AWS's services is: as the variable of that service says, or that of all, or at Amazon.
Result<io::HttpEndpoint> service_endpoint(const AwsSettings& settings, const std::string& variable,
                                          const std::string& host) {
  for (const std::string& name : {variable, std::string("AWS_ENDPOINT_URL")}) {
    const std::string text = settings.variable(name);
    if (!text.empty()) return parse_endpoint(text, name);
  }
  return io::HttpEndpoint{"", host, 443, true};
}

std::string region_of(const AwsSettings& settings) {
  for (const char* name : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    if (std::string text = settings.variable(name); !text.empty()) return text;
  }
  std::string text = settings.value("region");
  return text.empty() ? "us-east-1" : text;
}

struct WebIdentity {
  std::string token_file;
  std::string role;
  std::string session;
  std::string named_by;
};

std::optional<WebIdentity> web_identity_of(const AwsSettings& settings) {
  const auto session_or = [](const std::string& text) { return text.empty() ? "tradewind" : text; };
  const std::string file = settings.variable("AWS_WEB_IDENTITY_TOKEN_FILE");
  if (!file.empty() && !settings.profile_chosen) {
    return WebIdentity{file, settings.variable("AWS_ROLE_ARN"),
                       session_or(settings.variable("AWS_ROLE_SESSION_NAME")),
                       "AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN"};
  }
  const std::string of_profile = settings.value("web_identity_token_file");
  if (of_profile.empty()) return std::nullopt;
  return WebIdentity{of_profile, settings.value("role_arn"), session_or(settings.value("role_session_name")),
                     profile_name(settings)};
}

Result<AwsCredentials> credentials_of_sts(const io::HttpResponse& answer, const WebIdentity& identity) {
  pugi::xml_document document;
  document.load_buffer(answer.body.data(), answer.body.size());
  if (answer.status != 200) {
    const pugi::xml_node error = document.child("ErrorResponse").child("Error");
    const std::string said = error.child("Message").text().as_string();
    return Error{answer.status >= 500 ? Code::unavailable : Code::unauthorized,
                 "STS does not give us the role " + identity.role + ": " +
                     (said.empty() ? "status " + std::to_string(answer.status) : said),
                 "the role's trust policy must allow sts:AssumeRoleWithWebIdentity for this identity"};
  }
  const pugi::xml_node given = document.child("AssumeRoleWithWebIdentityResponse")
                                   .child("AssumeRoleWithWebIdentityResult")
                                   .child("Credentials");
  AwsCredentials made{given.child("AccessKeyId").text().as_string(),
                      given.child("SecretAccessKey").text().as_string(),
                      given.child("SessionToken").text().as_string(),
                      {},
                      "web identity (" + identity.role + ")"};
  const Result<Time> end = parse_utc(given.child("Expiration").text().as_string());
  if (made.access_key_id.empty() || made.secret_access_key.empty() || !end.ok()) {
    return Error{Code::corrupt, "the answer of STS holds no credentials"};
  }
  made.expires_at = *end;
  return made;
}

struct SignOn {
  std::string cache_name;  // what the file of its token is named after
  std::string region;
  std::string account;
  std::string role;
};

std::optional<SignOn> sign_on_of(const AwsSettings& settings) {
  SignOn made{settings.value("sso_start_url"), settings.value("sso_region"), settings.value("sso_account_id"),
              settings.value("sso_role_name")};
  if (const std::string session = settings.value("sso_session"); !session.empty()) {
    const auto found = settings.files.sso_sessions.find(session);
    made.cache_name = session;
    if (found != settings.files.sso_sessions.end() && found->second.contains("sso_region")) {
      made.region = found->second.at("sso_region");
    }
  }
  if (made.cache_name.empty() || made.account.empty() || made.role.empty()) return std::nullopt;
  return made;
}

Error sign_on_again(const AwsSettings& settings, const std::string& problem) {
  return {Code::unauthorized, profile_name(settings) + " signs on once, and " + problem,
          "run: aws sso login --profile " + settings.profile};
}

// The token that `aws sso login` left.
Result<std::string> sign_on_token(const Lookup& look, const SignOn& sign_on) {
  const std::string path =
      look.settings.variable("HOME") + "/.aws/sso/cache/" + io::hex(io::sha1(sign_on.cache_name)) + ".json";
  const Result<std::string> text = io::read_file(path, std::size_t{1} << 20);
  if (!text.ok()) return sign_on_again(look.settings, "nobody has signed on here (" + path + ")");
  const Result<json::value> document = parse_json(*text);
  if (!document.ok()) return Error{Code::corrupt, path + " is not JSON"};
  JsonReader reader(*document, path);
  std::string token = reader.text("accessToken");
  const Time end = reader.time("expiresAt");
  TW_RETURN_IF_ERROR(reader.status());
  if (end <= look.clock.now()) return sign_on_again(look.settings, "that has expired");
  return token;
}

}  // namespace

Link from_environment(const Lookup& look) {
  AwsCredentials made{look.settings.variable("AWS_ACCESS_KEY_ID"),
                      look.settings.variable("AWS_SECRET_ACCESS_KEY"),
                      look.settings.variable("AWS_SESSION_TOKEN"),
                      {},
                      "the environment"};
  if (made.access_key_id.empty() != made.secret_access_key.empty()) {
    return Error{Code::unauthorized,
                 std::string("of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY only the ") +
                     (made.access_key_id.empty() ? "second" : "first") + " is set",
                 "set both or neither"};
  }
  if (!made.access_key_id.empty()) return std::optional(made);
  look.seen.emplace_back("the environment (AWS_ACCESS_KEY_ID is not set)");
  return std::optional<AwsCredentials>();
}

Link from_web_identity(const Lookup& look) {
  const std::optional<WebIdentity> identity = web_identity_of(look.settings);
  if (!identity) {
    look.seen.emplace_back("web identity (AWS_WEB_IDENTITY_TOKEN_FILE is not set)");
    return std::optional<AwsCredentials>();
  }
  if (identity->role.empty()) {
    return Error{Code::unauthorized, identity->named_by + ": a web identity needs a role, and none is set",
                 "set AWS_ROLE_ARN, or role_arn in the profile"};
  }
  // Read each time: whoever runs us replaces the file before the token ends.
  Result<std::string> token = io::read_file(identity->token_file, std::size_t{1} << 20);
  if (!token.ok()) {
    return Error{Code::unauthorized, "the web identity token of " + identity->named_by +
                                         " cannot be read: " + token.error().message};
  }
  const std::string region = region_of(look.settings);
  const std::string domain = region.starts_with("cn-") ? ".amazonaws.com.cn" : ".amazonaws.com";
  TW_ASSIGN_OR_RETURN(const io::HttpEndpoint endpoint,
                      service_endpoint(look.settings, "AWS_ENDPOINT_URL_STS", "sts." + region + domain));
  const std::string form =
      "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=" + io::percent_encode(identity->role) +
      "&RoleSessionName=" + io::percent_encode(identity->session) +
      "&WebIdentityToken=" + io::percent_encode(trim(*token));
  TW_ASSIGN_OR_RETURN(
      const io::HttpResponse answer,
      look.http.send(endpoint, {"POST", "/", {{"Content-Type", "application/x-www-form-urlencoded"}}, form},
                     service_patience));
  TW_ASSIGN_OR_RETURN(AwsCredentials made, credentials_of_sts(answer, *identity));
  return std::optional(std::move(made));
}

Link from_sso(const Lookup& look) {
  const std::optional<SignOn> sign_on = sign_on_of(look.settings);
  if (!sign_on) return std::optional<AwsCredentials>();  // from_profile tells of the profile
  TW_ASSIGN_OR_RETURN(const std::string token, sign_on_token(look, *sign_on));
  const std::string region = sign_on->region.empty() ? region_of(look.settings) : sign_on->region;
  TW_ASSIGN_OR_RETURN(
      const io::HttpEndpoint endpoint,
      service_endpoint(look.settings, "AWS_ENDPOINT_URL_SSO", "portal.sso." + region + ".amazonaws.com"));
  const std::string target = "/federation/credentials?role_name=" + io::percent_encode(sign_on->role) +
                             "&account_id=" + io::percent_encode(sign_on->account);
  TW_ASSIGN_OR_RETURN(
      const io::HttpResponse answer,
      look.http.send(endpoint, {"GET", target, {{"x-amz-sso_bearer_token", token}}}, service_patience));
  if (answer.status == 401) return sign_on_again(look.settings, "that has expired");
  if (answer.status != 200) {
    return Error{answer.status >= 500 ? Code::unavailable : Code::unauthorized,
                 "single sign-on does not give us the role " + sign_on->role + " of account " +
                     sign_on->account + ": status " + std::to_string(answer.status)};
  }
  const Result<json::value> document = parse_json(answer.body);
  if (!document.ok()) return Error{Code::corrupt, "the answer of single sign-on is not JSON"};
  JsonReader reader(*document, "sign-on");
  const json::value& given = reader.value("roleCredentials");
  JsonReader role(given, "sign-on");
  AwsCredentials made{role.text("accessKeyId"), role.text("secretAccessKey"), role.text("sessionToken"),
                      Time(Duration(role.integer("expiration"))),
                      "single sign-on (" + profile_name(look.settings) + ")"};
  TW_RETURN_IF_ERROR(role.status());
  return std::optional(std::move(made));
}

Link from_profile(const Lookup& look) {
  const AwsSettings& settings = look.settings;
  const std::string where = settings.credentials_path + " and " + settings.config_path;
  AwsCredentials made{settings.value("aws_access_key_id"),
                      settings.value("aws_secret_access_key"),
                      settings.value("aws_session_token"),
                      {},
                      profile_name(settings)};
  if (!made.access_key_id.empty() && !made.secret_access_key.empty()) return std::optional(std::move(made));
  // What AWS's own program can turn into keys, and we cannot.
  for (const char* key : {"credential_process", "source_profile", "credential_source"}) {
    if (settings.value(key).empty()) continue;
    return Error{
        Code::unauthorized, profile_name(settings) + " says " + key + ", which Tradewind does not follow",
        "run: eval \"$(aws configure export-credentials --profile " + settings.profile + " --format env)\""};
  }
  const bool there = settings.files.profiles.contains(settings.profile);
  look.seen.push_back(profile_name(settings) + " in " + where +
                      (there ? " (has no keys)" : " (is not there)"));
  return std::optional<AwsCredentials>();
}

Result<AwsCredentials> credentials_of_json(std::string_view text, const std::string& source,
                                           std::string_view key, std::string_view secret,
                                           std::string_view token, std::string_view expiration) {
  const Result<json::value> document = parse_json(text, std::size_t{1} << 20);
  if (!document.ok()) return Error{Code::corrupt, "the answer of " + source + " is not JSON"};
  JsonReader reader(*document, source);
  AwsCredentials made{reader.text(key), reader.text(secret), reader.text_or(token, ""),
                      reader.optional_time(expiration), source};
  TW_RETURN_IF_ERROR(reader.status());
  return made;
}

}  // namespace tradewind::cloud
