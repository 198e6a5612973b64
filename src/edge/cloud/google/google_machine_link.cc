// The service account that a machine, a pod or a function at Google is given.
// https://cloud.google.com/compute/docs/metadata/overview

#include "base/text.h"
#include "edge/cloud/google/google_links.h"
#include "edge/cloud/google/google_tokens.h"
#include "edge/cloud/service_address.h"

namespace tradewind::cloud {
namespace {

// Elsewhere nothing answers at this address, and packets to it may vanish; a new pod's own is slow at first.
constexpr Duration patience{3000};
// A server that has shown itself to be Google's may take its time.
constexpr Duration token_patience{10'000};
constexpr std::string_view account_path = "/computeMetadata/v1/instance/service-accounts/default/";

Result<io::HttpResponse> ask(const GoogleLookup& look, const io::HttpEndpoint& endpoint,
                             std::string_view what, Duration how_long) {
  return look.http.send(
      endpoint, {"GET", std::string(account_path) + std::string(what), {{"Metadata-Flavor", "Google"}}},
      how_long);
}

bool is_google(const io::HttpResponse& answer) {
  return io::header_of(answer.headers, "Metadata-Flavor") == "Google";
}

}  // namespace

GoogleLink from_google_machine(const GoogleLookup& look) {
  const auto nothing = [&](const std::string& why) {
    look.seen.push_back("the machine's service account (" + why + ")");
    return std::optional<GoogleCredential>();
  };
  if (lower(look.variable("NO_GCE_CHECK")) == "true") return nothing("NO_GCE_CHECK is set");
  std::string host = look.variable("GCE_METADATA_HOST");
  if (host.empty()) host = "169.254.169.254";
  TW_ASSIGN_OR_RETURN(const io::HttpEndpoint endpoint, parse_endpoint("http://" + host, "GCE_METADATA_HOST"));
  const Result<io::HttpResponse> email = ask(look, endpoint, "email", patience);
  // One that was named is there, though it may not answer yet.
  if (!email.ok() && !look.variable("GCE_METADATA_HOST").empty()) {
    return Error{Code::unavailable, "GCE_METADATA_HOST: " + email.error().message};
  }
  if (!email.ok()) return nothing(email.error().message);
  if (!is_google(*email)) return nothing("its metadata is not Google's");
  if (email->status == 404) return nothing("this machine has none");
  if (email->status != 200) return nothing("its metadata answers " + std::to_string(email->status));
  const std::string name(trim(email->body.substr(0, email->body.find('\n'))));
  const std::string who = "this machine's service account " + name;
  TW_ASSIGN_OR_RETURN(const io::HttpResponse answer, ask(look, endpoint, "token", token_patience));
  if (answer.status != 200) {
    return google_refusal(answer, who,
                          "give the machine a service account, and the scope devstorage.read_write: gcloud "
                          "compute instances set-service-account");
  }
  TW_ASSIGN_OR_RETURN(GoogleToken token, google_token_of(look, answer.body, who));
  return std::optional(GoogleCredential{std::move(token.text), token.expires_at, who,
                                        name.find('@') == std::string::npos ? "" : "serviceAccount:" + name,
                                        "look at the machine's service account and scopes", ""});
}

}  // namespace tradewind::cloud
