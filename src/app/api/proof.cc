#include "app/api/proof.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "app/api/json_list.h"
#include "app/api/json_text.h"

namespace tradewind::api {
namespace {

std::string number_text(double number) {
  return tradewind::to_text(number_to_json(number));
}

const LeaseView* find_lease(const ProofInput& input, const LeaseId& id) {
  for (const LeaseView& lease : input.leases) {
    if (lease.id == id) return &lease;
  }
  return nullptr;
}

// As the chain has it, else as the manifest has it; of a pruned one what its writer reported, when that was
// its last. Empty: not known.
std::string digest_of(const LedgerRecord& saved, const ProofInput& input) {
  if (!saved.root_digest.empty()) return saved.root_digest;
  const auto digest = input.digests.find(saved.manifest.text());
  if (digest != input.digests.end()) return digest->second;
  const LeaseView* const writer = find_lease(input, saved.lease);
  return writer != nullptr && writer->saved_step == saved.step ? writer->saved_digest : "";
}

// The epochs of the chain, with where each started and what it had to start from.
std::vector<ProofEpoch> epochs_of(const ProofInput& input, std::vector<std::string>& problems) {
  std::vector<ProofEpoch> epochs;
  std::optional<LedgerRecord> saved;
  std::uint64_t number = 0;
  for (const LedgerRecord& record : input.ledger) {
    if (record.number != ++number) {
      problems.push_back("the ledger's record " + std::to_string(number) + " is missing");
      number = record.number;
    }
    if (record.kind == LedgerKind::checkpoint) saved = record;
    if (record.kind != LedgerKind::claim) {
      if (epochs.empty() || record.epoch != epochs.back().epoch) {
        problems.push_back("the ledger's record " + std::to_string(number) + " is of epoch " +
                           std::to_string(record.epoch) + ", which did not hold the job");
      }
      continue;
    }
    ProofEpoch epoch;
    epoch.epoch = record.epoch;
    epoch.lease = record.lease;
    if (saved) {
      epoch.from_step = saved->step;
      epoch.expected_digest = digest_of(*saved, input);
      if (epoch.expected_digest.empty()) {
        problems.push_back("the checkpoint of step " + number_text(saved->step) + ", from which epoch " +
                           std::to_string(epoch.epoch) +
                           " started, has been pruned: nothing to compare with");
      }
    }
    epochs.push_back(std::move(epoch));
  }
  return epochs;
}

void join_lease(ProofEpoch& epoch, const ProofInput& input, std::vector<std::string>& problems) {
  const std::string name = "epoch " + std::to_string(epoch.epoch);
  const LeaseView* const lease = find_lease(input, epoch.lease);
  if (lease == nullptr) {
    problems.push_back(name + " was claimed by the unknown lease " + epoch.lease.text());
    return;
  }
  epoch.attempt = lease->attempt;
  epoch.location = lease->location;
  epoch.restored_digest = lease->restored_digest;
  epoch.last_step = lease->last_step;
  // An agent that was killed right after its claim has restored nothing, and has done nothing either.
  const bool unused = epoch.restored_digest.empty() && epoch.last_step <= epoch.from_step;
  epoch.digest_equal = epoch.expected_digest == epoch.restored_digest || unused;
  if (!epoch.digest_equal && !epoch.expected_digest.empty()) {
    problems.push_back(name + (epoch.restored_digest.empty()
                                   ? " never reported the digest of the state that it restored"
                                   : " restored a state that is not the checkpoint it had to start from"));
  }
}

std::vector<double> reported_steps(const ProofEpoch& epoch, const ProofInput& input) {
  std::vector<double> steps;
  for (const ProgressPoint& point : input.progress) {
    if (point.lease == epoch.lease && !point.saved) steps.push_back(point.step);
  }
  return steps;
}

// The usual distance between two reports: a program may report each tenth step only.
double stride_of(const std::vector<std::vector<double>>& steps) {
  std::map<double, int> distances;
  for (const std::vector<double>& each : steps) {
    for (std::size_t i = 1; i < each.size(); ++i) {
      if (each[i] > each[i - 1]) ++distances[each[i] - each[i - 1]];
    }
  }
  const auto most = std::max_element(distances.begin(), distances.end(),
                                     [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == distances.end() ? 1 : most->first;
}

void count(ProofEpoch& epoch, std::vector<double> steps, double stride, Proof& proof) {
  std::erase_if(steps, [&](double step) { return step <= epoch.from_step || step > epoch.to_step; });
  std::sort(steps.begin(), steps.end());
  const auto distinct = static_cast<std::size_t>(std::unique(steps.begin(), steps.end()) - steps.begin());
  epoch.counted_steps = distinct;
  proof.counted_steps += distinct;
  proof.repeated_steps += steps.size() - distinct;
  const double due = std::floor((epoch.to_step - epoch.from_step) / stride + 1e-9);
  const auto expected = static_cast<std::uint64_t>(std::max(due, 0.0));
  if (distinct < expected) {
    proof.missing_steps += expected - distinct;
    proof.problems.push_back("epoch " + std::to_string(epoch.epoch) + " reported " +
                             std::to_string(distinct) + " of the " + std::to_string(expected) +
                             " steps between " + number_text(epoch.from_step) + " and " +
                             number_text(epoch.to_step));
  }
  if (steps.size() != distinct) {
    proof.problems.push_back("epoch " + std::to_string(epoch.epoch) + " reported " +
                             std::to_string(steps.size() - distinct) + " steps more than once");
  }
}

json::value to_json(const ProofEpoch& epoch) {
  return json::object{{"epoch", epoch.epoch},
                      {"lease", epoch.lease.text()},
                      {"attempt", epoch.attempt},
                      {"location", epoch.location},
                      {"from_step", number_to_json(epoch.from_step)},
                      {"to_step", number_to_json(epoch.to_step)},
                      {"last_step", number_to_json(epoch.last_step)},
                      {"redone_steps", number_to_json(epoch.redone_steps)},
                      {"counted_steps", epoch.counted_steps},
                      {"expected_digest", text_or_null(epoch.expected_digest)},
                      {"restored_digest", text_or_null(epoch.restored_digest)},
                      {"digest_equal", epoch.digest_equal}};
}

Result<ProofEpoch> epoch_from_json(const json::value& value, const std::string& path) {
  JsonReader reader(value, path);
  ProofEpoch epoch;
  epoch.epoch = read_count(reader, "epoch");
  epoch.lease = reader.id<LeaseTag>("lease");
  epoch.attempt = static_cast<int>(reader.integer("attempt"));
  epoch.location = reader.text("location");
  epoch.from_step = reader.number("from_step");
  epoch.to_step = reader.number("to_step");
  epoch.last_step = reader.number("last_step");
  epoch.redone_steps = reader.number("redone_steps");
  epoch.counted_steps = read_count(reader, "counted_steps");
  epoch.expected_digest = reader.text_or("expected_digest", "");
  epoch.restored_digest = reader.text_or("restored_digest", "");
  epoch.digest_equal = reader.boolean("digest_equal");
  TW_RETURN_IF_ERROR(reader.status());
  return epoch;
}

}  // namespace

Proof prove(const ProofInput& input) {
  Proof proof;
  proof.ledger_records = input.ledger.size();
  proof.epochs = epochs_of(input, proof.problems);
  std::vector<std::vector<double>> steps;
  for (ProofEpoch& epoch : proof.epochs) {
    join_lease(epoch, input, proof.problems);
    steps.push_back(reported_steps(epoch, input));
    if (!steps.back().empty()) {
      epoch.last_step =
          std::max(epoch.last_step, *std::max_element(steps.back().begin(), steps.back().end()));
    }
    epoch.last_step = std::max(epoch.last_step, epoch.from_step);
  }
  proof.step_stride = stride_of(steps);
  for (std::size_t i = 0; i < proof.epochs.size(); ++i) {
    ProofEpoch& epoch = proof.epochs[i];
    const bool last = i + 1 == proof.epochs.size();
    epoch.to_step = last ? epoch.last_step : proof.epochs[i + 1].from_step;
    epoch.redone_steps = std::max(epoch.last_step - epoch.to_step, 0.0);
    proof.redone_steps += epoch.redone_steps;
    count(epoch, std::move(steps[i]), proof.step_stride, proof);
  }
  if (proof.epochs.empty()) {
    proof.problems.emplace_back("the ledger holds no claim: the job has not begun");
  } else {
    proof.first_step = proof.epochs.front().from_step;
    proof.last_step = proof.epochs.back().to_step;
  }
  return proof;
}

json::value to_json(const Proof& proof) {
  json::array epochs;
  for (const ProofEpoch& epoch : proof.epochs) epochs.emplace_back(to_json(epoch));
  return json::object{{"proven", proof.problems.empty()},
                      {"ledger_records", proof.ledger_records},
                      {"first_step", number_to_json(proof.first_step)},
                      {"last_step", number_to_json(proof.last_step)},
                      {"counted_steps", proof.counted_steps},
                      {"missing_steps", proof.missing_steps},
                      {"repeated_steps", proof.repeated_steps},
                      {"redone_steps", number_to_json(proof.redone_steps)},
                      {"step_stride", number_to_json(proof.step_stride)},
                      {"epochs", std::move(epochs)},
                      {"problems", tradewind::to_json(proof.problems)}};
}

Result<Proof> proof_from_json(const json::value& value, const std::string& path) {
  JsonReader reader(value, path);
  Proof proof;
  proof.ledger_records = read_count(reader, "ledger_records");
  proof.first_step = reader.number("first_step");
  proof.last_step = reader.number("last_step");
  proof.counted_steps = read_count(reader, "counted_steps");
  proof.missing_steps = read_count(reader, "missing_steps");
  proof.repeated_steps = read_count(reader, "repeated_steps");
  proof.redone_steps = reader.number("redone_steps");
  proof.step_stride = reader.number("step_stride");
  proof.epochs = read_list<ProofEpoch>(reader, "epochs", epoch_from_json);
  proof.problems = reader.texts_or_empty("problems");
  TW_RETURN_IF_ERROR(reader.status());
  return proof;
}

}  // namespace tradewind::api
