#include "edge/objectstore/testing/real_stores.h"

#include <atomic>
#include <cstdlib>
#include <unistd.h>

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

}  // namespace

std::vector<ConformanceCase> real_cases(const std::vector<const char*>& variables, const Open& open) {
  std::vector<ConformanceCase> cases;
  for (const char* variable : variables) {
    const char* url = std::getenv(variable);
    if (url == nullptr) continue;
    const auto make_empty = [base = std::string(url), open]() -> Connect {
      return [prefix = std::make_shared<RealPrefix>(base, open)] { return prefix->open(); };
    };
    cases.push_back(conformance_case(variable, make_empty, true));
  }
  return cases;
}

}  // namespace tradewind::objectstore
