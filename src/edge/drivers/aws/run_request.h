// What EC2 is asked for when an instance is launched. Pure.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html
#pragma once

#include <string>

#include "edge/cloud/query.h"
#include "edge/drivers/aws/aws_file.h"
#include "edge/drivers/aws/ec2_answer.h"
#include "edge/provider/provider.h"

namespace tradewind::aws {

// What was found out for this launch.
struct LaunchPlace {
  Image image;
  std::string security_group;
  std::string subnet;  // "": the default one
  std::string zone;    // by its name; "": any
};

// By it EC2 knows a launch again: of the owner and the lease, so that two control planes in one account do
// not meet. 64 characters, which is the most.
std::string client_token(const OwnerId& owner, const std::string& token);

// All or nothing, tagged from its first moment, reachable by nobody, its disk gone with it, and ended rather
// than stopped when it turns itself off.
cloud::Query run_parameters(const RegionConfig& region, const provider::LaunchRequest& request,
                            const LaunchPlace& place, const std::string& user_data);

// "tag:tradewind-owner=…" as Filter.N of a Describe call.
void add_filter(cloud::Query& query, int number, const std::string& name, const std::string& value);
// TagSpecification.N of a call that makes such a thing.
void add_tags(cloud::Query& query, int number, const std::string& kind,
              const std::map<std::string, std::string>& tags);

}  // namespace tradewind::aws
