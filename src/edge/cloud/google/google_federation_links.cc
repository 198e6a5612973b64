// Identities of elsewhere that Google trusts (workload identity federation), and service accounts that
// another identity may act as. https://google.aip.dev/auth/4117,
// https://cloud.google.com/iam/docs/reference/credentials/rest

#include <chrono>

#include "base/text.h"
#include "edge/cloud/google/google_links.h"
#include "edge/cloud/google/google_tokens.h"

namespace tradewind::cloud {
namespace {

constexpr std::int64_t lifetime_s = 3600;

Error incomplete(const GoogleFile& file, const JsonReader& reader) {
  return {Code::unauthorized, file.shown + " holds no whole credentials: " + reader.status().error().message,
          "make it again: gcloud iam workload-identity-pools create-cred-config"};
}

// ".../serviceAccounts/a@p.iam.gserviceaccount.com:generateAccessToken"
std::string account_of(const std::string& url) {
  const std::string name = url.substr(std::min(url.rfind('/') + 1, url.size()));
  return name.substr(0, name.find(':'));
}

struct Impersonation {
  std::string url;
  std::string named_by;
  std::string scope;
  json::array delegates = {};
  std::int64_t lifetime = lifetime_s;
};

// A token of the account in `how.url`, for whoever holds `token`.
Result<GoogleCredential> act_as(const GoogleLookup& look, const Impersonation& how,
                                const GoogleCredential& by) {
  const std::string email = account_of(how.url);
  const std::string who = "the service account " + email + ", taken over by " + by.source;
  json::object body{{"scope", json::array{how.scope}}, {"lifetime", std::to_string(how.lifetime) + "s"}};
  if (!how.delegates.empty()) body["delegates"] = how.delegates;
  TW_ASSIGN_OR_RETURN(const io::HttpResponse answer,
                      send_google_json(look, how.url, how.named_by, json::value(std::move(body)),
                                       {{"Authorization", "Bearer " + by.token}}));
  const std::string allow = "allow it: gcloud iam service-accounts add-iam-policy-binding " + email +
                            " --member=" + (by.member.empty() ? "WHO" : by.member) +
                            " --role=roles/iam.serviceAccountTokenCreator";
  if (answer.status != 200) return google_refusal(answer, who, allow);
  const Result<json::value> document = parse_json(answer.body, std::size_t{1} << 20);
  const Error none{Code::corrupt, "the answer to " + who + " holds no token"};
  if (!document.ok()) return none;
  JsonReader reader(*document, who);
  GoogleCredential made{
      reader.text("accessToken"), reader.time("expireTime"), who, "serviceAccount:" + email, allow, ""};
  if (!reader.status().ok() || made.token.empty()) return none;
  return made;
}

}  // namespace

Result<GoogleCredential> google_federated_workload(const GoogleLookup& look, const GoogleFile& file) {
  JsonReader reader(file.document, file.shown);
  const std::string audience = reader.text("audience");
  const std::string url = reader.text_or("token_url", "https://sts.googleapis.com/v1/token");
  const std::string take_over = reader.text_or("service_account_impersonation_url", "");
  const std::string client = reader.text_or("client_id", "");
  const std::string project = reader.text_or("workforce_pool_user_project", "");
  Query form = {{"audience", audience},
                {"grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"},
                {"requested_token_type", "urn:ietf:params:oauth:token-type:access_token"},
                {"scope", take_over.empty() ? file.scope : std::string(google_platform_scope)},
                {"subject_token_type", reader.text("subject_token_type")}};
  if (!reader.status().ok()) return incomplete(file, reader);
  TW_ASSIGN_OR_RETURN(std::string subject, google_subject_token(look, file));
  form.emplace_back("subject_token", std::move(subject));
  if (!project.empty() && client.empty()) {
    form.emplace_back("options", to_text(json::value(json::object{{"userProject", project}})));
  }
  std::vector<io::HttpHeader> headers;
  if (!client.empty()) headers.push_back(google_basic_header(client, reader.text_or("client_secret", "")));
  const std::string who = "the federated identity of " + file.shown;
  TW_ASSIGN_OR_RETURN(const io::HttpResponse answer,
                      send_google_form(look, url, "token_url in " + file.shown, form, std::move(headers)));
  const std::string cure =
      "does the provider " + audience +
      " take this identity, and do its conditions hold? Look at this machine's clock, too";
  if (answer.status != 200) return google_refusal(answer, who, cure);
  TW_ASSIGN_OR_RETURN(GoogleToken token, google_token_of(look, answer.body, who));
  const std::string quota = reader.text_or("quota_project_id", "");
  GoogleCredential made{std::move(token.text), token.expires_at, who, "", cure, quota};
  if (take_over.empty()) return made;
  Impersonation how{take_over, "service_account_impersonation_url in " + file.shown, file.scope};
  if (const json::value* options = reader.optional("service_account_impersonation");
      options != nullptr && options->is_object()) {
    JsonReader inner(*options, file.shown);
    how.lifetime = inner.integer_or("token_lifetime_seconds", lifetime_s);
  }
  TW_ASSIGN_OR_RETURN(GoogleCredential taken, act_as(look, how, made));
  taken.quota_project = quota;
  return taken;
}

// What gcloud auth application-default login --impersonate-service-account leaves.
Result<GoogleCredential> google_impersonated(const GoogleLookup& look, const GoogleFile& file) {
  JsonReader reader(file.document, file.shown);
  Impersonation how{reader.text("service_account_impersonation_url"),
                    "service_account_impersonation_url in " + file.shown, file.scope};
  const json::value& source = reader.value("source_credentials");
  for (const std::string& each : reader.texts_or_empty("delegates")) how.delegates.emplace_back(each);
  if (!reader.status().ok()) return incomplete(file, reader);
  const JsonReader inner(source, "source_credentials");
  if (!inner.status().ok()) return incomplete(file, inner);
  if (source.get_object().contains("source_credentials")) {
    return Error{Code::unauthorized, file.shown + " takes over an account by way of another",
                 "name those in between under delegates"};
  }
  TW_ASSIGN_OR_RETURN(const GoogleCredential by,
                      google_credential_of(look, {source, file.shown, std::string(google_platform_scope)}));
  TW_ASSIGN_OR_RETURN(GoogleCredential taken, act_as(look, how, by));
  taken.quota_project = reader.text_or("quota_project_id", "");
  return taken;
}

}  // namespace tradewind::cloud
