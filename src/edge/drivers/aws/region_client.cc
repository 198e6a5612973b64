#include "edge/drivers/aws/region_client.h"

#include <array>

#include "core/model/json.h"
#include "edge/drivers/aws/instance_view.h"
#include "edge/drivers/aws/run_request.h"

namespace tradewind::aws {
namespace {

constexpr Duration image_lasts = std::chrono::hours(1);

bool changes(const std::string& action) {
  return !action.starts_with("Describe") && !action.starts_with("Get");
}

// AWS_CA_BUNDLE and HTTPS_PROXY hold for AWS's own tools too.
Result<io::HttpPoolOptions> pool_options(const cloud::Variables& environment, const RegionNetwork& network) {
  io::HttpPoolOptions options;
  options.client.reply_patience = network.retry.reply_patience;
  TW_ASSIGN_OR_RETURN(options.proxies, io::HttpProxies::from(environment));
  if (const std::string bundle = cloud::variable(environment, "AWS_CA_BUNDLE"); !bundle.empty()) {
    TW_ASSIGN_OR_RETURN(options.client.trust, io::TlsTrust::from_file(bundle));
  }
  return options;
}

}  // namespace

// Who we are, and the services that we ask.
struct RegionClient::Session {
  Session(cloud::AwsSettings settings, const Clock& clock, io::HttpPoolOptions options)
      : pool(std::move(options)), credentials(std::move(settings), clock, pool) {}

