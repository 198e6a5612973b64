// Credentials that lie in a file: keys of service accounts, and people who signed in.
// The files' members: https://google.aip.dev/auth/4110 to 4117.

#include <chrono>

#include "base/text.h"
#include "edge/cloud/google/google_jwt.h"
#include "edge/cloud/google/google_links.h"
#include "edge/cloud/google/google_tokens.h"
#include "edge/cloud/http_date.h"
#include "edge/io/files.h"

namespace tradewind::cloud {
namespace {

constexpr const char* sign_in = "sign in again: gcloud auth application-default login";
constexpr std::size_t file_bytes_max = std::size_t{1} << 20;
// A clock that differs by less is not why a claim is refused.
constexpr Duration skew_noticed = std::chrono::minutes(1);

Error incomplete(const GoogleFile& file, const JsonReader& reader) {
  return {Code::unauthorized, file.shown + " holds no whole credentials: " + reader.status().error().message,
          "make it again, where it came from"};
}

Result<GoogleCredential> read_credential(const GoogleLookup& look, const std::string& text,
                                         const std::string& path) {
  const Result<json::value> document = parse_json(text, file_bytes_max);
  if (!document.ok()) {
    return Error{Code::unauthorized, path + " holds no credentials: it is not JSON",
                 "was another kind of key downloaded? Google's are JSON here"};
  }
  return google_credential_of(look, {*document, path, std::string(google_storage_scope)});
}

bool is_about_clock(const io::HttpResponse& answer) {
  return answer.status == 400 && answer.body.find("iat") != std::string::npos &&
         answer.body.find("exp") != std::string::npos;
}

std::string cure_of_key(const std::string& said, const std::string& email) {
  if (said.find("account not found") != std::string::npos)
    return "the account was deleted: take another's key";
  if (said.find("iat") != std::string::npos) {
    return "this machine's clock differs too much from Google's: switch on time synchronisation";
  }
  return "its key was removed or has ended: gcloud iam service-accounts keys create FILE --iam-account=" +
         email;
}

GoogleCredential made_of(GoogleToken token, const std::string& source, const std::string& member,
                         const std::string& cure, JsonReader& reader) {
  return {
      std::move(token.text), token.expires_at, source, member, cure, reader.text_or("quota_project_id", "")};
}

// A lasting token that is exchanged for one of an hour.
Result<GoogleCredential> refresh(const GoogleLookup& look, const GoogleFile& file, std::string_view url,
                                 const std::string& named_by, Query form, std::vector<io::HttpHeader> headers,
                                 JsonReader& reader) {
  form.emplace_back("grant_type", "refresh_token");
  form.emplace_back("refresh_token", reader.text("refresh_token"));
  if (!reader.status().ok()) return incomplete(file, reader);
  const std::string who = "whoever signed in (in " + file.shown + ")";
  TW_ASSIGN_OR_RETURN(const io::HttpResponse answer,
                      send_google_form(look, url, named_by, form, std::move(headers)));
  if (answer.status != 200) return google_refusal(answer, who, sign_in);
  TW_ASSIGN_OR_RETURN(GoogleToken token, google_token_of(look, answer.body, who));
  const std::string account = reader.text_or("account", "");  // gcloud leaves it empty, mostly
  return made_of(std::move(token), who, account.empty() ? "" : "user:" + account, sign_in, reader);
}

}  // namespace

GoogleLink from_google_variable(const GoogleLookup& look) {
  constexpr const char* name = "GOOGLE_APPLICATION_CREDENTIALS";
  const std::string path = look.variable(name);
  if (path.empty()) {
    look.seen.emplace_back("GOOGLE_APPLICATION_CREDENTIALS (is not set)");
    return std::optional<GoogleCredential>();
  }
  // Read each time: whoever runs us may have replaced it.
  const Result<std::string> text = io::read_file(path, file_bytes_max);
  if (!text.ok()) {
    return Error{Code::unauthorized,
                 std::string(name) + " names a file that cannot be read: " + text.error().message,
                 "correct it, or unset it"};
  }
  TW_ASSIGN_OR_RETURN(GoogleCredential made, read_credential(look, *text, path));
  return std::optional(std::move(made));
}

GoogleLink from_google_login(const GoogleLookup& look) {
  std::string folder = look.variable("CLOUDSDK_CONFIG");
  const std::string home = look.variable("HOME");
  if (folder.empty() && home.empty()) {
    look.seen.emplace_back("gcloud's login (neither CLOUDSDK_CONFIG nor HOME is set)");
    return std::optional<GoogleCredential>();
  }
  if (folder.empty()) folder = home + "/.config/gcloud";
  const std::string path = folder + "/application_default_credentials.json";
  const Result<std::string> text = io::read_file(path, file_bytes_max);
  if (!text.ok() && text.error().code == Code::not_found) {
    look.seen.push_back("gcloud's login (there is no " + path + ")");
    return std::optional<GoogleCredential>();
  }
  if (!text.ok()) return Error{Code::unauthorized, text.error().message, text.error().hint};
  TW_ASSIGN_OR_RETURN(GoogleCredential made, read_credential(look, *text, path));
  return std::optional(std::move(made));
}

Result<GoogleCredential> google_credential_of(const GoogleLookup& look, const GoogleFile& file) {
  JsonReader reader(file.document, file.shown);
  const std::string type = reader.text("type");
  if (!reader.status().ok()) return incomplete(file, reader);
  if (type == "service_account") return google_service_account(look, file);
  if (type == "authorized_user") return google_user(look, file);
  if (type == "external_account") return google_federated_workload(look, file);
  if (type == "external_account_authorized_user") return google_federated_user(look, file);
  if (type == "impersonated_service_account") return google_impersonated(look, file);
  return Error{Code::unauthorized, file.shown + " holds credentials of the type '" + type.substr(0, 80) + "'",
               "use those of a service account, of workload identity federation, or of gcloud auth "
               "application-default login"};
}

// A claim is signed, and a token given for it. Where our clock is wrong, the claim is made once more by that
// of the service.
Result<GoogleCredential> google_service_account(const GoogleLookup& look, const GoogleFile& file) {
  JsonReader reader(file.document, file.shown);
  const std::string email = reader.text("client_email");
  const std::string key = reader.text("private_key");
  const std::string url = reader.text_or("token_uri", std::string(google_token_url));
  GoogleClaim claim{email, url, file.scope, reader.text_or("private_key_id", ""), look.clock.now()};
  if (!reader.status().ok()) return incomplete(file, reader);
  const std::string who = "the service account " + email + " (in " + file.shown + ")";
  const auto ask = [&]() -> Result<io::HttpResponse> {
    TW_ASSIGN_OR_RETURN(const std::string assertion, sign_google_claim(claim, key));
    return send_google_form(
        look, url, "token_uri in " + file.shown,
        {{"grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"}, {"assertion", assertion}});
  };
  TW_ASSIGN_OR_RETURN(io::HttpResponse answer, ask());
  if (is_about_clock(answer)) {
    const std::optional<Duration> ahead = server_ahead(answer.headers, look.clock.now());
    if (ahead && std::chrono::abs(*ahead) > skew_noticed) {
      claim.issued_at = look.clock.now() + *ahead;
      TW_ASSIGN_OR_RETURN(answer, ask());
    }
  }
  if (answer.status != 200)
    return google_refusal(answer, who, cure_of_key(google_refusal_text(answer), email));
  TW_ASSIGN_OR_RETURN(GoogleToken token, google_token_of(look, answer.body, who));
  return made_of(std::move(token), who, "serviceAccount:" + email,
                 "make a new key: gcloud iam service-accounts keys create FILE --iam-account=" + email,
                 reader);
}

// What gcloud auth application-default login leaves.
Result<GoogleCredential> google_user(const GoogleLookup& look, const GoogleFile& file) {
  JsonReader reader(file.document, file.shown);
  const Query form = {{"client_id", reader.text("client_id")},
                      {"client_secret", reader.text("client_secret")}};
  const std::string url = reader.text_or("token_uri", std::string(google_token_url));
  return refresh(look, file, url, "token_uri in " + file.shown, form, {}, reader);
}

// The same after a login through another organisation's identities (workforce identity federation).
Result<GoogleCredential> google_federated_user(const GoogleLookup& look, const GoogleFile& file) {
  JsonReader reader(file.document, file.shown);
  const std::string url = reader.text_or("token_url", "https://sts.googleapis.com/v1/oauthtoken");
  const io::HttpHeader basic = google_basic_header(reader.text("client_id"), reader.text("client_secret"));
  return refresh(look, file, url, "token_url in " + file.shown, {}, {basic}, reader);
}

}  // namespace tradewind::cloud
