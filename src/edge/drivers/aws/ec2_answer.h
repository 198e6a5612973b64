// The XML that EC2 answers with, as values. Pure.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html and its neighbours
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/money.h"
#include "base/result.h"
#include "base/time.h"

namespace tradewind::aws {

struct Ec2Instance {
  std::string id;      // "i-0123456789abcdef0"
  std::string state;   // "running"
  int state_code = 0;  // of its low byte: 16
  std::string type;
  std::string zone;
  bool spot = false;
  Time launched_at;
  std::map<std::string, std::string> tags;
  std::string reason_code;     // of its last change: "Server.SpotInstanceTermination"
  std::string reason_message;  // "Server.SpotInstanceTermination: Spot instance termination"
  std::string transition;      // "User initiated (2026-01-01 08:22:00 GMT)"
};

struct Ec2Page {
  std::vector<Ec2Instance> instances;
  std::string next_token;  // "": the last page
};

// Errors of all: corrupt, the answer is none of that kind.
Result<Ec2Page> parse_instances(std::string_view xml);     // of DescribeInstances
Result<Ec2Instance> parse_launched(std::string_view xml);  // of RunInstances, that made one
Result<std::string> parse_ending_state(
    std::string_view xml);  // of TerminateInstances, of one: "shutting-down"

struct SpotPrice {
  std::string instance_type;
  std::string zone;
  Money price_per_hour;
  Time since;
};
struct SpotPage {
  std::vector<SpotPrice> prices;
  std::string next_token;
};
Result<SpotPage> parse_spot_prices(std::string_view xml);

struct SecurityGroup {
  std::string id;
  bool lets_in = false;  // it has a rule for what comes in
};
Result<std::vector<SecurityGroup>> parse_security_groups(std::string_view xml);
Result<std::string> parse_made_group(std::string_view xml);  // of CreateSecurityGroup

struct Subnet {
  std::string id;
  std::string vpc;
  std::string zone;
};
Result<std::vector<Subnet>> parse_subnets(std::string_view xml);

struct Image {
  std::string id;
  std::string name;
  std::string root_device;   // "/dev/xvda"
  std::string architecture;  // "x86_64", "arm64"
};
Result<std::vector<Image>> parse_images(std::string_view xml);

// Names of zones by their ids ("use1-az6" → "us-east-1a"), which differ between accounts.
Result<std::map<std::string, std::string>> parse_zones(std::string_view xml);

// Of GetCallerIdentity of STS: "arn:aws:iam::123456789012:user/ana".
Result<std::string> parse_caller(std::string_view xml);

// "2026-01-01 08:22:00 GMT" within a transition.
std::optional<Time> time_in(std::string_view transition);

}  // namespace tradewind::aws
