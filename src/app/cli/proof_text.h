// The proof that a job lost nothing and did nothing twice, as people read it. Pure.
#pragma once

#include <string>

#include "app/api/proof.h"
#include "app/cli/terminal.h"

namespace tradewind::cli {

// A table of the epochs, a line with the sums, and the verdict: proven, or each problem on a line. Ends in a
// newline.
std::string proof_text(const api::Proof& proof, const Terminal& terminal);

}  // namespace tradewind::cli
