// The links of the chain, one function each. Internal to aws_credentials.cc; tests go through the chain.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "edge/cloud/aws/aws_credentials.h"
#include "edge/cloud/aws/aws_settings.h"
#include "edge/io/http_pool.h"

namespace tradewind::cloud {

struct Lookup {
  const AwsSettings& settings;
  const Clock& clock;
  io::HttpPool& http;
  std::vector<std::string>& seen;  // "the environment (AWS_ACCESS_KEY_ID is not set)", for the error
};

// Nothing: it has none, and `seen` says so. An error: it is set up, but of no use.
using Link = Result<std::optional<AwsCredentials>>;

Link from_environment(const Lookup& look);
Link from_web_identity(const Lookup& look);  // of the environment, else of the profile
Link from_sso(const Lookup& look);
Link from_profile(const Lookup& look);
Link from_container(const Lookup& look);
Link from_machine(const Lookup& look);

// The JSON that containers, machines and sign-on give, by the names of its members.
Result<AwsCredentials> credentials_of_json(std::string_view text, const std::string& source,
                                           std::string_view key = "AccessKeyId",
                                           std::string_view secret = "SecretAccessKey",
                                           std::string_view token = "Token",
                                           std::string_view expiration = "Expiration");

}  // namespace tradewind::cloud
