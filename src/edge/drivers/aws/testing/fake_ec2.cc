#include "edge/drivers/aws/testing/fake_ec2.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <regex>

#include "base/text.h"
#include "core/model/json.h"
#include "edge/cloud/aws/sigv4.h"
#include "edge/cloud/http_date.h"
#include "edge/io/hash.h"
#include "edge/io/http_target.h"

namespace tradewind::aws {
namespace {

constexpr const char* key_id = "AKIAFAKE";
constexpr const char* lost_header = "x-fake-lost";
constexpr std::size_t user_data_max = 16'384;

io::HttpResponse refusal(int status, const std::string& code, const std::string& message) {
  return {status,
          {},
          "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error><Code>" + code +
              "</Code><Message>" + message +
              "</Message></Error></Errors><RequestID>req-1</RequestID></Response>",
          {}};
}

io::HttpResponse done(const std::string& action, const std::string& body) {
  return {200,
          {},
          "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<" + action +
              "Response xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>req-1</requestId>" +
              body + "</" + action + "Response>",
          {}};
}

std::string value(const FakeEc2::Form& form, const std::string& name) {
  const auto found = form.find(name);
  return found == form.end() ? "" : found->second;
}

FakeEc2::Form form_of(const std::string& body) {
  const Result<io::HttpTarget> parsed = io::parse_http_target("/?" + body);
  return parsed.ok() ? parsed->query : FakeEc2::Form();
}

std::string escaped(const std::string& text) {
  std::string made;
  for (const char c : text) {
    if (c == '&')
      made += "&amp;";
    else if (c == '<')
      made += "&lt;";
    else if (c == '>')
      made += "&gt;";
    else
      made += c;
  }
  return made;
}

std::string element(const std::string& name, const std::string& text) {
  return "<" + name + ">" + escaped(text) + "</" + name + ">";
}

// TagSpecification.N.Tag.M.Key and .Value of the things of that kind.
std::map<std::string, std::string> tags_for(const FakeEc2::Form& form, const std::string& kind) {
  std::map<std::string, std::string> tags;
  for (int i = 1; form.contains("TagSpecification." + std::to_string(i) + ".ResourceType"); ++i) {
    const std::string one = "TagSpecification." + std::to_string(i);
    if (value(form, one + ".ResourceType") != kind) continue;
    for (int j = 1; form.contains(one + ".Tag." + std::to_string(j) + ".Key"); ++j) {
      const std::string tag = one + ".Tag." + std::to_string(j);
      tags[value(form, tag + ".Key")] = value(form, tag + ".Value");
    }
  }
  return tags;
}

// The parameters that RunInstances documents, as far as the driver has a use for them.
bool is_run_parameter(const std::string& name) {
  static const std::regex known(
      "Action|Version|ImageId|InstanceType|MinCount|MaxCount|ClientToken|UserData|KeyName|SubnetId|DryRun|"
      "SecurityGroupId\\.[0-9]+|InstanceInitiatedShutdownBehavior|IamInstanceProfile\\.(Arn|Name)|"
      "MetadataOptions\\.(HttpTokens|HttpEndpoint|HttpPutResponseHopLimit)|Placement\\.AvailabilityZone|"
      "BlockDeviceMapping\\.[0-9]+\\.(DeviceName|Ebs\\.(VolumeSize|VolumeType|DeleteOnTermination))|"
      "InstanceMarketOptions\\.(MarketType|SpotOptions\\.(SpotInstanceType|InstanceInterruptionBehavior))|"
      "CapacityReservationSpecification\\.CapacityReservationTarget\\.CapacityReservationId|"
      "TagSpecification\\.[0-9]+\\.(ResourceType|Tag\\.[0-9]+\\.(Key|Value))");
  return std::regex_match(name, known);
}

}  // namespace

FakeEc2::FakeEc2(std::function<Time()> now, FakeEc2Options options)
    : now_(std::move(now)), options_(std::move(options)), secret_(options_.secret) {}

Time FakeEc2::now() const {
  return now_() + ahead_;
}

cloud::Variables FakeEc2::environment() const {
  return {{"AWS_ACCESS_KEY_ID", key_id},
          {"AWS_SECRET_ACCESS_KEY", options_.secret},
          {"AWS_EC2_METADATA_DISABLED", "true"},
          {"HOME", "/nonexistent"}};
}

cloud::Transport FakeEc2::transport() {
  return [this](const io::HttpEndpoint&, const io::HttpRequest& request) -> Result<io::HttpResponse> {
    io::HttpResponse made = answer(request);
    if (!io::header_of(made.headers, lost_header).empty())
      return Error{Code::unavailable, "the server closed the connection"};
    return made;
  };
}

// The signature is made anew of what was signed, by what the header says of it.
std::optional<io::HttpResponse> FakeEc2::check_signature(const io::HttpRequest& request) const {
  const std::string authorization(io::header_of(request.headers, "Authorization"));
  const std::string date(io::header_of(request.headers, "X-Amz-Date"));
  const std::size_t scope_at = authorization.find(std::string("Credential=") + key_id + "/");
  const std::size_t names_at = authorization.find(",SignedHeaders=");
  if (scope_at == std::string::npos || names_at == std::string::npos || date.size() != 16)
    return refusal(401, "AuthFailure", "AWS was not able to validate the provided access credentials");
  const std::vector<std::string> scope =
      split(authorization.substr(scope_at + 12 + std::string(key_id).size(),
                                 names_at - scope_at - 12 - std::string(key_id).size()),
            '/');
  const std::size_t names_end = authorization.find(',', names_at + 1);
  cloud::SignableRequest signable{
      request.method, request.target, {}, {}, io::hex(io::sha256(body_of(request)))};
  for (const std::string& name : split(authorization.substr(names_at + 15, names_end - names_at - 15), ';'))
    signable.headers.push_back({name, std::string(io::header_of(request.headers, name))});
  const Result<Time> signed_at =
      parse_utc(date.substr(0, 4) + "-" + date.substr(4, 2) + "-" + date.substr(6, 5) + ":" +
                date.substr(11, 2) + ":" + date.substr(13, 2) + "Z");
  if (!signed_at.ok() || scope.size() != 4 || scope[1] != options_.region)
    return refusal(401, "AuthFailure", "the scope of the signature is not of here");
  if (std::chrono::abs(now() - *signed_at) > std::chrono::minutes(5))
    return refusal(400, "RequestExpired", "Request has expired.");
  const std::string expected =
      cloud::sigv4_authorization(signable, {key_id, secret_, scope[1], scope[2]}, *signed_at);
  if (expected == authorization) return std::nullopt;
  return refusal(401, "AuthFailure", "AWS was not able to validate the provided access credentials");
}

io::HttpResponse FakeEc2::answer(const io::HttpRequest& request) {
  const std::lock_guard lock(mutex_);
  const std::string target(io::header_of(request.headers, "X-Amz-Target"));
  const Form form = form_of(std::string(body_of(request)));
  const std::string action = target.empty() ? value(form, "Action") : target.substr(target.rfind('.') + 1);
  log_.push_back(action);
  io::HttpResponse made;
  Fault& fault = faults_[action];
  if (auto refused = check_signature(request)) {
    made = *std::move(refused);
  } else if (fault.times > 0) {
    --fault.times;
    made = refusal(fault.status, fault.code, "as the test asked for");
  } else if (denied_.contains(action)) {
    made = refusal(403, "UnauthorizedOperation", "You are not authorized to perform this operation.");
  } else {
    made = target.empty() ? play(action, form) : json(target, request.body);
    if (lost_[action] > 0) {
      --lost_[action];
      made.headers.push_back({lost_header, "1"});
      made.stream = [](io::HttpStream&) { throw std::runtime_error("cut by the test"); };
    }
  }
  made.headers.push_back({"Date", cloud::format_http_date(now())});
  return made;
}

io::HttpResponse FakeEc2::play(const std::string& action, const Form& form) {
  if (action == "RunInstances") return run(form);
  if (action == "DescribeInstances") return describe(form);
  if (value(form, "DryRun") == "true")
    return refusal(412, "DryRunOperation", "Request would have succeeded.");
  if (action == "TerminateInstances") return terminate(form);
  if (action == "CreateSecurityGroup") return make_group(form);
  if (action == "DescribeSecurityGroups") return list_groups(form);
  if (action == "DescribeSpotPriceHistory") return prices(form);
  if (action == "DescribeImages") {
    const std::string id = value(form, "ImageId.1");
    if (!id.starts_with("ami-")) return refusal(400, "InvalidAMIID.Malformed", "Invalid id: " + id);
    return done(action, "<imagesSet><item>" + element("imageId", id) + element("name", "al2023") +
                            element("architecture", "x86_64") + element("rootDeviceName", "/dev/xvda") +
                            "</item></imagesSet>");
  }
  if (action == "DescribeSubnets") {
    const std::string id = value(form, "SubnetId.1");
    if (!id.starts_with("subnet-0"))
      return refusal(400, "InvalidSubnetID.NotFound", "The subnet does not exist");
    return done(action, "<subnetSet><item>" + element("subnetId", id) + element("vpcId", "vpc-1") +
                            element("availabilityZone", options_.region + id.substr(id.size() - 1)) +
                            "</item></subnetSet>");
  }
  if (action == "DescribeAvailabilityZones")
    return done(action, "<availabilityZoneInfo><item>" + element("zoneName", options_.region + "a") +
                            element("zoneId", "use1-az6") + "</item></availabilityZoneInfo>");
  if (action == "GetCallerIdentity")
    return {
        200,
        {},
        "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/ana</Arn>"
        "</GetCallerIdentityResult></GetCallerIdentityResponse>",
        {}};
  return refusal(400, "InvalidAction", "The action " + action + " is not valid for this web service.");
}

io::HttpResponse FakeEc2::json(const std::string& target, const std::string& body) {
  if (target == "AmazonSSM.GetParameter" && body.find("/aws/service/") != std::string::npos)
    return {200, {}, R"({"Parameter":{"Name":"p","Type":"String","Value":"ami-0abc","Version":1}})", {}};
  if (target == "ServiceQuotasV20190624.GetServiceQuota")
    return {200, {}, R"({"Quota":{"QuotaCode":"L-1","QuotaName":"q","Value":64.0}})", {}};
  return {400, {}, R"({"__type":"ParameterNotFound","message":"none"})", {}};
}

// --- instances ---

std::string FakeEc2::state_of(const Made& made) const {
  std::string state;
  if (made.ending_since) {
    const bool over = !dying_frozen_ && now() - *made.ending_since >= options_.ends_in;
    state = over ? "terminated" : "shutting-down";
  } else {
    const bool up = !booting_frozen_ && now() - made.launched_at >= options_.boots_in;
    state = up ? "running" : "pending";
  }
  return state;
}

std::string FakeEc2::item_of(const Made& made) const {
  const std::string state = state_of(made);
  const std::map<std::string, int> codes = {
      {"pending", 0}, {"running", 16}, {"shutting-down", 32}, {"terminated", 48}};
  const auto renamed = names_.find(state);
  std::string tags;
  for (const auto& [key, text] : made.tags)
    tags += "<item>" + element("key", key) + element("value", text) + "</item>";
  std::string item = "<item>" + element("instanceId", made.id) + "<instanceState>" +
                     element("code", std::to_string(codes.at(state))) +
                     element("name", renamed == names_.end() ? state : renamed->second) + "</instanceState>" +
                     element("reason", made.transition) + element("clientToken", made.token) +
                     element("instanceType", value(made.form, "InstanceType")) +
                     element("launchTime", format_utc(made.launched_at)) + "<placement><availabilityZone>" +
                     options_.region + "a</availabilityZone></placement>";
  if (made.spot()) item += element("instanceLifecycle", "spot");
  if (!made.reason_code.empty())
    item += "<stateReason>" + element("code", made.reason_code) +
            element("message", made.reason_code + ": as the fake has it") + "</stateReason>";
  return item + "<tagSet>" + tags + "</tagSet></item>";
}

std::optional<io::HttpResponse> FakeEc2::check_launch(const Form& form) const {
  for (const auto& [name, text] : form) {
    if (!is_run_parameter(name))
      return refusal(400, "UnknownParameter", "The parameter " + name + " is not recognized");
  }
  for (const char* needed : {"ImageId", "MinCount", "MaxCount"}) {
    if (!form.contains(needed)) return refusal(400, "MissingParameter", std::string(needed) + " is missing");
  }
  const std::optional<std::string> user_data = io::decode_base64(value(form, "UserData"));
  if (!user_data) return refusal(400, "InvalidUserData.Malformed", "Invalid BASE64 encoding of user data.");
  if (user_data->size() > user_data_max)
    return refusal(400, "InvalidParameterValue", "User data is limited to 16384 bytes");
  if (value(form, "ClientToken").size() > 64)
    return refusal(400, "InvalidParameterValue", "ClientToken is too long");
  if (!options_.types.contains(value(form, "InstanceType")))
    return refusal(400, "InvalidParameterValue", "Invalid value for InstanceType");
  if (!value(form, "ImageId").starts_with("ami-"))
    return refusal(400, "InvalidAMIID.NotFound", "no such image");
  const std::string group = value(form, "SecurityGroupId.1");
  const bool known = group.empty() || group.starts_with("sg-0") ||
                     std::ranges::any_of(groups_, [&](const Group& each) { return each.id == group; });
  if (!known)
    return refusal(400, "InvalidGroup.NotFound", "The security group '" + group + "' does not exist");
  return std::nullopt;
}

// https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html
io::HttpResponse FakeEc2::run(const Form& form) {
  if (auto refused = check_launch(form)) return *std::move(refused);
  if (value(form, "DryRun") == "true")
    return refusal(412, "DryRunOperation", "Request would have succeeded.");
  const std::string token = value(form, "ClientToken");
  std::string parameters;
  for (const auto& [name, text] : form) {
    if (name != "ClientToken" && name != "Placement.AvailabilityZone") parameters += name + "=" + text + "\n";
  }
  const auto listed = [this](const Made& made) {
    return done("RunInstances",
                element("reservationId", "r-1") + "<instancesSet>" + item_of(made) + "</instancesSet>");
  };
  for (const Made& made : made_) {
    if (token.empty() || made.token != token) continue;
    if (state_of(made) == "terminated")
      return refusal(400, "IdempotentInstanceTerminated",
                     "The client token you have provided is associated with a terminated instance.");
    if (made.parameters == parameters) return listed(made);
    return refusal(
        400, "IdempotentParameterMismatch",
        "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).");
  }
  const std::string type = value(form, "InstanceType");
  const auto room = capacity_.find(type);
  const auto living = std::ranges::count_if(made_, [&](const Made& made) {
    return value(made.form, "InstanceType") == type && state_of(made) != "terminated";
  });
  if (room != capacity_.end() && living >= room->second)
    return refusal(500, "InsufficientInstanceCapacity",
                   "We currently do not have sufficient " + type + " capacity");
  Made made;
  made.id = "i-0" + io::hex(io::random_bytes(8));
  made.token = token;
  made.parameters = parameters;
  made.form = form;
  made.tags = tags_for(form, "instance");
  made.launched_at = std::chrono::floor<std::chrono::seconds>(now());  // as EC2 tells it
  made_.push_back(made);
  return listed(made_.back());
}

bool FakeEc2::matches(const Made& made, const Form& form) const {
  for (int i = 1; form.contains("Filter." + std::to_string(i) + ".Name"); ++i) {
    const std::string filter = "Filter." + std::to_string(i);
    const std::string name = value(form, filter + ".Name");
    const std::string wanted = value(form, filter + ".Value.1");
    std::string has;
    if (name.starts_with("tag:")) {
      const auto tag = made.tags.find(name.substr(4));
      if (tag != made.tags.end()) has = tag->second;
    } else if (name == "client-token") {
      has = made.token;
    } else if (name == "instance-id") {
      has = made.id;
    }
    if (has != wanted || has.empty()) return false;
  }
  return now() - made.launched_at >= options_.lists_after;
}

io::HttpResponse FakeEc2::describe(const Form& form) {
  std::size_t most = options_.page_size;
  if (form.contains("MaxResults")) {
    const long asked = std::strtol(value(form, "MaxResults").c_str(), nullptr, 10);
    if (asked < 5 || asked > 1000) return refusal(400, "InvalidParameterValue", "MaxResults is 5 to 1000");
    most = std::min(most, static_cast<std::size_t>(asked));
  }
  std::size_t from = 0;
  if (const std::string token = value(form, "NextToken"); !token.empty()) {
    if (!token.starts_with("page-"))
      return refusal(400, "InvalidParameterValue", "Unable to parse pagination token");
    from = static_cast<std::size_t>(std::strtoul(token.c_str() + 5, nullptr, 10));
  }
  std::string items;
  std::size_t shown = 0;
  std::size_t at = from;
  for (; at < made_.size() && shown < most; ++at) {
    if (!matches(made_[at], form)) continue;
    ++shown;
    items += "<item>" + element("reservationId", "r-1") + "<instancesSet>" + item_of(made_[at]) +
             "</instancesSet></item>";
  }
  const std::string next = at < made_.size() ? element("nextToken", "page-" + std::to_string(at)) : "";
  return done("DescribeInstances", "<reservationSet>" + items + "</reservationSet>" + next);
}

io::HttpResponse FakeEc2::terminate(const Form& form) {
  std::string items;
  for (int i = 1; form.contains("InstanceId." + std::to_string(i)); ++i) {
    const std::string id = value(form, "InstanceId." + std::to_string(i));
    const auto found = std::ranges::find(made_, id, &Made::id);
    if (found == made_.end())
      return refusal(400, "InvalidInstanceID.NotFound", "The instance ID '" + id + "' does not exist");
    const std::string before = state_of(*found);
    if (!found->ending_since) {
      found->ending_since = now();
      found->reason_code = "Client.UserInitiatedShutdown";
      std::string at = format_utc(now()).substr(0, 19);
      at[10] = ' ';
      found->transition = "User initiated (" + at + " GMT)";
    }
    items += "<item>" + element("instanceId", id) + "<currentState>" + element("name", state_of(*found)) +
             "</currentState><previousState>" + element("name", before) + "</previousState></item>";
  }
  return done("TerminateInstances", "<instancesSet>" + items + "</instancesSet>");
}

// --- beside them ---

io::HttpResponse FakeEc2::make_group(const Form& form) {
  const std::string name = value(form, "GroupName");
  if (value(form, "GroupDescription").empty())
    return refusal(400, "MissingParameter", "The request must contain the parameter GroupDescription");
  if (std::ranges::any_of(groups_, [&](const Group& each) { return each.name == name; }))
    return refusal(400, "InvalidGroup.Duplicate", "The security group '" + name + "' already exists");
  groups_.push_back(
      {"sg-1" + std::to_string(groups_.size()), name, tags_for(form, "security-group")["tradewind-owner"]});
  return done("CreateSecurityGroup", "<return>true</return>" + element("groupId", groups_.back().id));
}

io::HttpResponse FakeEc2::list_groups(const Form& form) const {
  std::string items;
  for (const Group& each : groups_) {
    if (each.name != value(form, "Filter.1.Value.1") || each.owner != value(form, "Filter.2.Value.1"))
      continue;
    items += "<item>" + element("groupId", each.id) + "<ipPermissions>" + (each.open ? "<item/>" : "") +
             "</ipPermissions></item>";
  }
  return done("DescribeSecurityGroups", "<securityGroupInfo>" + items + "</securityGroupInfo>");
}

io::HttpResponse FakeEc2::prices(const Form& form) const {
  std::string items;
  for (int i = 1; form.contains("InstanceType." + std::to_string(i)); ++i) {
    for (const char* zone : {"a", "b"}) {
      items += "<item>" + element("instanceType", value(form, "InstanceType." + std::to_string(i))) +
               element("spotPrice", zone[0] == 'a' ? "0.300000" : "0.350000") +
               element("timestamp", format_utc(now())) + element("availabilityZone", options_.region + zone) +
               "</item>";
    }
  }
  return done("DescribeSpotPriceHistory",
              "<spotPriceHistorySet>" + items + "</spotPriceHistorySet><nextToken/>");
}

// --- the script ---

void FakeEc2::set_capacity(const std::string& type, int count) {
  const std::lock_guard lock(mutex_);
  capacity_[type] = count;
}

void FakeEc2::refuse(const std::string& action, int times, int status, const std::string& code) {
  const std::lock_guard lock(mutex_);
  faults_[action] = {times, status, code};
}

void FakeEc2::lose_reply(const std::string& action) {
  const std::lock_guard lock(mutex_);
  ++lost_[action];
}

void FakeEc2::preempt(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find(made_, id, &Made::id);
  if (found == made_.end()) return;
  found->ending_since = now();
  found->reason_code = "Server.SpotInstanceTermination";
  found->transition = "Server.SpotInstanceTermination";
}

void FakeEc2::open_group(const std::string& id) {
  const std::lock_guard lock(mutex_);
  for (Group& each : groups_) each.open = each.open || each.id == id;
}

FakeEc2::Made& FakeEc2::add_foreign(std::map<std::string, std::string> tags) {
  const std::lock_guard lock(mutex_);
  Made made;
  made.id = "i-0f" + io::hex(io::random_bytes(6));
  made.form["InstanceType"] = "m7g.large";
  made.tags = std::move(tags);
  made.launched_at = now() - std::chrono::hours(1);
  made_.push_back(std::move(made));
  return made_.back();
}

void FakeEc2::freeze(bool booting, bool dying) {
  const std::lock_guard lock(mutex_);
  booting_frozen_ = booting;
  dying_frozen_ = dying;
}

void FakeEc2::call_state(const std::string& name, const std::string& otherwise) {
  const std::lock_guard lock(mutex_);
  names_[name] = otherwise;
}

void FakeEc2::deny(const std::string& action) {
  const std::lock_guard lock(mutex_);
  denied_.insert(action);
}

void FakeEc2::run_ahead(Duration span) {
  const std::lock_guard lock(mutex_);
  ahead_ = span;
}

void FakeEc2::take_secret(std::string secret) {
  const std::lock_guard lock(mutex_);
  secret_ = std::move(secret);
}

std::vector<std::string> FakeEc2::log() const {
  const std::lock_guard lock(mutex_);
  return log_;
}

std::size_t FakeEc2::count(const std::string& action) const {
  const std::vector<std::string> all = log();
  return static_cast<std::size_t>(std::ranges::count(all, action));
}

std::vector<FakeEc2::Made> FakeEc2::instances() const {
  const std::lock_guard lock(mutex_);
  return made_;
}

int FakeEc2::groups() const {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(groups_.size());
}

FakeEc2Server::FakeEc2Server(FakeEc2& ec2) {
  Result<io::UniqueFd> socket = io::listen_loopback(0);
  if (!socket.ok()) std::abort();
  port_ = io::port_of(*socket);
  std::vector<io::HttpListener> listeners;
  listeners.push_back({*std::move(socket), true});
  io::HttpLimits limits;
  limits.stop_patience = Duration(50);
  server_ = *io::HttpServer::start(
      std::move(listeners), [&ec2](const io::HttpRequest& request) { return ec2.answer(request); },
      [](int status, const std::string& message) {
        return io::HttpResponse{status, {}, message, {}};
      },
      limits);
}

}  // namespace tradewind::aws
