// Copying a job's outputs to the URLs that its task names.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "app/agent/workspace.h"
#include "edge/data/push.h"
#include "edge/io/helper_processes.h"

namespace tradewind::agent {

class OutputCopies {
 public:
  struct Outcome {
    std::vector<std::string> lines;     // what was copied, one for each path
    std::vector<std::string> problems;  // what was not, with the cause and where it lies instead
  };
  // A folder becomes the objects below its URL; a file the object of that URL, or one of its own name below a
  // URL that ends in '/' or names a whole bucket. What may pass is tried again for a while. Repeated, it
  // copies only what it has not yet copied.
  Outcome copy(const std::map<std::string, std::string>& urls, const Workspace& workspace,
               io::HelperProcesses* helpers, const std::function<bool()>& cancelled);

 private:
  Result<data::Pushed> copy_one(const std::string& path, const std::string& url, const Workspace& workspace,
                                io::HelperProcesses* helpers, const std::function<bool()>& cancelled);

  std::map<std::string, data::PutObjects> done_;  // by URL
};

}  // namespace tradewind::agent
