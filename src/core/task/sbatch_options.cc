#include "core/task/sbatch_options.h"

#include <algorithm>
#include <optional>

#include "base/text.h"

namespace tradewind::task {
namespace {

constexpr auto none = SbatchValue::none;
constexpr auto maybe = SbatchValue::optional;
constexpr auto takes = SbatchValue::required;
constexpr auto acts = SbatchDeed::acts;
constexpr auto fulfilled = SbatchDeed::fulfilled;
constexpr auto told = SbatchDeed::told;
constexpr auto refused = SbatchDeed::refused;

constexpr std::string_view of_one_cluster = "it is of one cluster's own";
constexpr std::string_view of_nodes_inside = "the machine is chosen by its cores, memory and GPUs";
constexpr std::string_view no_mail = "no mail is sent";

constexpr SbatchOption options[] = {
    {"array", 'a', takes, acts, "0-15, 1,3-9:2: a job for each, with SLURM_ARRAY_TASK_ID",
     "SBATCH_ARRAY_INX"},
    {"chdir", 'D', takes, acts, "the job's folder, instead of this one", ""},
    {"clusters", 'M', takes, acts, "only on these clusters of slurm.yaml", "SBATCH_CLUSTERS"},
    {"cpus-per-gpu", '\0', takes, acts, "cores for each GPU", "SBATCH_CPUS_PER_GPU"},
    {"cpus-per-task", 'c', takes, acts, "cores for each task", ""},
    {"deadline", '\0', takes, acts, "now+2hours, 2026-11-24T18:30: when it must be done", ""},
    {"error", 'e', takes, acts, "as --output, with which it must agree: both come as one", ""},
    {"export", '\0', takes, acts, "NAME,NAME=VALUE: variables that go along; NONE", "SBATCH_EXPORT"},
    {"gpus", 'G', takes, acts, "GPUs of the job: 2, a100:2", "SBATCH_GPUS"},
    {"gpus-per-node", '\0', takes, acts, "GPUs of each node: 2, a100:2", "SBATCH_GPUS_PER_NODE"},
    {"gpus-per-task", '\0', takes, acts, "GPUs of each task", "SBATCH_GPUS_PER_TASK"},
    {"gres", '\0', takes, acts, "gpu:a100:2: GPUs of each node", "SBATCH_GRES"},
    {"help", 'h', none, acts, "this text", ""},
    {"job-name", 'J', takes, acts, "the job's name, instead of the script's", "SBATCH_JOB_NAME"},
    {"mem", '\0', takes, acts, "memory of each node: 16G (MB without a unit)", "SBATCH_MEM_PER_NODE"},
    {"mem-per-cpu", '\0', takes, acts, "memory for each core", "SBATCH_MEM_PER_CPU"},
    {"mem-per-gpu", '\0', takes, acts, "memory for each GPU", "SBATCH_MEM_PER_GPU"},
    {"mincpus", '\0', takes, acts, "at least so many cores in each node", ""},
    {"nice", '\0', maybe, acts, "a lower priority by so much (100)", ""},
    {"nodes", 'N', takes, acts, "so many nodes, of a range the least", ""},
    {"ntasks", 'n', takes, acts, "so many tasks, which need their cores", ""},
    {"ntasks-per-node", '\0', takes, acts, "the same, of each node", ""},
    {"open-mode", '\0', takes, acts, "append or truncate: what --wait does to the output's file",
     "SBATCH_OPEN_MODE"},
    {"output", 'o', takes, acts, "the file that --wait writes the output to (slurm-%j.out)", ""},
    {"parsable", '\0', none, acts, "prints the job's id alone", ""},
    {"partition", 'p', takes, acts, "only in these partitions of the clusters of slurm.yaml",
     "SBATCH_PARTITION"},
    {"quiet", 'Q', none, acts, "says nothing beside the id and errors", ""},
    {"signal", '\0', takes, acts, "B:USR1@60: what the script is told before its time is over",
     "SBATCH_SIGNAL"},
    {"test-only", '\0', none, acts, "prints the plan, and submits nothing", ""},
    {"time", 't', takes, acts, "the limit: 90, 1:30:00, 2-12; each stay at a place ends at it",
     "SBATCH_TIMELIMIT"},
    {"tmp", '\0', takes, acts, "disk of each node", ""},
    {"usage", '\0', none, acts, "this text", ""},
    {"version", 'V', none, acts, "the version", ""},
    {"wait", 'W', none, acts, "returns at the job's end, with its exit code", "SBATCH_WAIT"},
    {"wrap", '\0', takes, acts, "a command instead of a script", ""},

    {"budget", '\0', takes, acts, "the most that the job may cost", "", true},
    {"checkpoint", '\0', takes, acts, "the folder that the program saves its state in", "", true},
    {"infra", '\0', takes, acts, "only in these places: aws, slurm/hpc, local", "", true},
    {"json", '\0', none, acts, "one JSON document on stdout", "", true},
    {"outputs", '\0', takes, acts, "paths that are kept when the job ends", "", true},
    {"print", '\0', none, acts, "prints the task file that it becomes, and submits nothing", "", true},

    {"debug", '\0', none, fulfilled, "", ""},
    {"requeue", '\0', none, fulfilled, "", "SBATCH_REQUEUE"},
    {"verbose", 'v', none, fulfilled, "", ""},
    {"wait-all-nodes", '\0', takes, fulfilled, "", ""},

    {"account", 'A', takes, told, "slurm.yaml names the account of a cluster", "SBATCH_ACCOUNT"},
    {"acctg-freq", '\0', takes, told, of_one_cluster, ""},
    {"batch", '\0', takes, told, of_nodes_inside, ""},
    {"bb", '\0', takes, told, of_one_cluster, ""},
    {"bbf", '\0', takes, told, of_one_cluster, ""},
    {"cluster-constraint", '\0', takes, told, of_one_cluster, ""},
    {"comment", '\0', takes, told, "jobs have none", ""},
    {"constraint", 'C', takes, told, "features are of one cluster's own, and slurm.yaml names them",
     "SBATCH_CONSTRAINT"},
    {"contiguous", '\0', none, told, of_nodes_inside, ""},
    {"core-spec", 'S', takes, told, of_nodes_inside, ""},
    {"cores-per-socket", '\0', takes, told, of_nodes_inside, ""},
    {"cpu-freq", '\0', takes, told, of_nodes_inside, ""},
    {"delay-boot", '\0', takes, told, of_one_cluster, ""},
    {"distribution", 'm', takes, told, of_nodes_inside, ""},
    {"exclude", 'x', takes, told, "nodes have no names here; `avoid` of a task file names places", ""},
    {"exclusive", '\0', maybe, told, "a rented machine is the job's own, a shared host is not",
     "SBATCH_EXCLUSIVE"},
    {"extra-node-info", 'B', takes, told, of_nodes_inside, ""},
    {"get-user-env", '\0', maybe, told, "variables are named by --export", "SBATCH_GET_USER_ENV"},
    {"gid", '\0', takes, told, "each user acts as himself", ""},
    {"gpu-bind", '\0', takes, told, of_nodes_inside, ""},
    {"gpu-freq", '\0', takes, told, of_nodes_inside, ""},
    {"gpus-per-socket", '\0', takes, told, of_nodes_inside, ""},
    {"gres-flags", '\0', takes, told, of_nodes_inside, ""},
    {"hint", '\0', takes, told, of_nodes_inside, "SBATCH_HINT"},
    {"ignore-pbs", '\0', none, told, "#PBS lines are comments", ""},
    {"input", 'i', takes, told, "a job has no input", ""},
    {"kill-on-invalid-dep", '\0', takes, told, "there are no dependencies", ""},
    {"licenses", 'L', takes, told, of_one_cluster, ""},
    {"mail-type", '\0', takes, told, no_mail, ""},
    {"mail-user", '\0', takes, told, no_mail, ""},
    {"mcs-label", '\0', takes, told, of_one_cluster, ""},
    {"mem-bind", '\0', takes, told, of_nodes_inside, ""},
    {"network", '\0', takes, told, of_one_cluster, ""},
    {"no-kill", 'k', maybe, told, "a job that lost its node goes on elsewhere", ""},
    {"no-requeue", '\0', none, told, "a job that lost its machine always goes on elsewhere",
     "SBATCH_NO_REQUEUE"},
    {"nodefile", 'F', takes, told, "nodes have no names here", ""},
    {"nodelist", 'w', takes, told, "nodes have no names here; --infra names places", ""},
    {"ntasks-per-core", '\0', takes, told, of_nodes_inside, ""},
    {"ntasks-per-gpu", '\0', takes, told, of_nodes_inside, ""},
    {"ntasks-per-socket", '\0', takes, told, of_nodes_inside, ""},
    {"overcommit", 'O', none, told, of_nodes_inside, ""},
    {"oversubscribe", 's', none, told, "suppliers say what is shared", ""},
    {"power", '\0', takes, told, of_one_cluster, ""},
    {"prefer", '\0', takes, told, of_one_cluster, ""},
    {"priority", '\0', takes, told, "--nice lowers it, and `priority` of a task file sets it", ""},
    {"profile", '\0', takes, told, of_one_cluster, ""},
    {"propagate", '\0', maybe, told, "limits of this shell stay here", ""},
    {"qos", 'q', takes, told, "slurm.yaml names the QOS of a cluster", "SBATCH_QOS"},
    {"reboot", '\0', none, told, of_one_cluster, ""},
    {"reservation", '\0', takes, told, "slurm.yaml names the reservation of a cluster", "SBATCH_RESERVATION"},
    {"sockets-per-node", '\0', takes, told, of_nodes_inside, ""},
    {"spread-job", '\0', none, told, of_nodes_inside, ""},
    {"switches", '\0', takes, told, of_one_cluster, ""},
    {"thread-spec", '\0', takes, told, of_nodes_inside, ""},
    {"threads-per-core", '\0', takes, told, of_nodes_inside, ""},
    {"time-min", '\0', takes, told, "--time alone counts", ""},
    {"uid", '\0', takes, told, "each user acts as himself", ""},
    {"use-min-nodes", '\0', none, told, of_nodes_inside, ""},
    {"wckey", '\0', takes, told, of_one_cluster, ""},

    {"begin", 'b', takes, refused, "there are no jobs for later: submit it then, by at(1) or cron", ""},
    {"container", '\0', takes, refused,
     "scripts run on the machine as it is: start the container in the script", "SBATCH_CONTAINER"},
    {"dependency", 'd', takes, refused,
     "jobs do not depend on each other: submit with --wait, and the next one after it", ""},
    {"export-file", '\0', takes, refused, "name the variables: --export=NAME,NAME=VALUE", ""},
    {"hold", 'H', none, refused, "no job is held back: submit it when it may run", ""},
};

bool is_long(std::string_view word) {
  return word.size() > 2 && word.starts_with("--");
}

bool is_short(std::string_view word) {
  return word.size() > 1 && word[0] == '-' && word[1] != '-';
}

std::vector<std::string_view> names() {
  std::vector<std::string_view> all;
  for (const SbatchOption& option : options) all.push_back(option.name);
  return all;
}

const SbatchOption* find_letter(char letter) {
  for (const SbatchOption& option : options) {
    if (option.letter == letter && letter != '\0') return &option;
  }
  return nullptr;
}

// As getopt_long(3): the whole name, or the only one that begins so.
std::vector<const SbatchOption*> candidates(std::string_view name) {
  if (const SbatchOption* exact = find_sbatch_option(name)) return {exact};
  std::vector<const SbatchOption*> found;
  for (const SbatchOption& option : options) {
    if (option.name.starts_with(name)) found.push_back(&option);
  }
  return found;
}

class WordReader {
 public:
  WordReader(const std::vector<SbatchWord>& words, SbatchSource source) : words_(words), source_(source) {}

