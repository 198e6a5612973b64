// A workload at AWS shows Google who it is by a signed request for GetCallerIdentity, which Google sends to
// AWS: https://google.aip.dev/auth/4117#determining-the-subject-token-in-aws

#include "edge/cloud/aws/aws_credentials.h"
#include "edge/cloud/aws/sigv4.h"
#include "edge/cloud/google/google_links.h"
#include "edge/cloud/service_address.h"
#include "edge/io/hash.h"
#include "edge/io/http_target.h"

namespace tradewind::cloud {
namespace {

// Elsewhere nothing answers at the machine's address, and packets to it may vanish.
constexpr Duration patience{1000};

Result<std::string> ask_machine(const GoogleLookup& look, const std::string& method, const std::string& url,
                                std::vector<io::HttpHeader> headers) {
  TW_ASSIGN_OR_RETURN(ServiceAddress address, parse_service_address(url, "credential_source"));
  TW_ASSIGN_OR_RETURN(
      io::HttpResponse answer,
      look.http.send(address.endpoint, {method, address.target, std::move(headers), ""}, patience));
  if (answer.status != 200) {
    return Error{Code::unavailable,
                 io::to_text(address.endpoint) + " answers " + std::to_string(answer.status)};
  }
  return std::move(answer.body);
}

// Of the environment, the profile, or the zone of the machine: "eu-west-1b".
Result<std::string> region_of(const GoogleLookup& look, const AwsSettings& settings, JsonReader& source) {
  for (const std::string& region :
       {settings.variable("AWS_REGION"), settings.variable("AWS_DEFAULT_REGION"), settings.value("region")}) {
    if (!region.empty()) return region;
  }
  const std::string url = source.text_or("region_url", "");
  const Error none{Code::unauthorized, "the region at AWS is not known", "set AWS_REGION"};
  if (url.empty()) return none;
  std::vector<io::HttpHeader> headers;
  if (const std::string session = source.text_or("imdsv2_session_token_url", ""); !session.empty()) {
    TW_ASSIGN_OR_RETURN(const std::string token,
                        ask_machine(look, "PUT", session, {{"X-aws-ec2-metadata-token-ttl-seconds", "300"}}));
    headers.push_back({"X-aws-ec2-metadata-token", token});
  }
  TW_ASSIGN_OR_RETURN(const std::string zone, ask_machine(look, "GET", url, std::move(headers)));
  if (zone.size() < 2) return none;
  return zone.substr(0, zone.size() - 1);
}

std::string put_in(std::string text, const std::string& region) {
  constexpr std::string_view place = "{region}";
  for (std::size_t at = text.find(place); at != std::string::npos; at = text.find(place)) {
    text.replace(at, place.size(), region);
  }
  return text;
}

}  // namespace

Result<std::string> google_aws_subject_token(const GoogleLookup& look, const json::value& source,
                                             const std::string& audience, const std::string& shown) {
  JsonReader reader(source, shown);
  const std::string form = reader.text("regional_cred_verification_url");
  if (!reader.status().ok() || reader.text("environment_id") != "aws1") {
    return Error{Code::unauthorized, shown + " is of no version of AWS that is known",
                 "make the file again: gcloud iam workload-identity-pools create-cred-config --aws"};
  }
  TW_ASSIGN_OR_RETURN(const AwsSettings settings, read_aws_settings(look.environment, ""));
  AwsCredentialChain chain(settings, look.clock, look.http);
  TW_ASSIGN_OR_RETURN(const AwsCredentials keys, chain.get());
  TW_ASSIGN_OR_RETURN(const std::string region, region_of(look, settings, reader));
  const std::string url = put_in(form, region);
  TW_ASSIGN_OR_RETURN(const ServiceAddress address, parse_service_address(url, shown));
  TW_ASSIGN_OR_RETURN(const io::HttpTarget target, io::parse_http_target(address.target));
  SignableRequest request{
      "POST", "/", {target.query.begin(), target.query.end()}, {}, io::hex(io::sha256(""))};
  request.headers = {{"host", address.endpoint.host},
                     {"x-amz-date", amz_date(look.clock.now())},
                     {"x-goog-cloud-target-resource", audience}};
  if (!keys.session_token.empty()) request.headers.push_back({"x-amz-security-token", keys.session_token});
  request.headers.push_back(
      {"Authorization",
       sigv4_authorization(request, {keys.access_key_id, keys.secret_access_key, region, "sts"},
                           look.clock.now())});
  json::array headers;
  for (const io::HttpHeader& header : request.headers) {
    headers.emplace_back(json::object{{"key", header.name}, {"value", header.value}});
  }
  return io::percent_encode(
      to_text(json::value(json::object{{"url", url}, {"method", "POST"}, {"headers", std::move(headers)}})));
}

}  // namespace tradewind::cloud