  io::HttpPool pool;
  cloud::AwsCredentialChain credentials;
  std::unique_ptr<cloud::AwsApi> reads;
  std::unique_ptr<cloud::AwsApi> changes;
  std::unique_ptr<cloud::AwsApi> ssm;
  std::unique_ptr<cloud::AwsApi> quotas;
  std::unique_ptr<cloud::AwsApi> sts;
};

RegionClient::RegionClient(RegionConfig region, cloud::Variables environment, const Clock& clock,
                           RegionNetwork network)
    : region_(std::move(region)),
      environment_(std::move(environment)),
      clock_(clock),
      network_(std::move(network)) {}

RegionClient::~RegionClient() = default;

Result<RegionClient::Session*> RegionClient::session() {
  const std::lock_guard lock(mutex_);
  if (session_) return session_.get();
  TW_ASSIGN_OR_RETURN(cloud::AwsSettings settings, cloud::read_aws_settings(environment_, region_.profile));
  TW_ASSIGN_OR_RETURN(io::HttpPoolOptions options, pool_options(environment_, network_));
  auto made = std::make_unique<Session>(std::move(settings), clock_, std::move(options));
  cloud::Transport transport =
      network_.transport ? network_.transport : cloud::over(made->pool, network_.retry.reply_patience);
  if (network_.record) transport = cloud::recorded(std::move(transport), network_.record);
  struct Service {
    std::unique_ptr<cloud::AwsApi> Session::*api;
    const char* name;
    const char* called;
    const char* version;
    cloud::RateTuning rate;
  };
  const std::array services = {
      Service{&Session::reads, "ec2", "EC2", "2016-11-15", network_.reads},
      Service{&Session::changes, "ec2", "EC2", "2016-11-15", network_.changes},
      Service{&Session::ssm, "ssm", "SSM", "", network_.reads},
      Service{&Session::quotas, "servicequotas", "Service Quotas", "", {2, 5}},
      Service{&Session::sts, "sts", "STS", "2011-06-15", network_.reads},
  };
  for (const Service& service : services) {
    TW_ASSIGN_OR_RETURN((*made).*(service.api),
                        cloud::AwsApi::open({.service = service.name,
                                             .region = region_.name,
                                             .called = std::string(service.called) + " in " + region_.name,
                                             .version = service.version,
                                             .endpoint = region_.endpoint,
                                             .retry = network_.retry,
                                             .rate = service.rate},
                                            made->credentials, clock_, transport, network_.sleep));
  }
  session_ = std::move(made);
  return session_.get();
}

Result<cloud::AwsReply> RegionClient::ec2(const std::string& action, cloud::Query parameters) {
  TW_ASSIGN_OR_RETURN(Session * open, session());
  return (changes(action) ? open->changes : open->reads)->ask(action, std::move(parameters));
}

Error RegionClient::refusal(const std::string& action, const cloud::AwsReply& reply) {
  const cloud::AwsProblem problem = reply.problem.value_or(cloud::AwsProblem{});
  return cloud::aws_error("EC2 in " + region_.name, action, problem, "ec2:" + action, reply.identity);
}

Result<std::string> RegionClient::ec2_body(const std::string& action, cloud::Query parameters) {
  TW_ASSIGN_OR_RETURN(cloud::AwsReply reply, ec2(action, std::move(parameters)));
  if (reply.problem) return refusal(action, reply);
  return std::move(reply.body);
}

Result<std::string> RegionClient::parameter(const std::string& path) {
  TW_ASSIGN_OR_RETURN(Session * open, session());
  TW_ASSIGN_OR_RETURN(const cloud::AwsReply reply,
                      open->ssm->ask_json("AmazonSSM.GetParameter", json::object{{"Name", path}}));
  if (reply.problem) {
    Error error = open->ssm->error_of("GetParameter", reply);
    if (error.code != Code::not_found) return error;
    return Error{Code::not_found, "SSM in " + region_.name + " has no parameter " + path,
                 "name an image in aws.yaml: image: ami-…"};
  }
  TW_ASSIGN_OR_RETURN(const json::value document, parse_json(reply.body, std::size_t{1} << 20));
  JsonReader reader(document, "GetParameter");
  JsonReader inner(reader.value("Parameter"), "GetParameter.Parameter");
  std::string value = inner.text("Value");
  TW_RETURN_IF_ERROR(inner.status());
  return value;
}

Result<double> RegionClient::quota(const std::string& code) {
  TW_ASSIGN_OR_RETURN(Session * open, session());
  TW_ASSIGN_OR_RETURN(const cloud::AwsReply reply,
                      open->quotas->ask_json("ServiceQuotasV20190624.GetServiceQuota",
                                             json::object{{"ServiceCode", "ec2"}, {"QuotaCode", code}}));
  if (reply.problem) return open->quotas->error_of("GetServiceQuota", reply);
  TW_ASSIGN_OR_RETURN(const json::value document, parse_json(reply.body, std::size_t{1} << 20));
  JsonReader reader(document, "GetServiceQuota");
  JsonReader inner(reader.value("Quota"), "GetServiceQuota.Quota");
  const double value = inner.number("Value");
  TW_RETURN_IF_ERROR(inner.status());
  return value;
}

Result<std::string> RegionClient::caller() {
  TW_ASSIGN_OR_RETURN(Session * open, session());
  TW_ASSIGN_OR_RETURN(const cloud::AwsReply reply, open->sts->ask("GetCallerIdentity", {}));
  if (reply.problem) return open->sts->error_of("GetCallerIdentity", reply);
  TW_ASSIGN_OR_RETURN(const std::string arn, parse_caller(reply.body));
  return arn + " (" + reply.identity + ")";
}

Result<Image> RegionClient::image(const std::string& named) {
  {
    const std::lock_guard lock(mutex_);
    const auto held = images_.find(named);
    if (held != images_.end() && clock_.monotonic() - held->second.since < image_lasts)
      return held->second.image;
  }
  std::string id = named;
  if (named.starts_with('/')) {
    TW_ASSIGN_OR_RETURN(id, parameter(named));
  }
  TW_ASSIGN_OR_RETURN(const std::string body, ec2_body("DescribeImages", {{"ImageId.1", id}}));
  TW_ASSIGN_OR_RETURN(const std::vector<Image> found, parse_images(body));
  if (found.empty() || found.front().root_device.empty())
    return Error{Code::not_found, "there is no image " + id + " in " + region_.name,
                 "name one of this region in aws.yaml: images have another id in each"};
  const std::lock_guard lock(mutex_);
  images_.insert_or_assign(named, Held{found.front(), clock_.monotonic()});
  return found.front();
}

Result<std::string> RegionClient::zone_name(const std::string& zone_id) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto known = zones_.find(zone_id); known != zones_.end()) return known->second;
  }
  TW_ASSIGN_OR_RETURN(const std::string body, ec2_body("DescribeAvailabilityZones", {}));
  TW_ASSIGN_OR_RETURN(auto names, parse_zones(body));
  const std::lock_guard lock(mutex_);
  zones_ = std::move(names);
  if (const auto known = zones_.find(zone_id); known != zones_.end()) return known->second;
  return Error{Code::not_found, "this account has no zone " + zone_id + " in " + region_.name};
}

