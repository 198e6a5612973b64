// A machine on which programs can be run to their end: this one, or another that is reached from here.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "edge/io/process.h"

namespace tradewind::io {

struct HostCommand {
  std::vector<std::string> argv;  // argv[0] is looked up in the host's PATH
  std::string input = {};         // its standard input, whole
  Duration timeout{60'000};
  std::size_t output_bytes_max = std::size_t{16} << 20;  // of each stream; the rest is cut off
};

// Safe from several threads at once.
class Host {
 public:
  virtual ~Host() = default;
  // "this machine", "ana@gpu1": for messages.
  virtual std::string name() const = 0;
  // An ended program is an answer, whatever its exit code. unavailable: the host is out of reach or the time
  // is up (the program may have run, and may still run); unauthorized: the host lets us not in, or is not the
  // host that it was; not_found: there is no such host or program.
  virtual Result<CommandOutput> run(const HostCommand& command) = 0;
};

class LocalHost final : public Host {
 public:
  // What its programs have in their environment.
  explicit LocalHost(std::map<std::string, std::string> environment) : environment_(std::move(environment)) {}
  std::string name() const override { return "this machine"; }
  Result<CommandOutput> run(const HostCommand& command) override;

 private:
  std::map<std::string, std::string> environment_;
};

// A descriptor from which `bytes` are read, and then the end.
Result<UniqueFd> as_input(std::string_view bytes);

// One word of a POSIX shell that stands for `text`, whatever it holds.
std::string shell_quoted(std::string_view text);

}  // namespace tradewind::io
