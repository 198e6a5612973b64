// tradewind completion: scripts for bash, zsh and fish, made from the verbs and flags that the parser knows.
#include <array>
#include <ostream>

#include "app/cli/verbs.h"
#include "base/text.h"

namespace tradewind::cli {
namespace {

// The verbs that take a job; `checkpoint` does after its own word.
constexpr std::array job_verbs = {"job", "logs", "cancel", "move"};
constexpr std::array task_verbs = {"run", "plan"};

// Flags whose values are words of a fixed list.
struct FlagValues {
  const char* flag;
  const char* values;
  const char* verb = nullptr;  // of this one alone
};
constexpr std::array flag_values = {
    FlagValues{"--color", "auto always never"},
    FlagValues{"--sort", "price price-per-accelerator price-per-vcpu provider accelerator newest"},
    FlagValues{"--group", "provider region accelerator instance-type purchase"},
    FlagValues{"--state",
               "queued starting running recovering waiting stopping succeeded failed cancelled live"},
    FlagValues{"--output", "wide json name", "jobs"},
    FlagValues{"--open-mode", "append truncate"},
};

// In the scripts @NAME@ stands for what is made from the verbs.

// Of bash and zsh. A server that runs is asked for its jobs; none is started, since it is named, even where
// the socket is a leftover.
constexpr const char* jobs_function = R"sh(
_tradewind_jobs() {
    local state=${XDG_STATE_HOME:-} server
    if [[ -n ${TRADEWIND_HOME:-} ]]; then state=$TRADEWIND_HOME/state
    elif [[ $state == /* ]]; then state=$state/tradewind
    else state=$HOME/.local/state/tradewind
    fi
    server=${TRADEWIND_SERVER:-unix:$state/server.sock}
    [[ $server != unix:* || -S ${server#unix:} ]] || return 0
    TRADEWIND_SERVER=$server command "${1:-tradewind}" jobs --all 2>/dev/null </dev/null |
        awk '$1 ~ /^j-/ { print $1 }'
}
)sh";

constexpr const char* bash_script =
    R"sh(# bash completion of tradewind. Load it with: source <(tradewind completion bash)
@JOBS@
_tradewind_add() {
    local line
    while IFS= read -r line; do COMPREPLY+=("$line"); done
}

# Folders, and files of these patterns.
_tradewind_files() {
    compopt -o filenames 2>/dev/null
    _tradewind_add < <(compgen -d -- "$1")
    local pattern
    for pattern in "${@:2}"; do _tradewind_add < <(compgen -f -X "!$pattern" -- "$1"); done
}

_tradewind() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}
    local verb= word= flags= words= values= i
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
            --) return ;;
            --color) ((i++)) ;;
            -?*) ;;
            *) if [[ -z $verb ]]; then verb=${COMP_WORDS[i]}; elif [[ -z $word ]]; then word=${COMP_WORDS[i]}; fi ;;
        esac
    done
    case $verb in
@VERBS@    esac
    case $previous in
@VALUES@        --svg) _tradewind_files "$current" '*.svg'; return ;;
        --zones) _tradewind_files "$current" '*.yaml' '*.yml'; return ;;
        --to) if [[ $verb == checkpoint ]]; then _tradewind_files "$current"; return; fi ;;
    esac
    if [[ -n $values ]]; then :
    elif [[ -z $verb ]]; then values='@NAMES@ --help --version --json --color'
    elif [[ $current == -* ]]; then values=$flags
    elif [[ -n $words && -z $word ]]; then values=$words
    else
        case $verb in
            @TASK_VERBS@) _tradewind_files "$current" '*.yaml' '*.yml' ;;
            sbatch) _tradewind_files "$current" '*' ;;
            @JOB_VERBS@|checkpoint) values=$(_tradewind_jobs "${1/#\~/$HOME}") ;;
            completion) values='bash zsh fish' ;;
        esac
    fi
    [[ -z $values ]] || _tradewind_add < <(compgen -W "$values" -- "$current")
}
complete -F _tradewind tradewind
)sh";

constexpr const char* zsh_script = R"sh(#compdef tradewind
# zsh completion of tradewind. Put it into a folder of $fpath as _tradewind, or: source <(tradewind completion zsh)
@JOBS@
_tradewind() {
    local -a verbs flags subwords jobs
    local verb= word= i
    verbs=(
@DESCRIBED@    )
    for ((i = 2; i < CURRENT; i++)); do
        case ${words[i]} in
            --) _files; return ;;
            --color) ((i++)) ;;
            -?*) ;;
            *) if [[ -z $verb ]]; then verb=${words[i]}; elif [[ -z $word ]]; then word=${words[i]}; fi ;;
        esac
    done
    case $verb in
@VERBS@    esac
    case ${words[CURRENT-1]} in
@VALUES@        --svg) _files -g '*.svg'; return ;;
        --zones) _files -g '*.(yaml|yml)'; return ;;
        --to) if [[ $verb == checkpoint ]]; then _files -/; return; fi ;;
    esac
    if [[ -z $verb ]]; then
        if [[ $PREFIX == -* ]]; then compadd -- --help --version --json --color
        else _describe -t verbs verb verbs
        fi
    elif [[ $PREFIX == -* ]]; then compadd -- $flags
    elif (( $#subwords )) && [[ -z $word ]]; then compadd -- $subwords
    else
        case $verb in
            @TASK_VERBS@) _files -g '*.(yaml|yml)' ;;
            sbatch) _files ;;
            @JOB_VERBS@|checkpoint)
                jobs=(${(f)"$(_tradewind_jobs ${~words[1]})"})
                (( $#jobs )) && compadd -V jobs -- $jobs ;;
            completion) compadd -- bash zsh fish ;;
        esac
    fi
}

if [[ ${funcstack[1]} == _tradewind ]]; then _tradewind "$@"; else compdef _tradewind tradewind; fi
)sh";

constexpr const char* fish_script =
    R"sh(# fish completion of tradewind. Put it into ~/.config/fish/completions/tradewind.fish
function __tradewind_jobs
    set -l state $HOME/.local/state/tradewind
    if string match -q '/*' -- "$XDG_STATE_HOME"
        set state $XDG_STATE_HOME/tradewind
    end
    if test -n "$TRADEWIND_HOME"
        set state $TRADEWIND_HOME/state
    end
    set -l server unix:$state/server.sock
    if test -n "$TRADEWIND_SERVER"
        set server $TRADEWIND_SERVER
    else if not test -S $state/server.sock
        return
    end
    env TRADEWIND_SERVER=$server tradewind jobs --all 2>/dev/null </dev/null | awk '$1 ~ /^j-/ { print $1 }'
end

complete -c tradewind -f
complete -c tradewind -l color -x -a 'auto always never' -d 'when to use colours'
@VERBS@complete -c tradewind -n '__fish_seen_subcommand_from @TASK_VERBS@' -k -a '(__fish_complete_suffix .yml; __fish_complete_suffix .yaml)'
complete -c tradewind -n '__fish_seen_subcommand_from sbatch' -F
complete -c tradewind -n '__fish_seen_subcommand_from @JOB_VERBS@' -a '(__tradewind_jobs)'
complete -c tradewind -n '__fish_seen_subcommand_from checkpoint; and __fish_seen_subcommand_from list verify prune restore show diff repair' -a '(__tradewind_jobs)'
complete -c tradewind -n '__fish_seen_subcommand_from completion' -a 'bash zsh fish'
)sh";

void fill(std::string& script, const std::string& mark, const std::string& text) {
  for (std::size_t at = script.find(mark); at != std::string::npos;
       at = script.find(mark, at + text.size())) {
    script.replace(at, mark.size(), text);
  }
}

// 'text' for bash and zsh.
std::string shell_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

// 'text' for fish, whose quotes know backslashes.
std::string fish_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  return out + "'";
}

template <std::size_t n>
std::string joined(const std::array<const char*, n>& words, std::string_view separator) {
  return join(std::vector<std::string>(words.begin(), words.end()), separator);
}

// "        run) flags='--json …' ;;", the lists between `open` and `close`.
std::string verb_cases(const std::vector<VerbWords>& verbs, const char* words_name, const char* open,
                       const char* close) {
  std::string text;
  for (const VerbWords& verb : verbs) {
    text += "        " + verb.verb + ") flags=" + open + join(verb.flags, " ") + close;
    if (!verb.words.empty())
      text += std::string("; ") + words_name + "=" + open + join(verb.words, " ") + close;
    text += " ;;\n";
  }
  return text;
}

std::string bash_of(const std::vector<VerbWords>& verbs) {
  std::string values;
  std::vector<std::string> names;
  for (const FlagValues& each : flag_values) {
    const std::string only = each.verb == nullptr ? "" : "[[ $verb != " + std::string(each.verb) + " ]] || ";
    values +=
        "        " + std::string(each.flag) + ") " + only + "values=" + shell_quoted(each.values) + " ;;\n";
  }
  names.reserve(verbs.size());
  for (const VerbWords& verb : verbs) names.push_back(verb.verb);
  std::string script = bash_script;
  fill(script, "@JOBS@", jobs_function);
  fill(script, "@VERBS@", verb_cases(verbs, "words", "'", "'"));
  fill(script, "@VALUES@", values);
  fill(script, "@NAMES@", join(names, " "));
  fill(script, "@TASK_VERBS@", joined(task_verbs, "|"));
  fill(script, "@JOB_VERBS@", joined(job_verbs, "|"));
  return script;
}

std::string zsh_of(const std::vector<VerbWords>& verbs) {
  std::string values;
  std::string described;
  for (const FlagValues& each : flag_values) {
    const std::string only = each.verb == nullptr ? "" : "[[ $verb != " + std::string(each.verb) + " ]] || ";
    values += "        " + std::string(each.flag) + ") " + only + "{ compadd -- " + each.values +
              "; return; } ;;\n";
  }
  for (const VerbWords& verb : verbs) {
    described += "        " + shell_quoted(verb.verb + ":" + verb.description) + "\n";
  }
  std::string script = zsh_script;
  fill(script, "@JOBS@", jobs_function);
  fill(script, "@DESCRIBED@", described);
  fill(script, "@VERBS@", verb_cases(verbs, "subwords", "(", ")"));
  fill(script, "@VALUES@", values);
  fill(script, "@TASK_VERBS@", joined(task_verbs, "|"));
  fill(script, "@JOB_VERBS@", joined(job_verbs, "|"));
  return script;
}

std::string fish_flag(const std::string& verb, const std::string& flag) {
  const std::string condition = fish_quoted("__fish_seen_subcommand_from " + verb);
  std::string line = "complete -c tradewind -n " + condition + " -l " + flag.substr(2);
  for (const FlagValues& each : flag_values) {
    if (flag == each.flag && (each.verb == nullptr || verb == each.verb))
      line += " -x -a " + fish_quoted(each.values);
  }
  if (flag == "--svg" || flag == "--zones") line += " -r -F";
  return line + "\n";
}

std::string fish_of(const std::vector<VerbWords>& verbs) {
  std::string lines;
  for (const VerbWords& verb : verbs) {
    const std::string seen = "__fish_seen_subcommand_from " + verb.verb;
    lines += "complete -c tradewind -n __fish_use_subcommand -a " + verb.verb + " -d " +
             fish_quoted(verb.description) + "\n";
    for (const std::string& flag : verb.flags) lines += fish_flag(verb.verb, flag);
    if (verb.words.empty()) continue;
    const std::string words = join(verb.words, " ");
    std::string unless = seen;
    unless.append("; and not __fish_seen_subcommand_from ").append(words);
    lines.append("complete -c tradewind -n ").append(fish_quoted(unless));
    lines.append(" -a ").append(fish_quoted(words)).append("\n");
  }
  std::string script = fish_script;
  fill(script, "@VERBS@", lines);
  fill(script, "@TASK_VERBS@", joined(task_verbs, " "));
  fill(script, "@JOB_VERBS@", joined(job_verbs, " "));
  return script;
}

}  // namespace

Result<ExitCode> run_completion(const CompletionOptions& options, Context& context) {
  const std::vector<VerbWords> verbs = verb_words();
  std::string script;
  if (options.shell == "bash") script = bash_of(verbs);
  if (options.shell == "zsh") script = zsh_of(verbs);
  if (options.shell == "fish") script = fish_of(verbs);
  if (script.empty()) {
    return Error{Code::invalid_argument, "no completion is known for '" + options.shell + "'",
                 "bash, zsh or fish"};
  }
  if (context.json) {
    print_json(context, json::object{{"shell", options.shell}, {"script", script}});
  } else {
    context.out << script;
  }
  return ExitCode::done;
}

}  // namespace tradewind::cli
