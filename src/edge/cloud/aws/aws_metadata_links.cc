// What a container or a machine at AWS is told of its own role.
#include <array>

#include "base/text.h"
#include "edge/cloud/aws/aws_links.h"
#include "edge/cloud/service_address.h"
#include "edge/io/files.h"

namespace tradewind::cloud {
namespace {

// Elsewhere nothing answers at these addresses, and packets to them may vanish.
constexpr Duration patience{1000};
constexpr std::string_view container_host = "http://169.254.170.2";

// A plain connection is allowed to ourselves and to the addresses that AWS gives to nobody else.
bool may_be_plain(const io::HttpEndpoint& endpoint) {
  constexpr std::array<std::string_view, 3> hosts = {"169.254.170.2", "169.254.170.23", "fd00:ec2::23"};
  for (const std::string_view host : hosts) {
    if (endpoint.host == host) return true;
  }
  return is_loopback(endpoint);
}

Result<std::string> container_token(const AwsSettings& settings) {
  const std::string file = settings.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
  if (file.empty()) return settings.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN");
  TW_ASSIGN_OR_RETURN(const std::string text, io::read_file(file, std::size_t{1} << 20));
  return std::string(trim(text));
}

// The metadata service of the machine: one session, then questions within it.
class Metadata {
 public:
  Metadata(io::HttpPool& http, io::HttpEndpoint endpoint) : http_(http), endpoint_(std::move(endpoint)) {}

  Status begin() {
    TW_ASSIGN_OR_RETURN(
        const io::HttpResponse answer,
        http_.send(endpoint_,
                   {"PUT", "/latest/api/token", {{"X-aws-ec2-metadata-token-ttl-seconds", "300"}}, ""},
                   patience));
    if (answer.status != 200) {
      return Error{Code::not_found, "it answers " + std::to_string(answer.status) + " to a session"};
    }
    token_ = answer.body;
    return {};
  }
  Result<std::string> ask(const std::string& target) {
    TW_ASSIGN_OR_RETURN(
        io::HttpResponse answer,
        http_.send(endpoint_, {"GET", target, {{"X-aws-ec2-metadata-token", token_}}}, patience));
    if (answer.status == 404) return Error{Code::not_found, "this machine has no role"};
    if (answer.status != 200) {
      return Error{Code::unavailable, "the machine's metadata answers " + std::to_string(answer.status)};
    }
    return std::move(answer.body);
  }

 private:
  io::HttpPool& http_;
  io::HttpEndpoint endpoint_;
  std::string token_;
};

}  // namespace

Link from_container(const Lookup& look) {
  const std::string relative = look.settings.variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  const std::string full = look.settings.variable("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  if (relative.empty() && full.empty()) {
    look.seen.emplace_back("the container (AWS_CONTAINER_CREDENTIALS_FULL_URI is not set)");
    return std::optional<AwsCredentials>();
  }
  const std::string url = relative.empty() ? full : std::string(container_host) + relative;
  TW_ASSIGN_OR_RETURN(const ServiceAddress address,
                      parse_service_address(url, "AWS_CONTAINER_CREDENTIALS_FULL_URI"));
  if (!address.endpoint.tls && !may_be_plain(address.endpoint)) {
    return Error{Code::unauthorized,
                 "AWS_CONTAINER_CREDENTIALS_FULL_URI names " + address.endpoint.host + " without TLS",
                 "use https, or the container's own address"};
  }
  TW_ASSIGN_OR_RETURN(const std::string token, container_token(look.settings));
  io::HttpRequest request{"GET", address.target};
  if (!token.empty()) request.headers.push_back({"Authorization", token});
  TW_ASSIGN_OR_RETURN(const io::HttpResponse answer, look.http.send(address.endpoint, request, patience));
  if (answer.status != 200) {
    return Error{answer.status >= 500 ? Code::unavailable : Code::unauthorized,
                 "the container's credentials cannot be had: " + io::to_text(address.endpoint) + " answers " +
                     std::to_string(answer.status)};
  }
  TW_ASSIGN_OR_RETURN(AwsCredentials made, credentials_of_json(answer.body, "the container"));
  return std::optional(std::move(made));
}

Link from_machine(const Lookup& look) {
  const auto nothing = [&](const std::string& why) {
    look.seen.push_back("the machine's metadata (" + why + ")");
    return std::optional<AwsCredentials>();
  };
  if (lower(look.settings.variable("AWS_EC2_METADATA_DISABLED")) == "true") {
    return nothing("AWS_EC2_METADATA_DISABLED is set");
  }
  std::string url = look.settings.variable("AWS_EC2_METADATA_SERVICE_ENDPOINT");
  if (url.empty()) url = "http://169.254.169.254";
  TW_ASSIGN_OR_RETURN(const io::HttpEndpoint endpoint,
                      parse_endpoint(url, "AWS_EC2_METADATA_SERVICE_ENDPOINT"));
  Metadata metadata(look.http, endpoint);
  if (const Status begun = metadata.begin(); !begun.ok()) return nothing(begun.error().message);
  const std::string folder = "/latest/meta-data/iam/security-credentials/";
  const Result<std::string> role = metadata.ask(folder);
  if (!role.ok()) return nothing(role.error().message);
  const std::string name(trim(role->substr(0, role->find('\n'))));
  if (name.empty()) return nothing("this machine has no role");
  TW_ASSIGN_OR_RETURN(const std::string text, metadata.ask(folder + name));
  TW_ASSIGN_OR_RETURN(AwsCredentials made, credentials_of_json(text, "the machine's role " + name));
  return std::optional(std::move(made));
}

}  // namespace tradewind::cloud
