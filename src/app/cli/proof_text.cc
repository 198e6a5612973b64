#include "app/cli/proof_text.h"

#include "app/cli/progress_bar.h"
#include "app/cli/table.h"
#include "app/cli/text_width.h"

namespace tradewind::cli {
namespace {

Cell digest_cell(const api::ProofEpoch& epoch) {
  if (!epoch.digest_equal && epoch.expected_digest.empty()) return {"unknown", Style::yellow};
  if (!epoch.digest_equal) return {"DIFFERENT", Style::red};
  if (epoch.expected_digest.empty()) return {"fresh start", Style::dim};
  if (epoch.restored_digest.empty()) return {"not used", Style::dim};
  return {"equal", Style::green};
}

Table epoch_table(const api::Proof& proof) {
  Table table{{{"EPOCH", Align::right},
               {"WHERE", Align::left, 1, true},
               {"FROM", Align::right},
               {"TO", Align::right},
               {"COUNTED", Align::right},
               {"REDONE", Align::right, 2},
               {"STATE"}},
              {}};
  for (const api::ProofEpoch& epoch : proof.epochs) {
    table.rows.push_back(
        {std::to_string(epoch.epoch), epoch.location.empty() ? "-" : epoch.location,
         short_number(epoch.from_step), short_number(epoch.to_step), std::to_string(epoch.counted_steps),
         epoch.redone_steps > 0 ? short_number(epoch.redone_steps) : "-", digest_cell(epoch)});
  }
  return table;
}

std::string sums_text(const api::Proof& proof) {
  const std::string records = ". The ledger has " + std::to_string(proof.ledger_records) + " records.";
  if (proof.counted_steps == 0 && proof.missing_steps == 0) return "No steps were reported" + records;
  std::string text = "Steps " + short_number(proof.first_step) + " to " + short_number(proof.last_step) +
                     ": " + std::to_string(proof.counted_steps) + " counted, " +
                     std::to_string(proof.missing_steps) + " missing, " +
                     std::to_string(proof.repeated_steps) + " counted twice";
  if (proof.redone_steps > 0) {
    text += "; " + short_number(proof.redone_steps) + " lost with their place and done again";
  }
  if (proof.step_stride != 1) {
    text += "; the program reports every " + short_number(proof.step_stride) + " steps";
  }
  return text + records;
}

}  // namespace

std::string proof_text(const api::Proof& proof, const Terminal& terminal) {
  std::string text;
  if (!proof.epochs.empty()) {
    text += render(epoch_table(proof), terminal.width, terminal.colour) + "\n";
    text += wrap(sums_text(proof), terminal.width, "");
  }
  if (proof.problems.empty()) {
    return text + paint(Style::green, "Proven:", terminal.colour) +
           " no step was lost or counted twice, and each state restored was the state saved.\n";
  }
  text += paint(Style::red, "Not proven:", terminal.colour) + "\n";
  for (const std::string& problem : proof.problems) text += wrap(printable(problem), terminal.width, "  ");
  return text;
}

}  // namespace tradewind::cli
