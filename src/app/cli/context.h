// What every verb works with. main fills it with the real machine, tests with streams of their own.
#pragma once

#include <atomic>
#include <functional>
#include <iosfwd>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/api/state_folder.h"
#include "app/cli/exit_code.h"
#include "app/cli/options.h"
#include "app/cli/terminal.h"
#include "base/clock.h"
#include "base/result.h"
#include "core/model/json.h"
#include "core/model/offer.h"
#include "edge/io/paths.h"
#include "edge/provider/provider.h"

namespace tradewind::cli {

// One line of `tradewind check`.
struct CheckLine {
  std::string name;    // "state folder"
  std::string status;  // "ok", "missing", "warning", "broken"
  std::string detail;  // what was found
  std::string cure;    // empty: none is needed
};

// What `tradewind node` did or found, told twice.
struct NodeReport {
  json::value document;
  std::vector<std::string> lines;     // for people
  std::vector<std::string> warnings;  // the same, on stderr
};

// A Slurm cluster of slurm.yaml.
struct SlurmCluster {
  std::string name;
  std::vector<std::string> partitions;  // empty: all that it has
};

// A program that somebody wrote to be a supplier.
struct SupplierOnTrial {
  std::vector<std::string> command;
  Duration timeout;
  std::string state_folder;
};

// What only main can wire, since it names concrete suppliers and the control plane.
struct Wiring {
  // What this machine's own zones sell. Errors: those of the zones file.
  std::function<Result<std::vector<Offer>>(const std::string& zones_file)> local_offers;
  // Suppliers, as far as this program knows them.
  std::function<std::vector<CheckLine>(const std::string& zones_file)> check_suppliers;
  // One supplier by its name ("ssh", "ssh/gpu1"), tried in full. not_found.
  std::function<Result<std::vector<CheckLine>>(const std::string& name)> check_supplier;
  // This machine as its owner lends it.
  std::function<Result<NodeReport>(const NodeOptions&)> node;
  // A supplier's program on trial, started: with a folder for what it remembers.
  // Errors: it cannot be started, or does not answer as it must.
  std::function<Result<std::unique_ptr<provider::Provider>>(const SupplierOnTrial&)> supplier_on_trial;
  // The clusters of slurm.yaml; none where there is no such file. Errors: those of the file.
  std::function<Result<std::vector<SlurmCluster>>()> slurm_clusters;
  // Runs the control plane until it is told to end. `ready` is called once it answers.
  std::function<Result<ExitCode>(const ServerRunOptions&,
                                 const std::function<void(const json::value&)>& ready)>
      run_server;
};

struct Context {
  std::istream& in;
  std::ostream& out;  // results
  std::ostream& err;  // progress, warnings, errors for people
  Terminal terminal;
  bool json = false;
  std::map<std::string, std::string> environment;
  std::string working_folder;     // absolute
  std::vector<std::string> self;  // runs this program again: its full path
  io::Folders folders;
  const Clock& clock;
  const std::atomic<bool>& interrupted;  // Ctrl-C was pressed
  Wiring wiring;

  api::StateFolder state() const { return {folders.state.string()}; }
  std::optional<std::string> variable(const std::string& name) const;
};

// Who runs this: $USER, $LOGNAME, or the system's name for the user; empty where it has none.
std::string user_name(const Context& context);

// Sleeps for so long, or until Ctrl-C, to a tenth.
void pause_for(const Context& context, Duration span);

// Prints one JSON document.
void print_json(Context& context, const json::value& document);
// "error: message" and the hint on stderr, or the error's JSON form on stdout. Returns the exit code.
ExitCode print_error(Context& context, const Error& error);
void print_warning(Context& context, const std::string& sentence);

}  // namespace tradewind::cli
