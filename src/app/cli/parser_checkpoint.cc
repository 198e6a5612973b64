// tradewind checkpoint: of a job, or of a folder and a store; tradewind outputs.
#include <CLI/CLI.hpp>

#include "app/cli/parser_target.h"

namespace tradewind::cli::parsing {
namespace {

// Jobs have no slash in their names, and their ids and names do not begin with a dot.
bool is_store(const std::string& text) {
  return text.find('/') != std::string::npos || text.starts_with('.');
}

CLI::App* add_action(CLI::App* parent, Target& target, const std::string& verb,
                     const std::string& description, const std::vector<std::string>& lines) {
  CLI::App* sub = parent->add_subcommand(verb, description);
  sub->footer(examples(lines));
  add_json(sub, target);
  return sub;
}

ArchiveOptions archive_of(const Target& target, ArchiveAction action) {
  ArchiveOptions archive = target.archive;
  archive.action = action;
  archive.store = target.checkpoint.job;
  archive.folder = target.checkpoint.folder;
  archive.step = target.checkpoint.step;
  archive.keep = target.checkpoint.keep;
  archive.dry_run = target.checkpoint.dry_run;
  archive.read_back = target.checkpoint.read_back;
  archive.flush = target.checkpoint.flush;
  if (!target.checkpoint.which.empty()) archive.manifest = target.checkpoint.which;
  archive.against = target.checkpoint.against;
  archive.from = target.checkpoint.from;
  return archive;
}

// Nothing that a person wrote is passed over.
void refuse_of_a_job(const CLI::App& sub, const CheckpointOptions& options) {
  const bool asks_server = options.store.empty() && (options.action == CheckpointAction::list ||
                                                     options.action == CheckpointAction::verify);
  for (const char* name : {"--key-file", "--key-command", "--plain"}) {
    const CLI::Option* option = sub.get_option_no_throw(name);
    if (asks_server && option != nullptr && option->count() > 0) {
      throw CLI::ValidationError(name, "is of a store: the server has the keys of its jobs; or say --store");
    }
  }
  for (const char* name : {"--bwlimit", "--manifest"}) {
    const CLI::Option* option = sub.get_option_no_throw(name);
    if (option != nullptr && option->count() > 0) {
      throw CLI::ValidationError(name, "is of a store; of a job there is no such choice yet");
    }
  }
}

// A verb of both: what is named says which is meant.
CLI::App* add_of_both(CLI::App* parent, Target& target, const std::string& verb,
                      const std::string& description, CheckpointAction of_job, ArchiveAction of_store,
                      const std::vector<std::string>& lines) {
  CheckpointOptions& o = target.checkpoint;
  CLI::App* sub = add_action(parent, target, verb, description, lines);
  sub->add_option("JOB|STORE", o.job,
                  "a job: id, beginning of an id, name, or - for the last; or a store: file:///path, ./path");
  sub->add_option("--store", o.store, "read the job in this store directly, without a server");
  sub->callback([&target, of_job, of_store, sub] {
    CheckpointOptions& job = target.checkpoint;
    if (job.folder.empty()) job.folder = target.archive.folder;
    if (of_store == ArchiveAction::restore && job.folder.empty()) throw CLI::RequiredError("--to");
    job.action = of_job;
    if (is_store(job.job)) {
      target.chosen = archive_of(target, of_store);
    } else {
      refuse_of_a_job(*sub, job);
      job.seal = target.archive.seal;
      target.chosen = job;
    }
  });
  return sub;
}

void add_key(CLI::App* sub, SealOptions& seal, const std::string& of) {
  sub->add_option("--key-file", seal.key_file, of + ": a file with its key or passphrase")
      ->excludes(sub->add_option("--key-command", seal.key_command, of + ": a command that prints its key"));
}

void add_bandwidth(CLI::App* sub, ArchiveOptions& options) {
  sub->add_option(
      "--bwlimit", options.bandwidth,
      "take no more of the network: 50M (50 MiB in a second), \"08:00,512k 19:00,off\" by the clock, "
      "or @FILE, which may change meanwhile");
}

// For verbs of a store that may be encrypted.
void add_seal(CLI::App* sub, SealOptions& seal) {
  add_key(sub, seal, "of an encrypted store or job");
  sub->add_flag("--plain", seal.plain, "it is not encrypted, whatever keys the environment names");
}

void add_save(CLI::App* parent, Target& target) {
  ArchiveOptions& o = target.archive;
  CLI::App* sub =
      add_action(parent, target, "save", "save a folder into a store: only what is not there yet",
                 {"tradewind checkpoint save ./state file:///mnt/backup/run7",
                  "tradewind checkpoint save ./state ./backup --step 1200",
                  "tradewind checkpoint save ./state s3://bucket/run7 --encrypt --key-file my.key"});
  sub->add_option("DIR", o.folder, "the folder")->required();
  sub->add_option("STORE", o.store, "file:///path, or a path; it is made when it is not there")->required();
  sub->add_option("--step", o.step, "what the checkpoint is called; else one more than the last");
  sub->add_option("--metric", o.metrics,
                  "what it is worth, for prune --keep-best: loss=2.31; several times if need be");
  add_seal(sub, o.seal);
  sub->add_flag("--encrypt", o.seal.encrypt, "encrypt the store, which is empty or encrypted already");
  add_bandwidth(sub, o);
  sub->callback([&target] {
    target.archive.action = ArchiveAction::save;
    target.chosen = target.archive;
  });
}

void add_copy(CLI::App* parent, Target& target) {
  ArchiveOptions& o = target.archive;
  CLI::App* sub = add_action(
      parent, target, "copy", "copy a store's checkpoints into another store: only what is missing there",
      {"tradewind checkpoint copy file:///mnt/backup/run7 file:///mnt/other/run7",
       "tradewind checkpoint copy ./backup ./other --step 1200",
       "tradewind checkpoint copy ./backup s3://bucket/run7 --encrypt --key-file my.key"});
  sub->add_option("FROM", o.store, "the store that has them")->required();
  sub->add_option("TO", o.target, "the store that will have them; it is made when it is not there")
      ->required();
  sub->add_option("--step", o.step, "only the newest of this step");
  sub->add_option("--manifest", o.manifest, "only this checkpoint, or the beginning of its id");
  sub->add_flag("--dry-run", o.dry_run, "only say what would travel");
  add_key(sub, o.seal, "of encrypted stores");
  sub->add_option("--to-key-file", o.new_seal.key_file, "of TO, where it has another key");
  sub->add_option("--to-key-command", o.new_seal.key_command, "of TO, where it has another key");
  sub->add_flag("--encrypt", o.seal.encrypt, "encrypt TO, which is empty or encrypted already");
  sub->add_flag("--plain", o.seal.plain, "TO is not encrypted, even if FROM is");
  add_bandwidth(sub, o);
  sub->callback([&target] {
    target.archive.action = ArchiveAction::copy;
    target.chosen = target.archive;
  });
}

void add_restore(CLI::App* parent, Target& target) {
  CheckpointOptions& o = target.checkpoint;
  CLI::App* sub = add_of_both(parent, target, "restore", "bring a checkpoint's files back into a folder",
                              CheckpointAction::restore, ArchiveAction::restore,
                              {"tradewind checkpoint restore train --to ./state",
                               "tradewind checkpoint restore train --step 250 --to ./state",
                               "tradewind checkpoint restore file:///mnt/backup/run7 ./state"});
  sub->add_option("DIR", target.archive.folder, "the same as --to");
  sub->add_option("--to", o.folder, "the folder that will hold the state; it must not exist, or be empty");
  sub->add_option("--step", o.step, "the checkpoint of this step; else the newest");
  sub->add_option("--manifest", target.archive.manifest,
                  "of a store: this checkpoint, or the beginning of its id");
  sub->add_flag("--verify", o.read_back, "read every byte again from the disk, once it is written");
  sub->add_flag("--sync", o.flush, "wait until the disk has all of it");
  add_bandwidth(sub, target.archive);
  add_seal(sub, target.archive.seal);
}

constexpr const char* which_help = "a step, or the beginning of a checkpoint's id; else the newest";

void add_show(CLI::App* parent, Target& target) {
  CLI::App* sub = add_of_both(parent, target, "show", "a checkpoint's facts and files",
                              CheckpointAction::show, ArchiveAction::show,
                              {"tradewind checkpoint show train", "tradewind checkpoint show ./backup 1200"});
  sub->add_option("CHECKPOINT", target.checkpoint.which, which_help);
  add_seal(sub, target.archive.seal);
}

void add_diff(CLI::App* parent, Target& target) {
  CLI::App* sub = add_of_both(parent, target, "diff", "what changed from one checkpoint to another",
                              CheckpointAction::diff, ArchiveAction::diff,
                              {"tradewind checkpoint diff train              the newest two",
                               "tradewind checkpoint diff ./backup 800 1200"});
  sub->add_option("FROM", target.checkpoint.which,
                  "a step, or the beginning of a checkpoint's id; else the newest but one");
  sub->add_option("TO", target.checkpoint.against, which_help);
  add_seal(sub, target.archive.seal);
}

void add_repair(CLI::App* parent, Target& target) {
  CLI::App* sub =
      add_of_both(parent, target, "repair", "take what is damaged or missing from a store that has it whole",
                  CheckpointAction::repair, ArchiveAction::repair,
                  {"tradewind checkpoint repair train",
                   "tradewind checkpoint repair ./backup --from file:///mnt/other/run7"});
  sub->add_option("--from", target.checkpoint.from,
                  "a store with copies, several times if need be; of a job, else its checkpoint.stores");
  sub->add_flag("--dry-run", target.checkpoint.dry_run, "only say what would be repaired");
  add_seal(sub, target.archive.seal);
}

void add_prune(CLI::App* parent, Target& target) {
  CheckpointOptions& o = target.checkpoint;
  CLI::App* sub = add_of_both(
      parent, target, "prune", "remove what no kept checkpoint needs", CheckpointAction::prune,
      ArchiveAction::prune,
      {"tradewind checkpoint prune train --keep 2 --dry-run",
       "tradewind checkpoint prune train --keep-daily 7 --keep-best 1 --metric loss",
       "tradewind checkpoint prune file:///mnt/backup/run7 --keep 5",
       "tradewind checkpoint prune ./backup --keep 2 --keep-daily 7 --keep-best 3 --metric loss"});
  checkpoint::Retention& keep = o.keep;
  sub->add_option("--keep,--keep-last", keep.last, "keep so many; of a job, else as it says")
      ->check(CLI::PositiveNumber);
  sub->add_option("--keep-hourly", keep.hourly, "the newest of each of so many hours, too")
      ->check(CLI::PositiveNumber);
  sub->add_option("--keep-daily", keep.daily, "the newest of each of so many days, too")
      ->check(CLI::PositiveNumber);
  CLI::Option* best = sub->add_option("--keep-best", keep.best, "so many with the lowest --metric, too")
                          ->check(CLI::PositiveNumber);
  CLI::Option* metric = sub->add_option("--metric", keep.metric, "what the best are told by, such as loss");
  best->needs(metric);
  metric->needs(best);
  sub->add_flag("--highest", keep.highest, "the best are those with the highest")->needs(best);
  sub->add_flag("--dry-run", o.dry_run, "only say what would go");
  add_seal(sub, target.archive.seal);
}

void add_new_key(CLI::App* parent, Target& target) {
  CLI::App* sub = add_action(parent, target, "new-key", "make a key for encrypted stores",
                             {"tradewind checkpoint new-key ~/tradewind.key"});
  sub->add_option("FILE", target.archive.folder, "it must not exist; without it the key is printed");
  sub->callback([&target] {
    target.archive.action = ArchiveAction::new_key;
    target.chosen = target.archive;
  });
}

void add_rekey(CLI::App* parent, Target& target) {
  ArchiveOptions& o = target.archive;
  CLI::App* sub =
      add_action(parent, target, "rekey", "let an encrypted store or job be opened by another key",
                 {"tradewind checkpoint rekey s3://bucket/run7 --key-file old.key --new-key-file new.key",
                  "tradewind checkpoint rekey ./backup --key-file my.key --new-key-file hers.key --keep-old",
                  "tradewind checkpoint rekey train --key-file old.key --new-key-file new.key"});
  sub->add_option("JOB|STORE", o.store, "the store, or the job: then in all of its stores")->required();
  sub->add_option("--store", target.checkpoint.store, "only the job's part of this store, without a server");
  add_key(sub, o.seal, "what opens it now");
  sub->add_option("--new-key-file", o.new_seal.key_file, "a file with the new key or passphrase");
  sub->add_option("--new-key-command", o.new_seal.key_command, "a command that prints the new key");
  sub->add_flag("--keep-old", o.keep_old, "the keys that opened it go on doing so");
  sub->callback([&target] {
    ArchiveOptions& archive = target.archive;
    archive.action = ArchiveAction::rekey;
    target.chosen = archive;
    if (is_store(archive.store)) return;
    CheckpointOptions& job = target.checkpoint;
    job.action = CheckpointAction::rekey;
    job.job = archive.store;
    job.seal = archive.seal;
    job.new_seal = archive.new_seal;
    job.keep_old = archive.keep_old;
    target.chosen = job;
  });
}

}  // namespace

void add_outputs(CLI::App& app, Target& target) {
  OutputsOptions& o = target.outputs;
  CLI::App* sub =
      add_action(&app, target, "outputs", "the files that a job has kept: list them, or bring them here",
                 {"tradewind outputs train                          what there is",
                  "tradewind outputs train --to ./results           all of it",
                  "tradewind outputs train model/final.pt --to ."});
  sub->add_option("JOB", o.job, "id, beginning of an id, name, or - for the last");
  sub->add_option("PATH", o.paths, "only these files, and those in these folders");
  sub->add_option("--to", o.folder, "bring them into this folder; else they are listed");
  sub->add_option("--store", o.store, "read the job in this store directly, without a server");
  sub->add_flag("--overwrite", o.overwrite, "replace files there that differ");
  add_seal(sub, o.seal);
  sub->callback([&target] {
    if (target.outputs.overwrite && target.outputs.folder.empty()) throw CLI::RequiredError("--to");
    target.chosen = target.outputs;
  });
}

void add_checkpoint(CLI::App& app, Target& target) {
  CLI::App* sub = app.add_subcommand(
      "checkpoint", "checkpoints of a job or a store: save, list, restore, copy, verify, repair and more");
  sub->footer(
      examples({"tradewind checkpoint list -", "tradewind checkpoint verify train",
                "tradewind checkpoint restore train --to ./state",
                "tradewind checkpoint save ./state file:///mnt/backup/run7     without a job or a server"}));
  sub->require_subcommand(1);
  add_save(sub, target);
  add_copy(sub, target);
  CLI::App* list = add_of_both(
      sub, target, "list", "the checkpoints that there are", CheckpointAction::list, ArchiveAction::list,
      {"tradewind checkpoint list train", "tradewind checkpoint ls file:///mnt/backup/run7"});
  list->alias("ls");
  CLI::App* verify =
      add_of_both(sub, target, "verify",
                  "of a job: read every byte back, and prove that no step was lost or counted twice; "
                  "of a store: that all is there",
                  CheckpointAction::verify, ArchiveAction::verify,
                  {"tradewind checkpoint verify train",
                   "tradewind checkpoint verify file:///mnt/backup/run7 --read-data"});
  verify->add_flag("--read-data", target.archive.read_data,
                   "of a store: read every byte back (of a job, always)");
  add_seal(verify, target.archive.seal);
  add_seal(list, target.archive.seal);
  add_prune(sub, target);
  add_restore(sub, target);
  add_show(sub, target);
  add_diff(sub, target);
  add_repair(sub, target);
  add_new_key(sub, target);
  add_rekey(sub, target);
}

}  // namespace tradewind::cli::parsing