  SbatchWords read() {
    for (; at_ < words_.size(); ++at_) {
      const SbatchWord& word = words_[at_];
      if (word.text == "--") {
        out_.rest.insert(out_.rest.end(), words_.begin() + static_cast<std::ptrdiff_t>(at_) + 1,
                         words_.end());
        break;
      }
      if (is_long(word.text)) {
        read_long(word);
      } else if (is_short(word.text)) {
        read_letters(word);
      } else if (source_ == SbatchSource::command_line) {
        out_.rest.assign(words_.begin() + static_cast<std::ptrdiff_t>(at_), words_.end());
        break;
      } else {
        out_.rest.push_back(word);
      }
    }
    return std::move(out_);
  }

 private:
  void read_long(const SbatchWord& word) {
    const std::size_t equals = word.text.find('=');
    const std::string name = word.text.substr(2, equals == std::string::npos ? equals : equals - 2);
    const std::vector<const SbatchOption*> found = candidates(name);
    if (found.size() != 1) return unknown_name(word, name, found);
    if (equals == std::string::npos) return take(*found.front(), std::nullopt, word);
    take(*found.front(), word.text.substr(equals + 1), word);
  }

  void read_letters(const SbatchWord& word) {
    for (std::size_t i = 1; i < word.text.size(); ++i) {
      const SbatchOption* option = find_letter(word.text[i]);
      if (option == nullptr) {
        const std::string letter(1, word.text[i]);
        return fail(word, "sbatch has no option '-" + letter + "'", "tradewind sbatch --help lists them");
      }
      if (option->value == SbatchValue::none) {
        take(*option, std::nullopt, word);
        continue;
      }
      const bool attached = i + 1 < word.text.size();
      return take(*option, attached ? std::optional(word.text.substr(i + 1)) : std::nullopt, word);
    }
  }

