// tradewind node: a workstation in the pool, with hours and limits that its owner sets.
#include <ostream>

#include "app/cli/verbs.h"

namespace tradewind::cli {

Result<ExitCode> run_node(const NodeOptions& options, Context& context) {
  if (!context.wiring.node) return Error{Code::internal, "this program knows no machines"};
  TW_ASSIGN_OR_RETURN(const NodeReport report, context.wiring.node(options));
  for (const std::string& warning : report.warnings) print_warning(context, warning);
  if (context.json) {
    print_json(context, report.document);
    return ExitCode::done;
  }
  for (const std::string& line : report.lines) context.out << line << "\n";
  return ExitCode::done;
}

}  // namespace tradewind::cli
