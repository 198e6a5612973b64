#include "edge/drivers/slurm/shared_store.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "core/model/json.h"
#include "edge/drivers/slurm/array_text.h"

namespace tradewind::slurm {
namespace {

// clang-format off
constexpr const char* put_script = R"sh(umask 077
file=$1/bin/tradewind-agent-$2
if [ "$3" = ask ]; then [ -x "$file" ] && echo there; exit 0; fi
mkdir -p "$1/bin" "$1/store" && part=$(mktemp "$file.XXXXXX") || exit 3
cat >"$part" && chmod 700 "$part" && mv "$part" "$file" && exit 0
rm -f "$part"
exit 3
)sh";

// Whoever makes the record first is "fresh". Another launcher waits a moment for that one's job number.
constexpr const char* prepare_script = R"sh(umask 077
folder=$1
IFS= read -r record
if [ -e "$2" ]; then echo ended; cat "$2"; exit 0; fi
mkdir -p "$folder" || exit 3
how=known
if [ ! -e "$folder/job" ]; then
  part=$(mktemp "$folder/new.XXXXXX") || exit 3
  printf '%s\n' "$record" >"$part" || exit 3
  if ln "$part" "$folder/record" 2>/dev/null; then
    how=fresh
  elif [ -n "$(find "$folder/record" -mmin -0.5 2>/dev/null)" ]; then
    for _ in 1 2 3 4 5 6 7 8 9 10; do
      [ -e "$folder/job" ] && break
      sleep 0.2
    done
  fi
  rm -f "$part"
  if [ ! -e "$folder/job" ]; then
    part=$(mktemp "$folder/new.XXXXXX") && cat >"$part" && mv "$part" "$folder/secrets" || exit 3
  fi
fi
echo $how
cat "$folder/record" || exit 3
if [ -e "$folder/job" ]; then cat "$folder/job"; else echo; fi
cat "$folder/element" 2>/dev/null
exit 0
)sh";

constexpr const char* claim_script = R"sh(umask 077
part=$(mktemp "$1/new.XXXXXX") || exit 3
printf '%s\n' "$2" >"$part" || exit 3
ln "$part" "$1/job" 2>/dev/null
rm -f "$part"
cat "$1/job"
)sh";

// How instances and arrays are read.
constexpr const char* reading = R"sh(
read_folders() { # reads their paths, which end each in a NUL
  xargs -0 -r sh -c 'find "$@" -mindepth 1 -maxdepth 1 \( -name record -o -name job -o -name end -o -name terminate \
    -o -name element \) -exec grep -H "" {} + 2>/dev/null
  find "$@" -mindepth 1 -maxdepth 1 \( -name beat -o -name job \) -printf "%p@:%T@\n" 2>/dev/null; :' find
}
read_arrays() { # OWNER: their numbers
  find arrays/$1 -mindepth 2 -maxdepth 2 -name job -printf "%p@:%T@\n" -exec grep -H "" {} + 2>/dev/null
}
)sh";

// Thousands may end on one day: no more programs are started for them than for one.
constexpr const char* list_script = R"sh(umask 077
cd "$1" 2>/dev/null || { date +now:%s; exit 0; }
date +now:%s
find instances/$2 -mindepth 2 -maxdepth 2 -name end -mtime +0 2>/dev/null | head -n 5000 | while IFS= read -r end; do
  folder=${end%/end}
  token=${folder##*/}
  owner=${folder%/*}
  owner=${owner##*/}
  record= job= array= index=
  IFS= read -r record <"$folder/record"
  if [ -e "$folder/job" ]; then
    IFS= read -r job <"$folder/job"
  elif [ -e "$folder/element" ]; then
    read -r array index <"$folder/element"
    [ -e "arrays/$owner/$array/job" ] && IFS= read -r job <"arrays/$owner/$array/job" && job=${job}_$index
  fi
  [ -d "ended/$owner" ] || mkdir -p "ended/$owner"
  printf '%s\n%s\n' "$record" "$job" >"ended/$owner/$token" && printf '%s\0' "$folder"
done | xargs -0 -r rm -rf
find ended/$2 -mindepth 1 -type f -mtime +30 -exec rm -f {} + 2>/dev/null
find arrays/$2 -mindepth 1 -maxdepth 1 -mtime +0 2>/dev/null | while IFS= read -r array; do
  while IFS= read -r token; do
    [ -e "instances/$2/$token" ] && touch "$array" && continue 2
  done 2>/dev/null <"$array/tokens"
  rm -rf "$array"
done
read_arrays "$2"
find instances/$2 -mindepth 1 -maxdepth 1 -print0 2>/dev/null | read_folders
exit 0
)sh";