Result<Subnet> RegionClient::subnet(const std::string& id) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto known = subnets_.find(id); known != subnets_.end()) return known->second;
  }
  TW_ASSIGN_OR_RETURN(const std::string body, ec2_body("DescribeSubnets", {{"SubnetId.1", id}}));
  TW_ASSIGN_OR_RETURN(const std::vector<Subnet> found, parse_subnets(body));
  if (found.empty()) return Error{Code::not_found, "there is no subnet " + id + " in " + region_.name};
  const std::lock_guard lock(mutex_);
  subnets_.insert_or_assign(id, found.front());
  return found.front();
}

Result<std::vector<SecurityGroup>> RegionClient::groups(const std::string& name, const OwnerId& owner,
                                                        const std::string& vpc) {
  cloud::Query query;
  add_filter(query, 1, "group-name", name);
  add_filter(query, 2, std::string("tag:") + owner_tag, owner.text());
  if (!vpc.empty()) add_filter(query, 3, "vpc-id", vpc);
  TW_ASSIGN_OR_RETURN(const std::string body, ec2_body("DescribeSecurityGroups", std::move(query)));
  return parse_security_groups(body);
}

Result<std::string> RegionClient::make_group(const std::string& name, const OwnerId& owner,
                                             const std::string& vpc) {
  cloud::Query query = {{"GroupName", name},
                        {"GroupDescription", "Instances that Tradewind launched: nothing comes in"}};
  if (!vpc.empty()) query.emplace_back("VpcId", vpc);
  add_tags(query, 1, "security-group", {{owner_tag, owner.text()}, {"Name", name}});
  TW_ASSIGN_OR_RETURN(const cloud::AwsReply reply, ec2("CreateSecurityGroup", std::move(query)));
  if (!reply.problem) return parse_made_group(reply.body);
  if (reply.problem->code == "InvalidGroup.Duplicate") return std::string();
  if (reply.problem->code == "VPCIdNotSpecified" || reply.problem->code == "DefaultVpcDoesNotExist")
    return Error{Code::invalid_argument, "there is no default VPC in " + region_.name,
                 "name where instances go in aws.yaml: subnets: [subnet-…]"};
  return refusal("CreateSecurityGroup", reply);
}

Result<std::string> RegionClient::security_group(const OwnerId& owner, const std::string& subnet_id) {
  if (!region_.security_group.empty()) return region_.security_group;
  std::string vpc;
  if (!subnet_id.empty()) {
    TW_ASSIGN_OR_RETURN(const Subnet within, subnet(subnet_id));
    vpc = within.vpc;
  }
  const std::lock_guard one(making_);
  const std::string key = owner.text() + "\n" + vpc;
  {
    const std::lock_guard lock(mutex_);
    if (const auto known = groups_.find(key); known != groups_.end()) return known->second;
  }
  const std::string name = "tradewind-" + owner.text().substr(0, 32);
  std::string id;
  // A group that was just made, by us or by another of this owner's, may be missing from lists for a while.
  for (int look = 0; id.empty() && look < 5; ++look) {
    if (look > 0) network_.sleep(std::chrono::seconds(look));
    TW_ASSIGN_OR_RETURN(const std::vector<SecurityGroup> found, groups(name, owner, vpc));
    if (!found.empty() && found.front().lets_in)
      return Error{
          Code::invalid_argument,
          "somebody opened the security group " + found.front().id + " (" + name + ") in " + region_.name,
          "take its inbound rules away, or name another group in aws.yaml: security_group: sg-…"};
    if (!found.empty()) {
      id = found.front().id;
    } else {
      TW_ASSIGN_OR_RETURN(id, make_group(name, owner, vpc));
    }
  }
  if (id.empty())
    return Error{Code::unavailable,
                 "the security group " + name + " in " + region_.name + " is there and not listed"};
  const std::lock_guard lock(mutex_);
  groups_.insert_or_assign(key, id);
  return id;
}

}  // namespace tradewind::aws
