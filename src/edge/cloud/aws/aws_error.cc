#include "edge/cloud/aws/aws_error.h"

#include <algorithm>
#include <array>
#include <utility>

#include <pugixml.hpp>

#include "base/text.h"
#include "core/model/json.h"
#include "edge/cloud/api_client.h"
#include "edge/cloud/one_line.h"

namespace tradewind::cloud {
namespace {

void read_xml(const std::string& body, AwsProblem& problem) {
  pugi::xml_document document;
  if (!document.load_buffer(body.data(), body.size())) return;
  const pugi::xml_node root = document.first_child();
  pugi::xml_node error = root.child("Error");
  if (!error) error = root.child("Errors").child("Error");
  problem.code = one_line(error.child("Code").text().as_string());
  problem.message = one_line(error.child("Message").text().as_string());
  for (const char* name : {"RequestID", "RequestId"}) {
    if (problem.request_id.empty()) problem.request_id = one_line(root.child(name).text().as_string());
  }
}

void read_json(const std::string& body, AwsProblem& problem) {
  const Result<json::value> document = parse_json(body, std::size_t{1} << 20);
  if (!document.ok() || !document->is_object()) return;
  JsonReader reader(*document, "");
  std::string type = reader.text_or("__type", "");
  if (type.empty()) type = reader.text_or("code", "");
  type = type.substr(type.rfind('#') + 1);  // npos + 1 is 0
  problem.code = one_line(type.substr(0, type.find(':')));
  problem.message = one_line(reader.text_or("message", ""));
  if (problem.message.empty()) problem.message = one_line(reader.text_or("Message", ""));
}

struct Known {
  std::string_view code;
  AwsFault fault;
};
constexpr std::array known = {
    Known{"InsufficientInstanceCapacity", AwsFault::capacity},
    Known{"InsufficientHostCapacity", AwsFault::capacity},
    Known{"InsufficientReservedInstanceCapacity", AwsFault::capacity},
    Known{"InsufficientCapacityOnHost", AwsFault::capacity},
    Known{"InsufficientCapacity", AwsFault::capacity},
    Known{"UnfulfillableCapacity", AwsFault::capacity},
    Known{"SpotMaxPriceTooLow", AwsFault::capacity},
    Known{"ReservationCapacityExceeded", AwsFault::capacity},
    // Of a type that is not in this zone, and of a subnet without addresses: another place may have both.
    Known{"Unsupported", AwsFault::capacity},
    Known{"InsufficientFreeAddressesInSubnet", AwsFault::capacity},
    Known{"VcpuLimitExceeded", AwsFault::quota},
    Known{"MaxSpotInstanceCountExceeded", AwsFault::quota},
    Known{"InstanceLimitExceeded", AwsFault::quota},
    Known{"MaxFleetCountExceeded", AwsFault::quota},
    Known{"AddressLimitExceeded", AwsFault::quota},
    Known{"VolumeLimitExceeded", AwsFault::quota},
    Known{"SecurityGroupLimitExceeded", AwsFault::quota},
    Known{"NetworkInterfaceLimitExceeded", AwsFault::quota},
    Known{"PendingVerification", AwsFault::quota},
    Known{"OptInRequired", AwsFault::quota},
    Known{"RequestLimitExceeded", AwsFault::throttled},
    Known{"Throttling", AwsFault::throttled},
    Known{"ThrottlingException", AwsFault::throttled},
    Known{"ThrottledException", AwsFault::throttled},
    Known{"TooManyRequestsException", AwsFault::throttled},
    Known{"EC2ThrottledException", AwsFault::throttled},
    Known{"SlowDown", AwsFault::throttled},
    Known{"AuthFailure", AwsFault::identity},
    Known{"InvalidClientTokenId", AwsFault::identity},
    Known{"UnrecognizedClientException", AwsFault::identity},
    Known{"InvalidSignatureException", AwsFault::identity},
    Known{"SignatureDoesNotMatch", AwsFault::identity},
    Known{"MissingAuthenticationToken", AwsFault::identity},
    Known{"ExpiredToken", AwsFault::identity},
    Known{"ExpiredTokenException", AwsFault::identity},
    Known{"RequestExpired", AwsFault::identity},
    Known{"RequestTimeTooSkewed", AwsFault::identity},
    Known{"UnauthorizedOperation", AwsFault::denied},
    Known{"AccessDenied", AwsFault::denied},
    Known{"AccessDeniedException", AwsFault::denied},
    Known{"AuthFailure.ServiceLinkedRoleCreationNotPermitted", AwsFault::denied},
    Known{"ParameterNotFound", AwsFault::not_found},
    Known{"NoSuchResourceException", AwsFault::not_found},
    Known{"IdempotentParameterMismatch", AwsFault::conflict},
    Known{"IdempotentInstanceTerminated", AwsFault::conflict},
    Known{"InvalidGroup.Duplicate", AwsFault::conflict},
    Known{"IncorrectState", AwsFault::conflict},
    Known{"IncorrectInstanceState", AwsFault::conflict},
    Known{"InternalError", AwsFault::passing},
    Known{"InternalFailure", AwsFault::passing},
    Known{"InternalServerError", AwsFault::passing},
    Known{"Unavailable", AwsFault::passing},
    Known{"ServiceUnavailable", AwsFault::passing},
    Known{"DryRunOperation", AwsFault::dry_run},
};

Code code_of(AwsFault fault) {
  switch (fault) {
    case AwsFault::capacity:
      return Code::insufficient_capacity;
    case AwsFault::quota:
      return Code::quota_exceeded;
    case AwsFault::throttled:
      return Code::rate_limited;
    case AwsFault::identity:
    case AwsFault::denied:
      return Code::unauthorized;
    case AwsFault::not_found:
      return Code::not_found;
    case AwsFault::conflict:
      return Code::conflict;
    case AwsFault::passing:
      return Code::unavailable;
    case AwsFault::invalid:
    case AwsFault::dry_run:
      break;
  }
  return Code::invalid_argument;
}

std::string cure_of(AwsFault fault, const AwsProblem& problem, const std::string& permission,
                    const std::string& identity) {
  switch (fault) {
    case AwsFault::capacity:
      return "another zone, region or type may have some";
    case AwsFault::quota:
      if (problem.code == "PendingVerification") return "wait until AWS has verified the account";
      if (problem.code == "OptInRequired")
        return "switch the region on for the account, or accept the offer's terms";
      return "ask for more in the Service Quotas console, or use another region";
    case AwsFault::identity:
      if (problem.code.find("Expired") != std::string::npos || problem.code == "RequestTimeTooSkewed")
        return "renew the credentials (" + identity + "), and see that this machine's clock is right";
      return "see that the credentials (" + identity +
             ") are whole and still active: aws sts get-caller-identity";
    case AwsFault::denied:
      if (problem.code.find("ServiceLinkedRole") != std::string::npos)
        return "make it once: aws iam create-service-linked-role --aws-service-name spot.amazonaws.com";
      return "grant " + permission + " to whoever asks (" + identity +
             "): docs/suppliers/aws.md has the policy";
    default:
      return "";
  }
}

}  // namespace

AwsProblem parse_aws_problem(const io::HttpResponse& answer) {
  AwsProblem problem;
  problem.status = answer.status;
  const std::string_view body = trim(answer.body);
  if (body.starts_with('<')) read_xml(answer.body, problem);
  if (body.starts_with('{')) read_json(answer.body, problem);
  if (problem.request_id.empty()) problem.request_id = request_id(answer.headers);
  return problem;
}

AwsFault aws_fault(const AwsProblem& problem) {
  const auto found = std::ranges::find(known, problem.code, &Known::code);
  if (found != known.end()) return found->fault;
  if (problem.code.ends_with(".NotFound") || problem.code.ends_with(".NotFoundException"))
    return AwsFault::not_found;
  if (problem.status == 429 || problem.code.starts_with("Throttl")) return AwsFault::throttled;
  if (status_passes(problem.status)) return AwsFault::passing;
  if (problem.code.empty() && (problem.status == 401 || problem.status == 403)) return AwsFault::denied;
  return AwsFault::invalid;
}

Error aws_error(const std::string& service, const std::string& action, const AwsProblem& problem,
                const std::string& permission, const std::string& identity) {
  const AwsFault fault = aws_fault(problem);
  std::string message = service + " refuses " + action + ": ";
  message += problem.code.empty() ? "status " + std::to_string(problem.status) : problem.code;
  if (!problem.message.empty()) message += ": " + problem.message;
  if (!problem.request_id.empty()) message += " (request " + problem.request_id + ")";
  return {code_of(fault), std::move(message), cure_of(fault, problem, permission, identity)};
}

}  // namespace tradewind::cloud
