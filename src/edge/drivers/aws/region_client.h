// One region of AWS as one user: its EC2, and the parameters, quotas and identity beside it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "edge/cloud/aws/aws_api.h"
#include "edge/cloud/exchange_record.h"
#include "edge/cloud/variables.h"
#include "edge/drivers/aws/aws_file.h"
#include "edge/drivers/aws/ec2_answer.h"

namespace tradewind::aws {

// What stands between us and the region.
struct RegionNetwork {
  cloud::Transport transport = nullptr;  // nullptr: the network
  // Told of each exchange, without its secrets. nullptr: nobody is.
  std::function<void(const cloud::Exchange&)> record = nullptr;
  cloud::ApiClient::Sleep sleep = cloud::sleep_for;
  cloud::RetryTuning retry = {};
  // EC2 gives an account some 100 calls at once and then a few dozen a second of what changes nothing; of
  // launches and terminations fewer
  // (https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html).
  cloud::RateTuning reads = {10, 20};
  cloud::RateTuning changes = {2, 5};
};

// Safe from several threads at once. The user's files are read at the first call.
class RegionClient {
 public:
  // REQUIRES: clock outlives this.
  RegionClient(RegionConfig region, cloud::Variables environment, const Clock& clock, RegionNetwork network);
  ~RegionClient();

  // Errors of all that answer a value: those of the region's refusals (cloud::aws_error) and of
  // ApiClient::call. An action of EC2. A refusal is an answer here.
  Result<cloud::AwsReply> ec2(const std::string& action, cloud::Query parameters);
  // The same, a refusal being an error.
  Result<std::string> ec2_body(const std::string& action, cloud::Query parameters);
  Error refusal(const std::string& action, const cloud::AwsReply& reply);

  Result<std::string> parameter(const std::string& path);  // of SSM
  Result<double> quota(const std::string& code);           // of EC2's, in vCPUs
  Result<std::string> caller();                            // the ARN of whoever asks

  // An AMI by its id or its SSM parameter, with its root device. Asked for once an hour.
  Result<Image> image(const std::string& named);
  // "use1-az6" as this account calls it. not_found: there is none such.
  Result<std::string> zone_name(const std::string& zone_id);
  Result<Subnet> subnet(const std::string& id);
  // The group of that owner, in the VPC of that subnet ("": the default VPC), which lets nothing in; made
  // where it is not there. invalid_argument: somebody opened it.
  Result<std::string> security_group(const OwnerId& owner, const std::string& subnet);

  const RegionConfig& region() const { return region_; }
  std::string called() const { return "aws/" + region_.name; }
  const cloud::ApiClient::Sleep& sleep() const { return network_.sleep; }

 private:
  struct Session;
  struct Held {
    Image image;
    Duration since{};
  };
  Result<Session*> session();
  Result<std::vector<SecurityGroup>> groups(const std::string& name, const OwnerId& owner,
                                            const std::string& vpc);
  Result<std::string> make_group(const std::string& name, const OwnerId& owner, const std::string& vpc);

  const RegionConfig region_;
  const cloud::Variables environment_;
  const Clock& clock_;
  const RegionNetwork network_;
  std::mutex mutex_;
  std::unique_ptr<Session> session_;           // protected by mutex_; never replaced once it is there
  std::map<std::string, Held> images_;         // protected by mutex_
  std::map<std::string, std::string> zones_;   // protected by mutex_; names by ids
  std::map<std::string, Subnet> subnets_;      // protected by mutex_
  std::map<std::string, std::string> groups_;  // protected by mutex_; by owner and subnet
  std::mutex making_;                          // of a group: one at a time
};

}  // namespace tradewind::aws