  // A value that an option needs may be the next word; one that it may have never is.
  void take(const SbatchOption& option, std::optional<std::string> value, const SbatchWord& word) {
    SbatchGiven given{&option, value.value_or(""), source_, word};
    const std::string name = "--" + std::string(option.name);
    if (option.value == SbatchValue::none && value) {
      return fail(word, name + " takes no value", "write " + name + " alone");
    }
    if (option.value == SbatchValue::required && !value) {
      if (at_ + 1 == words_.size()) return fail(word, name + " needs a value", "write " + name + "=VALUE");
      given.word = words_[++at_];
      given.value = given.word.text;
    }
    out_.given.push_back(std::move(given));
  }

  void unknown_name(const SbatchWord& word, const std::string& name,
                    const std::vector<const SbatchOption*>& found) {
    std::vector<std::string> several;
    for (const SbatchOption* option : found) several.push_back("--" + std::string(option->name));
    if (!several.empty())
      return fail(word, "'--" + name + "' may mean " + join(several, ", "), "write one of them");
    const std::vector<std::string_view> known = names();
    const std::string near = nearest_word(name, known);
    fail(word, "sbatch has no option '--" + name + "'",
         near.empty() ? "tradewind sbatch --help lists them" : "did you mean '--" + near + "'?");
  }

