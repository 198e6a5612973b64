// One service of AWS in one region, in its query protocol or in JSON: signed, and repeated where that is of
// use.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "core/model/json.h"
#include "edge/cloud/api_client.h"
#include "edge/cloud/aws/aws_credentials.h"
#include "edge/cloud/aws/aws_error.h"
#include "edge/cloud/query.h"

namespace tradewind::cloud {

struct AwsApiOptions {
  std::string service;  // as requests are signed for it: "ec2"
  std::string region;
  std::string called;         // "EC2 in us-east-1", for errors
  std::string version = {};   // of the query protocol: "2016-11-15"
  std::string endpoint = {};  // "http://127.0.0.1:5000"; empty: AWS's own
  RetryTuning retry = {};
  RateTuning rate = {};
};

// An answer, or a refusal that repeating does not cure.
struct AwsReply {
  std::string body;                        // of an answer
  std::optional<AwsProblem> problem = {};  // of a refusal
  bool earlier_unknown = false;            // an earlier attempt may have had its effect
  std::string identity = {};               // who asked
};

// "https://ec2.us-east-1.amazonaws.com", and for China ".amazonaws.com.cn".
std::string aws_endpoint(const std::string& service, const std::string& region);

// Safe from several threads at once.
class AwsApi {
 public:
  // REQUIRES: credentials and clock outlive this. invalid_argument: the endpoint is none.
  static Result<std::unique_ptr<AwsApi>> open(AwsApiOptions options, AwsCredentialChain& credentials,
                                              const Clock& clock, Transport transport,
                                              ApiClient::Sleep sleep);

  // An action of the query protocol: its parameters as a form, the answer in XML. Errors as
  // ApiClient::call's.
  Result<AwsReply> ask(const std::string& action, Query parameters);
  // An operation of the JSON protocol, named whole: "AmazonSSM.GetParameter".
  Result<AwsReply> ask_json(const std::string& target, const json::value& body);

  const AwsApiOptions& options() const { return options_; }
  // The error that a refusal stands for.
  Error error_of(const std::string& action, const AwsReply& refused) const;

 private:
  AwsApi(AwsApiOptions options, io::HttpEndpoint endpoint, AwsCredentialChain& credentials,
         const Clock& clock, Transport transport, ApiClient::Sleep sleep);
  Status sign(io::HttpRequest& request, Time now);
  Result<AwsReply> send(const std::string& what, const io::HttpRequest& request);
  std::string last_identity() const;

  const AwsApiOptions options_;
  AwsCredentialChain& credentials_;
  mutable std::mutex mutex_;
  std::string key_id_;    // protected by mutex_; of the last request
  std::string identity_;  // protected by mutex_; where it came from
  ApiClient client_;
};

}  // namespace tradewind::cloud
