#include "app/agent/output_copies.h"

#include <array>
#include <chrono>
#include <thread>

#include "app/agent/outputs.h"
#include "base/text.h"
#include "edge/data/source.h"
#include "edge/objectstore/registry.h"

namespace tradewind::agent {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::array pauses = {seconds(1), seconds(2), seconds(5), seconds(15)};

void pause(milliseconds span, const std::function<bool()>& cancelled) {
  constexpr milliseconds step(100);
  for (milliseconds passed(0); passed < span && !cancelled(); passed += step)
    std::this_thread::sleep_for(step);
}

// Where the objects go: the store, and the key of a single file.
struct Destination {
  std::string store_url;
  std::string key;
};

Destination destination_of(const std::string& url, const std::map<std::string, fs::path>& files) {
  const bool is_single = files.size() == 1 && files.begin()->first.empty();
  if (!is_single) return {url, ""};
  const data::SplitUrl split = data::split_url(url);
  if (split.parent.empty()) return {url, files.begin()->second.filename().string()};
  return {split.parent == "file://" ? "file:///" : split.parent, split.name};
}

std::string line_of(const std::string& path, const std::string& url, const data::Pushed& pushed) {
  return "outputs." + path + ": " + count_text(pushed.objects, "object") + " to " + url + ", " +
         format_bytes(pushed.bytes_moved) + " copied";
}

std::string problem_of(const std::string& path, const std::string& url, const Error& error) {
  return "the output '" + path + "' was not copied to " + url + ": " + describe(error) +
         "; what there is of it lies in the job's own store";
}

bool may_pass(const Error& error) {
  return error.code == Code::unavailable || error.code == Code::rate_limited;
}

}  // namespace

Result<data::Pushed> OutputCopies::copy_one(const std::string& path, const std::string& url,
                                            const Workspace& workspace, io::HelperProcesses* helpers,
                                            const std::function<bool()>& cancelled) {
  std::map<std::string, fs::path> files = files_of_output(workspace, path);
  if (files.empty()) {
    return Error{Code::not_found, "the program left nothing there",
                 "check the path, which begins in the work folder"};
  }
  const Destination destination = destination_of(url, files);
  if (!destination.key.empty()) files = {{destination.key, files.begin()->second}};
  TW_ASSIGN_OR_RETURN(const std::unique_ptr<objectstore::ObjectStore> store,
                      objectstore::open_store(destination.store_url, helpers));
  return data::push(*store, files, done_[url], cancelled);
}

OutputCopies::Outcome OutputCopies::copy(const std::map<std::string, std::string>& urls,
                                         const Workspace& workspace, io::HelperProcesses* helpers,
                                         const std::function<bool()>& cancelled) {
  Outcome outcome;
  for (const auto& [path, url] : urls) {
    Result<data::Pushed> pushed = copy_one(path, url, workspace, helpers, cancelled);
    for (std::size_t tries = 0; tries < pauses.size() && !pushed.ok() && may_pass(pushed.error()); ++tries) {
      pause(pauses[tries], cancelled);
      pushed = copy_one(path, url, workspace, helpers, cancelled);
    }
    if (pushed.ok()) {
      outcome.lines.push_back(line_of(path, url, *pushed));
    } else {
      outcome.problems.push_back(problem_of(path, url, pushed.error()));
    }
  }
  return outcome;
}

}  // namespace tradewind::agent
