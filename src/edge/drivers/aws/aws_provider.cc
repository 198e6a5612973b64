#include "edge/drivers/aws/aws_provider.h"

#include <algorithm>

#include "edge/drivers/aws/instance_view.h"
#include "edge/drivers/aws/machine_kind.h"
#include "edge/io/hash.h"
#include "edge/provider/agent_arguments.h"

namespace tradewind::aws {
namespace {

using provider::Launched;
using provider::LaunchRequest;
using provider::TerminateState;

constexpr Duration notice_lead = std::chrono::minutes(2);
// "Eventual consistency" of EC2's lists is mostly seconds.
constexpr Duration list_delay = std::chrono::minutes(1);
constexpr Duration list_gap = std::chrono::seconds(2);
constexpr Duration gone_after = std::chrono::minutes(3);
constexpr Duration prices_last = std::chrono::minutes(10);
constexpr int looks_for_token = 4;
constexpr std::size_t types_at_once = 100;
constexpr int price_pages_max = 1000;  // of those types: tokens that go in a ring come to an end
constexpr std::size_t ended_max = 50'000;

provider::Capabilities capabilities_of(const RegionConfig& region) {
  provider::Capabilities facts;
  facts.provider = "aws";
  facts.only_region = region.name;
  facts.regions = {region.name};
  facts.spot = region.spot;
  facts.notice_lead = notice_lead;
  facts.list_delay = list_delay;
  facts.list_gap = list_gap;
  facts.far = true;
  facts.network_stores_only = true;
  facts.token_kind = provider::TokenKind::idempotent;
  return facts;
}

bool is_instance_id(const std::string& id) {
  return id.starts_with("i-") && id.size() > 2 && id.size() <= 32 &&
         id.find_first_not_of("0123456789abcdef", 2) == std::string::npos;
}

// Those of processors that there is an agent for.
std::vector<Offer> sold_by(const AwsOptions& options) {
  std::set<std::string> machines = options.machines;
  if (!options.region.agent.empty()) {
    machines.clear();
    for (const auto& [machine, download] : options.region.agent) machines.insert(machine);
  }
  std::vector<Offer> sold = offers_in(options.region, options.catalogue);
  std::erase_if(sold, [&](const Offer& offer) {
    return !machines.empty() && !machines.contains(machine_of(offer.instance_type));
  });
  return sold;
}

bool is_zone_id(const std::string& zone) {
  return zone.find("-az") != std::string::npos;
}

}  // namespace

AwsProvider::AwsProvider(AwsOptions options, const Clock& clock)
    : clock_(clock),
      offers_(sold_by(options)),
      agent_(std::move(options.agent)),
      capabilities_(capabilities_of(options.region)),
      client_(std::move(options.region), std::move(options.environment), clock, std::move(options.network)) {}

// --- offers ---

Status AwsProvider::refresh_prices() {
  const std::lock_guard one(pricing_);
  {
    const std::lock_guard lock(mutex_);
    if (priced_at_ && clock_.monotonic() - *priced_at_ < prices_last) return {};
  }
  std::set<std::string> types;
  for (const Offer& offer : offers_) {
    if (offer.purchase == Purchase::spot) types.insert(offer.instance_type);
  }
  std::map<std::string, Money> prices;
  for (auto next = types.begin(); next != types.end();) {
    cloud::Query query = {{"StartTime", format_utc(clock_.now())}, {"ProductDescription.1", "Linux/UNIX"}};
    for (std::size_t i = 1; i <= types_at_once && next != types.end(); ++i)
      query.emplace_back("InstanceType." + std::to_string(i), *next++);
    std::string token;
    int pages = 0;
    do {
      cloud::Query page = query;
      if (!token.empty()) page.emplace_back("NextToken", token);
      TW_ASSIGN_OR_RETURN(const std::string body,
                          client_.ec2_body("DescribeSpotPriceHistory", std::move(page)));
      TW_ASSIGN_OR_RETURN(const SpotPage listed, parse_spot_prices(body));
      for (const SpotPrice& price : listed.prices) {
        prices.insert_or_assign(price.instance_type + " " + price.zone, price.price_per_hour);
        Money& dearest = prices.try_emplace(price.instance_type, price.price_per_hour).first->second;
        dearest = std::max(dearest, price.price_per_hour);
      }
      token = listed.next_token;
    } while (!token.empty() && ++pages < price_pages_max);
  }
  const std::lock_guard lock(mutex_);
  spot_prices_ = std::move(prices);
  priced_at_ = clock_.monotonic();
  return {};
}

Result<std::vector<Offer>> AwsProvider::offers(const provider::OfferQuery& query) {
  std::vector<Offer> sold;
  if (!query.region.empty() && query.region != region().name) return sold;
  const bool has_spot =
      std::ranges::any_of(offers_, [](const Offer& o) { return o.purchase == Purchase::spot; });
  if (has_spot) {
    const Status priced = refresh_prices();
    // Who may not see prices still knows the catalogue's; a region that is out of reach sells nothing now.
    const bool denied =
        !priced.ok() && priced.error().message.find("UnauthorizedOperation") != std::string::npos;
    if (!priced.ok() && !denied) return priced.error();
  }
  sold = offers_;
  for (Offer& offer : sold) {
    if (offer.purchase != Purchase::spot) continue;
    std::string key = offer.instance_type;
    if (!offer.location.zone.empty()) {
      const Result<std::string> zone = is_zone_id(offer.location.zone)
                                           ? client_.zone_name(offer.location.zone)
                                           : Result<std::string>(offer.location.zone);
      if (!zone.ok()) continue;
      key += " " + *zone;
    }
    const std::lock_guard lock(mutex_);
    const auto price = spot_prices_.find(key);
    if (price == spot_prices_.end()) continue;
    offer.price_per_hour = price->second;
    offer.observed_on = format_utc(clock_.now()).substr(0, 10);
    offer.source = "aws";
  }
  return sold;
}

Status AwsProvider::prove_offer(const Offer& offer) const {
  for (const Offer& each : offers_) {
    if (offer_key(each) == offer_key(offer)) return {};
  }
  return Error{Code::invalid_argument, offer_key(offer) + " is not on offer in " + client_.called(),
               "see tradewind offers, and instance_types in aws.yaml"};
}

// --- launch ---

// One subnet for each lease: EC2 keeps a token's parameters though the launch failed, so a second try
// elsewhere is another lease's, and a reply that was lost is found again under the same.
Result<LaunchPlace> AwsProvider::place_of(const LaunchRequest& request) {
  LaunchPlace place;
  const RegionConfig& config = region();
  place.zone = request.offer.location.zone;
  if (is_zone_id(place.zone)) {
    TW_ASSIGN_OR_RETURN(place.zone, client_.zone_name(place.zone));
  }
  if (!config.subnets.empty()) {
    const std::size_t first =
        static_cast<unsigned char>(io::sha256(request.token)[0]) % config.subnets.size();
    for (std::size_t i = 0; i < config.subnets.size() && place.subnet.empty(); ++i) {
      TW_ASSIGN_OR_RETURN(const Subnet subnet,
                          client_.subnet(config.subnets[(first + i) % config.subnets.size()]));
      if (place.zone.empty() || subnet.zone == place.zone) place.subnet = subnet.id;
    }
    if (place.subnet.empty())
      return Error{Code::invalid_argument, client_.called() + " has no subnet of ours in " + place.zone,
                   "add one of that zone to subnets in aws.yaml"};
    place.zone.clear();  // the subnet says it
  }
  TW_ASSIGN_OR_RETURN(place.image,
                      client_.image(config.image.empty() ? image_parameter(request.offer) : config.image));
  TW_ASSIGN_OR_RETURN(place.security_group, client_.security_group(request.owner, place.subnet));
  return place;
}

Result<std::string> AwsProvider::boot_of(const LaunchRequest& request) const {
  boot::BootRequest boot;
  boot.agents = client_.region().agent;
  if (boot.agents.empty() && agent_) {
    TW_ASSIGN_OR_RETURN(boot.agents, agent_(request));
  }
  if (boot.agents.empty())
    return Error{Code::invalid_argument,
                 client_.called() + " does not know where instances get the agent from",
                 "name it in aws.yaml: agent: {x86_64: {url: https://…, sha256: …}}"};
  boot.agent_arguments = boot::agent_arguments_of(request, {"aws", notice_lead});
  boot.secrets = request.secrets;
  boot.hard_limit = request.hard_limit;
  return boot::boot_document(boot);
}

Result<cloud::Query> AwsProvider::launch_parameters(const LaunchRequest& request) {
  TW_RETURN_IF_ERROR(prove_offer(request.offer));
  if (request.nodes > 1)
    return Error{Code::invalid_argument, client_.called() + " launches one node for a job, and this needs " +
                                             std::to_string(request.nodes)};
  TW_RETURN_IF_ERROR(provider::prove_network_stores(request, "an instance of EC2"));
  TW_ASSIGN_OR_RETURN(const std::string boot, boot_of(request));
  TW_ASSIGN_OR_RETURN(const LaunchPlace place, place_of(request));
  return run_parameters(region(), request, place, boot);
}

Result<Launched> AwsProvider::launch(const LaunchRequest& request) {
  TW_ASSIGN_OR_RETURN(cloud::Query query, launch_parameters(request));
  note_owner(request.owner);
  TW_ASSIGN_OR_RETURN(const cloud::AwsReply reply, client_.ec2("RunInstances", std::move(query)));
  if (reply.problem) {
    // The token is a used one: by this request, whose boot document may differ in a short-lived URL, or by
    // one that has ended.
    const std::string& code = reply.problem->code;
    if (code == "IdempotentParameterMismatch" || code == "IdempotentInstanceTerminated")
      return adopt(request);
    return client_.refusal("RunInstances", reply);
  }
  const Result<Ec2Instance> made = parse_launched(reply.body);
  // It was launched, and what the answer says of it is lost: the list will tell.
  if (!made.ok()) return Error{Code::unavailable, client_.called() + ": " + made.error().message};
  const std::lock_guard lock(mutex_);
  launched_.insert(made->id);
  return Launched{{request.offer.location, InstanceId(made->id)}, made->launched_at};
}

Result<Launched> AwsProvider::adopt(const LaunchRequest& request) {
  for (int look = 0; look < looks_for_token; ++look) {
    if (look > 0) client_.sleep()(std::chrono::seconds(1 << look));
    TW_ASSIGN_OR_RETURN(const std::vector<Ec2Instance> found,
                        matching({{std::string("tag:") + owner_tag, request.owner.text()},
                                  {std::string("tag:") + lease_tag, request.token}}));
    if (found.empty()) continue;
    const Ec2Instance& one = found.front();
    const bool ours =
        tag_of(one, owner_tag) == request.owner.text() && tag_of(one, lease_tag) == request.token;
    const bool same = one.type == request.offer.instance_type &&
                      tag_of(one, place_tag) == to_text(request.offer.location) &&
                      one.spot == (request.offer.purchase == Purchase::spot);
    if (!ours || !same)
      return Error{Code::invalid_argument, client_.called() + ": the lease " + request.token +
                                               " has launched " + one.id + " (" + one.type +
                                               ") already, and another is asked for"};
    return Launched{{request.offer.location, InstanceId(one.id)}, one.launched_at};
  }
  return Error{Code::unavailable, client_.called() + ": EC2 knows the lease " + request.token +
                                      " and does not list its instance yet"};
}

// --- instances ---

Result<std::vector<Ec2Instance>> AwsProvider::matching(const std::map<std::string, std::string>& filters) {
  cloud::Query query;
  int number = 0;
  for (const auto& [name, value] : filters) add_filter(query, ++number, name, value);
  TW_ASSIGN_OR_RETURN(const std::string body, client_.ec2_body("DescribeInstances", std::move(query)));
  TW_ASSIGN_OR_RETURN(Ec2Page page, parse_instances(body));
  return std::move(page.instances);
}

void AwsProvider::note_owner(const OwnerId& owner) {
  const std::lock_guard lock(mutex_);
  owners_.insert(owner.text());
}

Time AwsProvider::first_seen_ended(const std::string& id) {
  const std::lock_guard lock(mutex_);
  if (ended_.size() > ended_max) ended_.clear();  // EC2 itself forgets them after an hour
  return ended_.try_emplace(id, clock_.now()).first->second;
}

Result<InstancePage> AwsProvider::instances(const OwnerId& owner, const provider::PageToken& page) {
  note_owner(owner);
  cloud::Query query = {{"MaxResults", "1000"}};
  add_filter(query, 1, std::string("tag:") + owner_tag, owner.text());
  if (!page.empty()) query.emplace_back("NextToken", page);
  TW_ASSIGN_OR_RETURN(const std::string body, client_.ec2_body("DescribeInstances", std::move(query)));
  TW_ASSIGN_OR_RETURN(const Ec2Page seen, parse_instances(body));
  InstancePage listed;
  listed.next_page = seen.next_token;
  for (const Ec2Instance& one : seen.instances) {
    if (tag_of(one, owner_tag) != owner.text()) continue;
    const bool ended = state_of(one) == InstanceState::terminated;
    listed.instances.push_back(
        instance_of(one, region().name, ended ? first_seen_ended(one.id) : clock_.now()));
  }
  return listed;
}

// --- terminate ---

// Lists lag, also behind a control plane that began anew: what is missing is gone when it stays missing.
Result<TerminateState> AwsProvider::not_listed(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const Duration since = unlisted_.try_emplace(id, clock_.monotonic()).first->second;
  if (clock_.monotonic() - since < gone_after) return TerminateState::in_progress;
  unlisted_.erase(id);
  return TerminateState::done;
}

Result<TerminateState> AwsProvider::end(const std::string& id) {
  TW_ASSIGN_OR_RETURN(const cloud::AwsReply reply, client_.ec2("TerminateInstances", {{"InstanceId.1", id}}));
  if (reply.problem) {
    if (reply.problem->code == "InvalidInstanceID.NotFound") return not_listed(id);
    return client_.refusal("TerminateInstances", reply);
  }
  TW_ASSIGN_OR_RETURN(const std::string state, parse_ending_state(reply.body));
  if (state != "terminated") return TerminateState::in_progress;
  const std::lock_guard lock(mutex_);
  launched_.erase(id);
  return TerminateState::done;
}

Result<TerminateState> AwsProvider::terminate(const InstanceRef& instance) {
  const std::string& id = instance.id.text();
  if (instance.location.region != region().name || !is_instance_id(id)) return TerminateState::done;
  TW_ASSIGN_OR_RETURN(const std::vector<Ec2Instance> found, matching({{"instance-id", id}}));
  if (found.empty()) {
    bool own = false;
    {
      const std::lock_guard lock(mutex_);
      own = launched_.contains(id);
    }
    return own ? end(id) : not_listed(id);  // of what this launched no list need say whose it is
  }
  const Ec2Instance& one = found.front();
  const std::string owner = tag_of(one, owner_tag);
  bool ours = !owner.empty();
  {
    const std::lock_guard lock(mutex_);
    unlisted_.erase(id);
    ours = ours && (owners_.empty() || owners_.contains(owner));
  }
  if (!ours)
    return Error{Code::invalid_argument,
                 client_.called() + ": " + id +
                     (owner.empty() ? " is none of Tradewind's" : " is another owner's") +
                     ", and is left alone"};
  if (state_of(one) == InstanceState::terminated) return TerminateState::done;
  return end(id);
}

}  // namespace tradewind::aws
