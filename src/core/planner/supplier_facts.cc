#include "core/planner/supplier_facts.h"

namespace tradewind::planner {

SupplierPrior supplier_prior(std::string_view provider) {
  using std::chrono::seconds;
  if (provider == "aws") return {seconds(180), seconds(120)};
  if (provider == "gcp" || provider == "azure") return {seconds(180), seconds(30)};
  if (provider == "local") return {seconds(2), seconds(0)};
  if (provider == "slurm" || provider == "ssh") return {seconds(10), seconds(0)};
  if (provider == "kubernetes") return {seconds(60), seconds(0)};
  return {seconds(180), seconds(0)};
}

}  // namespace tradewind::planner
