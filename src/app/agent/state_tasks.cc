#include "app/agent/state_tasks.h"

#include <algorithm>

#include "app/agent/outputs.h"
#include "edge/checkpoint/package.h"

namespace tradewind::agent {
namespace {

constexpr int claim_tries_max = 20;
// A chunk that is younger than this may belong to a save whose ledger record is still to come.
constexpr Duration prune_grace = std::chrono::minutes(10);

}  // namespace

StateTasks::StateTasks(StateParts parts)
    : parts_(std::move(parts)),
      mailbox_(*parts_.home, parts_.owner, parts_.job),
      place_{parts_.home, parts_.local, parts_.standby, mailbox_.prefix()},
      writer_(*parts_.home, mailbox_.prefix(), parts_.lease) {}

Event StateTasks::run(const Task& task, const std::optional<checkpoint::FolderView>& announced) {
  announced_ = &announced;
  Result<Event> done = std::visit([this](const auto& inner) { return perform(inner); }, task);
  announced_ = nullptr;
  if (!done.ok()) return TaskFailed{task, done.error()};
  return *std::move(done);
}

Result<Event> StateTasks::perform(const ReadSpec&) {
  TW_ASSIGN_OR_RETURN(spec_, mailbox_.read_spec());
  if (parts_.packed) {
    TW_RETURN_IF_ERROR(
        checkpoint::unpack(spec_, *parts_.home, mailbox_.prefix(), parts_.scratch / "package"));
  }
  SpecRead read{spec_, {}};
  const Result<Workspace> planned = plan_workspace(parts_.scratch, spec_);
  if (!planned.ok()) {
    read.problem = describe(planned.error());
    return Event(std::move(read));
  }
  workspace_ = *planned;
  if (const Status paced = pace_.set(spec_.checkpoint.bandwidth, *parts_.clock, place_); !paced.ok()) {
    read.problem = describe(paced.error());
    return Event(std::move(read));
  }
  const Status prepared = prepare_workspace(workspace_, spec_);
  if (!prepared.ok()) {
    // A full disk may become free; a workdir that is not there is the task's own fault.
    if (prepared.error().code == Code::unavailable) return prepared.error();
    read.problem = describe(prepared.error());
  }
  return Event(std::move(read));
}

Result<Event> StateTasks::perform(const Prefetch&) {
  TW_RETURN_IF_ERROR(writer_.refresh());  // reads only: nothing has been claimed
  const std::function<bool()> cancelled = [this] { return cancelled_.load(); };
  std::uint64_t data_bytes = 0;
  if (!std::exchange(data_prefetched_, true))
    data_bytes = parts_.data->prefetch(spec_, cancelled).bytes_moved;
  const std::optional<LedgerRecord>& saved = writer_.view().saved;
  if (parts_.local == nullptr || !saved || saved->manifest == prefetched_) {
    return Event(Prefetched{0, data_bytes});
  }
  TW_ASSIGN_OR_RETURN(const checkpoint::TransferCount count,
                      checkpoint::prefetch(place_, saved->manifest, cancelled));
  if (!cancelled_) prefetched_ = saved->manifest;
  return Event(Prefetched{count.bytes_moved, data_bytes});
}

// The former holder may still be writing checkpoints, so that a number we aimed at is taken: then we try
// again. Where another lease has claimed in the meantime, we stand down rather than fence it in turn.
Result<Event> StateTasks::perform(const Claim&) {
  cancelled_ = false;  // what was stopped is the prefetch before
  TW_RETURN_IF_ERROR(writer_.refresh());
  const std::uint64_t epoch_before = writer_.view().epoch;
  for (int tries = 0;; ++tries) {
    const Status claimed = writer_.claim(parts_.clock->now(), parts_.seed);
    if (claimed.ok()) break;
    if (claimed.error().code != Code::conflict) return claimed.error();
    TW_RETURN_IF_ERROR(writer_.refresh());
    if (writer_.epoch() > 0) break;
    if (writer_.view().epoch > epoch_before) {
      return Error{Code::fenced,
                   "lease " + writer_.view().holder.text() + " claimed the job at the same time"};
    }
    if (tries >= claim_tries_max)
      return Error{Code::unavailable, "the ledger moves on faster than it can be claimed"};
  }
  Claimed claimed{writer_.epoch(), std::nullopt};
  if (writer_.view().saved) claimed.saved_step = writer_.view().saved->step;
  return Event(claimed);
}

Result<Event> StateTasks::perform(const BringData&) {
  TW_ASSIGN_OR_RETURN(DataReport report,
                      parts_.data->bring(spec_, workspace_, [this] { return cancelled_.load(); }));
  TW_RETURN_IF_ERROR(writer_.refresh());  // nobody claimed while the bytes travelled
  return Event(DataBrought{report.bytes_moved, report.bytes_reused, std::move(report.lines)});
}

// Newest first; where its bytes are damaged in every copy, the one before it.
Result<Event> StateTasks::perform(const Restore&) {
  TW_ASSIGN_OR_RETURN(const std::vector<LedgerRecord> records,
                      checkpoint::read_ledger(*parts_.home, mailbox_.prefix(), 0));
  std::string note;
  std::optional<Error> first_error;
  int tries = 0;
  for (auto record = records.rbegin(); record != records.rend() && tries < std::max(spec_.checkpoint.keep, 1);
       ++record) {
    if (record->kind != LedgerKind::checkpoint) continue;
    ++tries;
    const Result<checkpoint::Restored> restored =
        checkpoint::restore(place_, {record->manifest, workspace_.checkpoint});
    if (restored.ok()) {
      TW_RETURN_IF_ERROR(writer_.refresh());  // nobody claimed while the bytes travelled
      newest_digest_ = restored->root_digest;
      newest_step_ = record->step;
      captured_view_ = checkpoint::look_at_folder(workspace_.checkpoint).value_or(checkpoint::FolderView{});
      return Event(Restored{record->step, restored->root_digest, restored->count.bytes_moved,
                            restored->count.bytes_reused, note});
    }
    const Code code = restored.error().code;
    if (code != Code::corrupt && code != Code::not_found) return restored.error();
    if (!first_error) first_error = restored.error();
    note = "the newest checkpoint is damaged, an older one was restored: " + restored.error().message;
  }
  return Error{Code::corrupt, first_error ? first_error->message : "the ledger names no checkpoint",
               "tradewind checkpoint verify tells what can be read"};
}

Result<Event> StateTasks::perform(const CheckFence&) {
  TW_RETURN_IF_ERROR(writer_.refresh());
  return Event(FenceChecked{});
}

// What of the folder is to be captured, and as which step. Nothing: there is nothing.
Result<std::optional<StateTasks::Choice>> StateTasks::choose(const Capture& task) const {
  Result<checkpoint::FolderView> now = checkpoint::look_at_folder(workspace_.checkpoint);
  if (!now.ok() && now.error().code != Code::not_found) return now.error();
  if (!now.ok() || now->empty()) return std::optional<Choice>();
  const bool vouched = task.announced && announced_->has_value();
  const bool as_announced = vouched && *now == **announced_;
  switch (task.life) {
    case Life::alive:
      if (vouched && !task.insist) return std::optional(Choice{**announced_, *task.announced, false});
      return std::optional(Choice{*std::move(now), task.announced.value_or(task.reported), !task.insist});
    case Life::killed:
      // What a killed program left is only good where it is what it announced.
      if (vouched) return std::optional(Choice{**announced_, *task.announced, false});
      return std::optional(Choice{*std::move(now), task.reported, false});
    case Life::ended:
      break;
  }
  const double step = as_announced ? *task.announced : std::max(task.announced.value_or(0), task.reported);
  return std::optional(Choice{*std::move(now), step, false});
}

Result<Event> StateTasks::perform(const Capture& task) {
  if (workspace_.checkpoint.empty()) return Event(Captured{});
  const Duration began = parts_.clock->monotonic();
  TW_ASSIGN_OR_RETURN(const std::optional<Choice> choice, choose(task));
  if (!choice) return Event(Captured{});
  if (captured_view_ == choice->view && newest_step_ && (!task.announced || *newest_step_ == choice->step)) {
    return Event(Captured{});
  }
  const Status held = checkpoint::hold_folder(workspace_.checkpoint, choice->view, workspace_.held);
  if (!held.ok()) {
    if (task.life != Life::killed || held.error().code != Code::conflict) return held.error();
    return Error{Code::invalid_argument,
                 "the program was killed while it was saving; the checkpoint before stands"};
  }
  checkpoint::SaveRequest request{
      workspace_.held,
      parts_.job,
      writer_.epoch(),
      parts_.lease,
      choice->step,
      writer_.view().saved ? std::optional(writer_.view().saved->manifest) : std::nullopt,
      parts_.clock->now(),
      {},
      workspace_.checkpoint.string()};
  request.metrics = task.metrics;
  TW_ASSIGN_OR_RETURN(const checkpoint::Saved saved, checkpoint::save(request, pace_.place()));
  if (choice->must_hold_still) {
    const Result<checkpoint::FolderView> after = checkpoint::look_at_folder(workspace_.checkpoint);
    if (!after.ok() || *after != choice->view) {
      return Error{Code::conflict, "the checkpoint folder changed while it was read"};
    }
  }
  return commit(*choice, saved, began);
}

Result<Event> StateTasks::commit(const Choice& choice, const checkpoint::Saved& saved, Duration began) {
  captured_view_ = choice.view;
  if (saved.manifest.root_digest == newest_digest_ && newest_step_ == choice.step) return Event(Captured{});
  parts_.before_record();
  const Result<LedgerRecord> record =
      writer_.append_checkpoint(parts_.clock->now(), saved.id, saved.manifest.root_digest, choice.step);
  if (!record.ok()) {
    captured_view_.reset();
    // Another writer took the number without being ahead of us: the next try reads on.
    if (record.error().code == Code::conflict) return Error{Code::unavailable, record.error().message};
    return record.error();
  }
  newest_digest_ = saved.manifest.root_digest;
  newest_step_ = choice.step;
  return Event(Captured{true, choice.step, saved.manifest.root_digest, saved.count.bytes_moved,
                        parts_.clock->monotonic() - began});
}

Result<Event> StateTasks::perform(const Prune&) {
  const checkpoint::Retention retention = checkpoint::retention_of(spec_.checkpoint);
  TW_ASSIGN_OR_RETURN(const checkpoint::PrunePlan plan,
                      checkpoint::plan_prune(place_, retention, parts_.clock->now(), prune_grace));
  TW_RETURN_IF_ERROR(writer_.refresh());  // a fenced writer removes nothing
  TW_RETURN_IF_ERROR(checkpoint::execute(place_, plan));
  return Event(Pruned{});
}

Result<Event> StateTasks::perform(const KeepOutputs& task) {
  TW_RETURN_IF_ERROR(writer_.refresh());
  TW_ASSIGN_OR_RETURN(std::string note,
                      keep_outputs(*parts_.home, mailbox_.prefix(), workspace_, spec_.outputs));
  if (spec_.output_copies.empty()) return Event(OutputsKept{std::move(note)});
  if (!task.succeeded) {
    note += std::string(note.empty() ? "" : "; ") + "outputs are copied nowhere, since the program failed";
    return Event(OutputsKept{std::move(note)});
  }
  OutputCopies::Outcome outcome = output_copies_.copy(spec_.output_copies, workspace_, parts_.helpers,
                                                      [this] { return cancelled_.load(); });
  TW_RETURN_IF_ERROR(writer_.refresh());
  for (const std::string& problem : outcome.problems) {
    note += (note.empty() ? "" : "; ") + problem;
    outcome.lines.push_back(problem);
  }
  return Event(OutputsKept{std::move(note), std::move(outcome.lines)});
}

Result<Event> StateTasks::perform(const Finish& task) {
  parts_.before_record();
  const Result<LedgerRecord> record =
      writer_.append_finish(parts_.clock->now(), task.outcome, task.exit_code, task.message);
  if (!record.ok() && record.error().code == Code::conflict) {
    return Error{Code::unavailable, record.error().message};
  }
  if (!record.ok()) return record.error();
  return Event(FinishWritten{});
}

}  // namespace tradewind::agent
