#include "edge/objectstore/testing/real_stores.h"

#include <atomic>
#include <cstdlib>
#include <unistd.h>

#include "edge/objectstore/testing/fault_proxy.h"

namespace tradewind::objectstore {
namespace {

// A prefix that nobody else has, emptied when the last connection has gone.
class RealPrefix {
 public:
  RealPrefix(const std::string& base, Open open) : open_(std::move(open)) {
    static std::atomic<int> number{0};
    const std::size_t question = base.find('?');
    url_ = base.substr(0, question) + "/" + std::to_string(::getpid()) + "-" + std::to_string(++number) +
           (question == std::string::npos ? "" : base.substr(question));
  }
  ~RealPrefix() {
    const std::shared_ptr<ObjectStore> store = open();
    for (;;) {
      const Result<ObjectPage> page = store->list("", "");
      if (!page.ok() || page->objects.empty()) return;
      for (const ObjectInfo& object : page->objects) {
        if (!store->remove(object.key).ok()) return;
      }
    }
  }
  RealPrefix(const RealPrefix&) = delete;
  RealPrefix& operator=(const RealPrefix&) = delete;
  std::shared_ptr<ObjectStore> open() const {
    Result<std::unique_ptr<ObjectStore>> store = open_(url_);
    EXPECT_TRUE(store.ok()) << describe(store.error());
    return store.ok() ? *std::move(store) : nullptr;
  }

 private:
  const Open open_;
  std::string url_;
};

constexpr std::string_view plain_endpoint = "endpoint=http://127.0.0.1:";

// The URL's own endpoint, where its port begins and ends. Empty: it has none.
std::string_view port_in(std::string_view url) {
  const std::size_t found = url.find(plain_endpoint);
  if (found == std::string_view::npos) return {};
  const std::string_view rest = url.substr(found + plain_endpoint.size());
  return rest.substr(0, rest.find_first_not_of("0123456789"));
}

std::atomic<int> proxies_made{0};
std::atomic<int> connections_cut{0};

// A proxy that never cuts proves nothing.
class CutsHappened final : public testing::Environment {
 public:
  void TearDown() override {
    if (proxies_made < 10) return;
    EXPECT_GE(connections_cut, proxies_made / 10)
        << "of the connections through " << proxies_made << " proxies";
  }
};

// One proxy for each case, each with faults of its own.
class CutServer {
 public:
  explicit CutServer(std::string_view port)
      : proxy_(static_cast<std::uint16_t>(std::stoi(std::string(port))),
               {.seed = static_cast<std::uint64_t>(++proxies_made)}),
        from_(port) {}
  ~CutServer() { connections_cut += proxy_.cuts(); }
  CutServer(const CutServer&) = delete;
  CutServer& operator=(const CutServer&) = delete;
  std::string behind(const std::string& url) const {
    std::string changed = url;
    const std::size_t at = url.find(plain_endpoint) + plain_endpoint.size();
    return changed.replace(at, from_.size(), std::to_string(proxy_.port()));
  }

 private:
  FaultProxy proxy_;
  const std::string from_;
};

}  // namespace

std::vector<ConformanceCase> cut_cases(const std::vector<const char*>& variables, const Open& open) {
  std::vector<ConformanceCase> cases;
  for (const char* variable : variables) {
    const char* url = std::getenv(variable);
    if (url == nullptr || port_in(url).empty()) continue;
    const auto make_empty = [base = std::string(url), open]() -> Connect {
      const auto server = std::make_shared<CutServer>(port_in(base));
      const Open behind = [server, open](const std::string& direct) { return open(server->behind(direct)); };
      return [prefix = std::make_shared<RealPrefix>(base, behind)] { return prefix->open(); };
    };
    cases.push_back(copying_case(variable, make_empty, true));
  }
  static const bool watched =
      !cases.empty() && testing::AddGlobalTestEnvironment(new CutsHappened) != nullptr;  // gtest owns it
  static_cast<void>(watched);
  return cases;
}

std::vector<ConformanceCase> real_cases(const std::vector<const char*>& variables, const Open& open) {
  std::vector<ConformanceCase> cases;
  for (const char* variable : variables) {
    const char* url = std::getenv(variable);
    if (url == nullptr) continue;
    const auto make_empty = [base = std::string(url), open]() -> Connect {
      return [prefix = std::make_shared<RealPrefix>(base, open)] { return prefix->open(); };
    };
    cases.push_back(copying_case(variable, make_empty, true));
  }
  return cases;
}

}  // namespace tradewind::objectstore
