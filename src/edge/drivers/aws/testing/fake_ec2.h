// A region of EC2 in this process, with the SSM, Service Quotas and STS beside it, as far as the driver
// speaks with them. It keeps what AWS documents: tokens, pages, lists that lag, capacity, signatures. It
// fails as a test asks for. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/Welcome.html
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/time.h"
#include "edge/cloud/api_client.h"
#include "edge/cloud/variables.h"
#include "edge/io/http_server.h"

namespace tradewind::aws {

struct FakeEc2Options {
  std::string region = "us-east-1";
  std::string secret = "hunter2";
  std::set<std::string> types = {"m7g.large", "g5.xlarge"};
  Duration boots_in{};     // pending for that long
  Duration ends_in{};      // shutting down for that long
  Duration lists_after{};  // a launch is in no list before
  std::size_t page_size = 1000;
};

class FakeEc2 {
 public:
  using Form = std::map<std::string, std::string>;
  struct Made {
    std::string id;
    std::string token;       // ClientToken
    std::string parameters;  // of the call, but its token
    Form form;
    std::map<std::string, std::string> tags;
    Time launched_at;
    std::optional<Time> ending_since = {};
    std::string reason_code = {};
    std::string transition = {};
    bool spot() const { return form.contains("InstanceMarketOptions.MarketType"); }
  };

  // `now` may be called from several threads.
  FakeEc2(std::function<Time()> now, FakeEc2Options options = {});

  io::HttpResponse answer(const io::HttpRequest& request);
  // Of a client in this process. Replies are lost as lose_reply() says.
  cloud::Transport transport();
  cloud::Variables environment() const;  // that lets a client in

  // --- the script ---
  void set_capacity(const std::string& type, int count);
  // The next `times` calls of that action are refused so, and do nothing.
  void refuse(const std::string& action, int times, int status, const std::string& code);
  // The next call of that action does its work, and its answer does not come.
  void lose_reply(const std::string& action);
  void preempt(const std::string& id);
  void open_group(const std::string& id);  // somebody lets something in
  Made& add_foreign(std::map<std::string, std::string> tags);
  // Launched instances stay pending; ended ones stay shutting-down.
  void freeze(bool booting, bool dying);
  void call_state(const std::string& name, const std::string& otherwise);
  void deny(const std::string& action);  // for ever
  void run_ahead(Duration span);         // the region's clock
  void take_secret(std::string secret);  // another key holds from now on

  // --- what happened ---
  std::vector<std::string> log() const;  // "RunInstances", in order
  std::size_t count(const std::string& action) const;
  std::vector<Made> instances() const;
  int groups() const;

 private:
  struct Group {
    std::string id, name, owner;
    bool open = false;
  };
  struct Fault {
    int times = 0;
    int status = 500;
    std::string code;
  };
  io::HttpResponse play(const std::string& action, const Form& form);
  std::optional<io::HttpResponse> check_signature(const io::HttpRequest& request) const;
  io::HttpResponse run(const Form& form);
  std::optional<io::HttpResponse> check_launch(const Form& form) const;
  io::HttpResponse describe(const Form& form);
  io::HttpResponse terminate(const Form& form);
  io::HttpResponse make_group(const Form& form);
  io::HttpResponse list_groups(const Form& form) const;
  io::HttpResponse prices(const Form& form) const;
  io::HttpResponse json(const std::string& target, const std::string& body);
  bool matches(const Made& made, const Form& form) const;
  std::string state_of(const Made& made) const;
  std::string item_of(const Made& made) const;
  Time now() const;

  const std::function<Time()> now_;
  const FakeEc2Options options_;
  mutable std::mutex mutex_;
  std::string secret_;  // protected by mutex_, as all below
  std::vector<Made> made_;
  std::vector<Group> groups_;
  std::map<std::string, int> capacity_;
  std::map<std::string, Fault> faults_;
  std::map<std::string, int> lost_;
  std::set<std::string> denied_;
  std::map<std::string, std::string> names_;  // of states
  std::vector<std::string> log_;
  bool booting_frozen_ = false;
  bool dying_frozen_ = false;
  Duration ahead_{};
};

// The same behind a socket on loopback.
class FakeEc2Server {
 public:
  explicit FakeEc2Server(FakeEc2& ec2);
  std::string endpoint() const { return "http://127.0.0.1:" + std::to_string(port_); }

 private:
  std::uint16_t port_ = 0;
  std::unique_ptr<io::HttpServer> server_;
};

}  // namespace tradewind::aws
