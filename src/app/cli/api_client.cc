#include "app/cli/api_client.h"

#include "app/api/error_body.h"
#include "app/api/version.h"
#include "edge/io/http_target.h"

namespace tradewind::cli {

ApiClient::ApiClient(io::HttpClient http, std::function<void(const std::string&)> warn)
    : http_(std::move(http)), warn_(std::move(warn)) {}

Result<json::value> ApiClient::get(const std::string& target, Duration patience) {
  return ask({"GET", target}, patience, false);
}

Result<json::value> ApiClient::post(const std::string& target, const json::value& body, Duration patience) {
  return ask({"POST", target, {{"Content-Type", "application/json"}}, to_text(body)}, patience, false);
}

Result<json::value> ApiClient::post_to_any_version(const std::string& target) {
  return ask({"POST", target}, Duration(10'000), true);
}

Result<json::value> ApiClient::get_from_any_version(const std::string& target) {
  return ask({"GET", target}, Duration(10'000), true);
}

Status ApiClient::check_version(const io::HttpResponse& response) {
  if (checked_) return {};
  const std::string_view said = io::header_of(response.headers, api::version_header);
  const std::string own_api = " api=" + std::to_string(api::api_version);
  const std::string_view theirs = said.substr(0, said.find(' '));
  if (!said.ends_with(own_api)) {
    return Error{
        Code::conflict,
        "the running server is " +
            (theirs.empty() ? "no tradewind server" : "version " + std::string(theirs)) +
            ", this program is version " + std::string(api::program_version) +
            ", and they do not understand each other",
        "tradewind server stop ends the old one; its jobs go on, and the next command starts the new one"};
  }
  if (theirs != api::program_version) {
    warn_("the running server is version " + std::string(theirs) + ", this program is version " +
          std::string(api::program_version) + "; tradewind server stop ends the old one, its jobs go on");
  }
  checked_ = true;
  return {};
}

Result<json::value> ApiClient::ask(const io::HttpRequest& request, Duration patience, bool any_version) {
  TW_ASSIGN_OR_RETURN(const io::HttpResponse response, http_.send(request, patience));
  if (!any_version) TW_RETURN_IF_ERROR(check_version(response));
  if (response.status >= 400) return api::error_from_body(response.status, response.body);
  Result<json::value> document = parse_json(response.body);
  if (document.ok()) return document;
  return Error{Code::corrupt, "the server's answer is not JSON: " + document.error().message};
}

std::string job_target(const std::string& job, const std::string& rest) {
  return "/v1/jobs/" + io::percent_encode(job) + rest;
}

}  // namespace tradewind::cli
