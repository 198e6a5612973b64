// What a workload elsewhere shows to be itself: https://google.aip.dev/auth/4117.

#include "base/text.h"
#include "edge/cloud/google/google_links.h"
#include "edge/cloud/google/google_tokens.h"
#include "edge/cloud/service_address.h"
#include "edge/io/files.h"

namespace tradewind::cloud {
namespace {

constexpr std::size_t token_bytes_max = std::size_t{1} << 20;

struct Source {
  JsonReader& reader;  // of credential_source
  std::string shown;   // "credential_source in /k.json"
};

// The token is all of the text, or the member of it that `format` names.
Result<std::string> token_in(const Source& source, std::string_view text, const std::string& from) {
  std::string member;
  if (const json::value* format = source.reader.optional("format");
      format != nullptr && format->is_object()) {
    JsonReader reader(*format, source.shown + ".format");
    const std::string type = reader.text_or("type", "text");
    if (type == "json") member = reader.text("subject_token_field_name");
    if (!reader.status().ok() || (type != "json" && type != "text")) {
      return Error{Code::unauthorized, source.shown + " has a format that is neither text nor json",
                   "make the file again: gcloud iam workload-identity-pools create-cred-config"};
    }
  }
  std::string token(trim(text));
  if (!member.empty()) {
    const Result<json::value> document = parse_json(text, token_bytes_max);
    token.clear();
    if (document.ok()) token = JsonReader(*document, from).text_or(member, "");
  }
  if (token.empty()) {
    return Error{Code::unauthorized,
                 from + " holds no token" + (member.empty() ? "" : " in its member " + member),
                 "whoever writes it has not done so, or in another form than " + source.shown + " says"};
  }
  return token;
}

// Machines answer at link-local addresses, without TLS; nobody beyond the machine can listen there.
bool may_be_plain(const io::HttpEndpoint& endpoint) {
  return is_loopback(endpoint) || endpoint.host.starts_with("169.254.") ||
         endpoint.host == "metadata.google.internal";
}

Result<std::string> token_at(const GoogleLookup& look, const Source& source, const std::string& url) {
  TW_ASSIGN_OR_RETURN(ServiceAddress address, parse_service_address(url, "url of " + source.shown));
  if (!address.endpoint.tls && !may_be_plain(address.endpoint)) {
    return Error{Code::unauthorized, source.shown + " leads to " + address.endpoint.host + " without TLS",
                 "use https: a secret comes from there"};
  }
  io::HttpRequest request{"GET", address.target};
  if (const json::value* headers = source.reader.optional("headers");
      headers != nullptr && headers->is_object()) {
    for (const auto& [name, value] : headers->get_object()) {
      if (value.is_string()) request.headers.push_back({name, std::string(value.get_string())});
    }
  }
  TW_ASSIGN_OR_RETURN(const io::HttpResponse answer,
                      look.http.send(address.endpoint, request, google_patience));
  const std::string from = io::to_text(address.endpoint);
  if (answer.status != 200) {
    return Error{
        answer.status >= 500 || answer.status == 429 ? Code::unavailable : Code::unauthorized,
        from + ", where " + source.shown + " finds its token, answers " + std::to_string(answer.status)};
  }
  return token_in(source, answer.body, from);
}

}  // namespace

Result<std::string> google_subject_token(const GoogleLookup& look, const GoogleFile& file) {
  JsonReader whole(file.document, file.shown);
  const json::value& value = whole.value("credential_source");
  JsonReader reader(value, "credential_source");
  const Source source{reader, "credential_source in " + file.shown};
  if (!whole.status().ok() || !reader.status().ok()) {
    return Error{Code::unauthorized, source.shown + " is missing",
                 "make the file again: gcloud iam workload-identity-pools create-cred-config"};
  }
  if (!reader.text_or("environment_id", "").empty()) {
    return google_aws_subject_token(look, value, whole.text("audience"), source.shown);
  }
  if (const std::string path = reader.text_or("file", ""); !path.empty()) {
    // Read each time: whoever runs us replaces it before the token ends.
    const Result<std::string> text = io::read_file(path, token_bytes_max);
    if (!text.ok()) {
      return Error{Code::unauthorized,
                   "the token that " + source.shown + " names cannot be read: " + text.error().message};
    }
    return token_in(source, *text, path);
  }
  if (const std::string url = reader.text_or("url", ""); !url.empty()) return token_at(look, source, url);
  return Error{
      Code::unauthorized,
      source.shown + " is " + (reader.has("executable") ? "a program, and none is run" : "of no known kind"),
      "let whoever has the token write it to a file, and name that: gcloud iam "
      "workload-identity-pools create-cred-config --credential-source-file"};
}

}  // namespace tradewind::cloud