  void fail(const SbatchWord& word, const std::string& message, const std::string& hint) {
    out_.errors.push_back(error_at({nullptr, "", source_, word}, message, hint));
  }

  const std::vector<SbatchWord>& words_;
  const SbatchSource source_;
  std::size_t at_ = 0;
  SbatchWords out_;
};

}  // namespace

std::span<const SbatchOption> sbatch_options() {
  return options;
}

const SbatchOption* find_sbatch_option(std::string_view name) {
  const auto* const found = std::find_if(std::begin(options), std::end(options),
                                         [&](const SbatchOption& o) { return o.name == name; });
  return found == std::end(options) ? nullptr : found;
}

std::string spoken(const SbatchGiven& given) {
  if (given.source == SbatchSource::environment) return std::string(given.option->variable);
  return "--" + std::string(given.option->name);
}

TaskError error_at(const SbatchGiven& given, const std::string& message, std::string hint) {
  if (given.source == SbatchSource::script)
    return {given.word.line, given.word.column, given.word.length, message, std::move(hint)};
  const std::string where =
      given.source == SbatchSource::environment ? "in the environment: " : "on the command line: ";
  return {0, 0, 1, where + message, std::move(hint)};
}

SbatchWords read_sbatch_words(const std::vector<SbatchWord>& words, SbatchSource source) {
  return WordReader(words, source).read();
}

}  // namespace tradewind::task
