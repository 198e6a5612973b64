#include "edge/objectstore/testing/real_stores.h"

#include <atomic>
#include <cstdlib>
#include <unistd.h>

#include "edge/objectstore/testing/cut_server.h"

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

// The same URL by another port.
std::string behind(const CutServer& server, const std::string& url) {
  std::string changed = url;
  const std::size_t at = url.find(plain_endpoint) + plain_endpoint.size();
  return changed.replace(at, port_in(url).size(), std::to_string(server.port()));
}

}  // namespace

std::vector<ConformanceCase> cut_cases(const std::vector<const char*>& variables, const Open& open) {
  std::vector<ConformanceCase> cases;
  for (const char* variable : variables) {
    const char* url = std::getenv(variable);
    if (url == nullptr || port_in(url).empty()) continue;
    const auto make_empty = [base = std::string(url), open]() -> Connect {
      const auto port = static_cast<std::uint16_t>(std::stoi(std::string(port_in(base))));
      const auto server = std::make_shared<CutServer>(port);
      const Open by_proxy = [server, open](const std::string& direct) {
        return open(behind(*server, direct));
      };
      return [prefix = std::make_shared<RealPrefix>(base, by_proxy)] { return prefix->open(); };
    };
    cases.push_back(copying_case(variable, make_empty, true));
  }
  if (!cases.empty()) expect_cuts();
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