// Tokens on standard input, of whatever owner.
constexpr const char* find_script = R"sh(cd "$1" 2>/dev/null || { date +now:%s; exit 0; }
date +now:%s
read_arrays '*'
while IFS= read -r token; do
  for folder in instances/*/"$token"; do
    [ ! -e "$folder/record" ] || printf '%s\0' "$folder"
  done
done | read_folders
exit 0
)sh";

constexpr const char* terminate_script = R"sh(umask 077
now=$(date +%s)
failed=0
while IFS= read -r folder; do
  [ -e "$folder/terminate" ] || printf '%s\n' "$now" >"$folder/terminate" || failed=3
done
exit $failed
)sh";

// The first word holds. A file that is empty was begun by somebody who was cut off.
constexpr const char* conclude_script = R"sh(umask 077
while IFS= read -r folder && IFS= read -r end; do
  if [ ! -e "$folder/end" ]; then
    set -C
    { printf '%s\n' "$end" >"$folder/end"; } 2>/dev/null
    set +C
  elif [ ! -s "$folder/end" ]; then
    printf '%s\n' "$end" >"$folder/end"
  fi
  printf '%s\0' "$folder/secrets"
done | xargs -0 -r rm -f
exit 0
)sh";

// clang-format on

std::optional<Time> seconds_in(std::string_view text) {
  long long seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end == text.data()) return std::nullopt;
  return Time(std::chrono::seconds(seconds));
}

std::string first_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  std::string line(text.substr(0, end));
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

// "<array> <index>".
std::optional<Element> element_from(const std::string& text) {
  const std::size_t space = text.find(' ');
  if (space == std::string::npos) return std::nullopt;
  const std::vector<long> index = expand_numbers(std::string_view(text).substr(space + 1));
  if (index.size() != 1) return std::nullopt;
  return Element{text.substr(0, space), index.front()};
}

// What the list says so far, by folder.
struct Listing {
  std::map<std::string, Entry> entries;
  std::map<std::string, std::string> arrays;  // their numbers
  std::map<std::string, Time> numbered;       // when those were written down
};

// One "instances/<owner>/<token>/<name>:<text>" of the list, or "arrays/<owner>/<array>/job:<number>"; with
// an
// '@' behind the name, the time at which the file was written.
Status take_line(const std::string& line, Listing& listing) {
  const std::size_t colon = line.find(':');
  const std::size_t slash = line.rfind('/', colon);
  if (colon == std::string::npos || slash == std::string::npos) return {};
  const std::string folder = line.substr(0, slash);
  const std::string name = line.substr(slash + 1, colon - slash - 1);
  const std::string text = line.substr(colon + 1);
  if (line.starts_with("arrays/")) {
    const std::optional<Time> written = name == "job@" ? seconds_in(text) : std::nullopt;
    if (written) listing.numbered[folder] = *written;
    if (name == "job") listing.arrays[folder] = text;
    return {};
  }
  Entry& entry = listing.entries[folder];
  if (name == "record") {
    TW_ASSIGN_OR_RETURN(entry.record, record_from_line(text));
  } else if (name == "job") {
    entry.job = text;
  } else if (name == "end" && !entry.end) {
    entry.end = end_from_line(text);
  } else if (name == "terminate") {
    entry.terminate = true;
  } else if (name == "element") {
    entry.element = element_from(text);
  } else if (name == "beat@") {
    entry.beat = seconds_in(text);
  } else if (name == "job@") {
    entry.numbered = seconds_in(text);
  }
  return {};
}

Result<Entries> entries_from(std::string_view text) {
  Entries listed;
  Listing listing;
  while (!text.empty()) {
    const std::string line = first_line(text);
    if (line.starts_with("now:")) {
      listed.now = seconds_in(std::string_view(line).substr(4)).value_or(Time());
    } else {
      TW_RETURN_IF_ERROR(take_line(line, listing));
    }
  }
  for (auto& [path, entry] : listing.entries) {
    if (entry.record.token.empty()) continue;
    if (entry.job.empty() && entry.element) {
      const std::string folder = "arrays/" + entry.record.owner.text() + "/" + entry.element->array;
      const auto array = listing.arrays.find(folder);
      const auto numbered = listing.numbered.find(folder);
      if (array != listing.arrays.end()) entry.job = element_id(array->second, entry.element->index);
      if (numbered != listing.numbered.end()) entry.numbered = numbered->second;
    }
    listed.entries.push_back(std::move(entry));
  }
  return listed;
}

}  // namespace

std::string secret_lines(const std::map<std::string, std::string>& secrets) {
  std::string lines;
  for (const auto& [name, value] : secrets) lines += "export " + name + "=" + io::shell_quoted(value) + "\n";
  return lines;
}

std::string to_line(const Record& record) {
  return to_text(json::value(json::object{{"token", record.token},
                                          {"owner", record.owner.text()},
                                          {"job", record.job.text()},
                                          {"offer", record.offer},
                                          {"location", to_text(record.location)},
                                          {"launched_at", format_utc(record.launched_at)}}));
}

Result<Record> record_from_line(const std::string& line) {
  TW_ASSIGN_OR_RETURN(const json::value value, parse_json(line, 64 << 10));
  JsonReader reader(value, "record");
  Record record;
  record.token = reader.text("token");
  record.owner = OwnerId(reader.text("owner"));
  record.job = JobId(reader.text("job"));
  record.offer = reader.text("offer");
  record.launched_at = reader.time("launched_at");
  const std::string location = reader.text("location");
  TW_RETURN_IF_ERROR(reader.status());
  TW_ASSIGN_OR_RETURN(record.location, parse_location(location));
  return record;
}

std::string to_line(const End& end) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(end.at).time_since_epoch().count();
  return std::to_string(seconds) + " " + end.kind + " " + end.reason;
}

std::optional<End> end_from_line(const std::string& line) {
  const std::size_t first = line.find(' ');
  const std::optional<Time> at = seconds_in(line);
  if (!at || first == std::string::npos) return std::nullopt;
  const std::size_t second = std::min(line.find(' ', first + 1), line.size());
  return End{*at, line.substr(first + 1, second - first - 1), line.substr(std::min(second + 1, line.size()))};
}

std::string SharedStore::folder_of(const OwnerId& owner, const std::string& token) const {
  return root_ + "/instances/" + owner.text() + "/" + token;
}

Result<std::string> SharedStore::run(const std::string& script, std::vector<std::string> arguments,
                                     const std::string& input, const std::string& what) {
  std::vector<std::string> argv = {"sh", "-c", script, "tradewind"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  TW_ASSIGN_OR_RETURN(io::CommandOutput output,
                      host_.run({std::move(argv), input, patience_, std::size_t{256} << 20}));
  if (output.status.success()) return std::move(output.out);
  return Error{Code::unavailable,
               what + " in " + root_ + " on " + host_.name() + " failed: " + std::string(trim(output.err)),
               "the folder `store` of slurm.yaml must be yours, with room, and seen by all nodes"};
}

Result<std::string> SharedStore::put_program(const std::string& bytes, const std::string& digest) {
  const std::string what = "keeping the agent's program";
  TW_ASSIGN_OR_RETURN(const std::string there, run(put_script, {root_, digest, "ask"}, {}, what));
  if (there.empty()) {
    TW_ASSIGN_OR_RETURN(const std::string put, run(put_script, {root_, digest, "put"}, bytes, what));
  }
  return root_ + "/bin/tradewind-agent-" + digest;
}

Result<Prepared> SharedStore::prepare(const Record& record, const std::string& secrets) {
  const std::string ended = root_ + "/ended/" + record.owner.text() + "/" + record.token;
  TW_ASSIGN_OR_RETURN(const std::string out,
                      run(prepare_script, {folder_of(record.owner, record.token), ended},
                          to_line(record) + "\n" + secrets, "making an instance's folder"));
  std::string_view rest = out;
  Prepared prepared;
  const std::string how = first_line(rest);
  prepared.claim = how == "fresh" ? Claim::fresh : how == "ended" ? Claim::ended : Claim::known;
  TW_ASSIGN_OR_RETURN(prepared.entry.record, record_from_line(first_line(rest)));
  prepared.entry.job = first_line(rest);
  prepared.entry.element = element_from(first_line(rest));
  return prepared;
}

Result<std::string> SharedStore::claim(const Record& record, const std::string& job) {
  TW_ASSIGN_OR_RETURN(const std::string out, run(claim_script, {folder_of(record.owner, record.token), job},
                                                 {}, "writing down a job's number"));
  return std::string(trim(out));
}

Status SharedStore::withdraw(const Record& record) {
  const Result<std::string> done =
      run("rm -f \"$1/secrets\"", {folder_of(record.owner, record.token)}, {}, "taking secrets back");
  return done ? Status() : done.error();
}

Result<Entries> SharedStore::list(const OwnerId& owner) {
  TW_ASSIGN_OR_RETURN(const std::string out, run(std::string(reading) + list_script, {root_, owner.text()},
                                                 {}, "listing the instances"));
  return entries_from(out);
}

Result<Entries> SharedStore::find(const std::vector<std::string>& tokens) {
  TW_ASSIGN_OR_RETURN(const std::string out, run(std::string(reading) + find_script, {root_},
                                                 join(tokens, "\n") + "\n", "finding instances"));
  return entries_from(out);
}

Status SharedStore::ask_to_terminate(const std::vector<Record>& records) {
  std::string input;
  for (const Record& record : records) input += folder_of(record.owner, record.token) + "\n";
  const Result<std::string> done = run(terminate_script, {}, input, "asking for an instance's end");
  return done ? Status() : done.error();
}

Status SharedStore::conclude(const std::vector<std::pair<Record, End>>& ended) {
  if (ended.empty()) return {};
  std::string input;
  for (const auto& [record, end] : ended)
    input += folder_of(record.owner, record.token) + "\n" + to_line(end) + "\n";
  const Result<std::string> done = run(conclude_script, {}, input, "writing down an end");
  return done ? Status() : done.error();
}

}  // namespace tradewind::slurm
