// Many launches at once, as the elements of a job array: what the shared store holds of them.
#include "base/text.h"
#include "edge/drivers/slurm/array_text.h"
#include "edge/drivers/slurm/shared_store.h"

namespace tradewind::slurm {
namespace {

// clang-format off
// Reads "t TOKEN" and behind it the lines of its files, each with a letter before it. The folders are made
// elsewhere, whole, and moved to their place: where one of that token is there already, mv leaves it alone.
constexpr const char* prepare_script = R"sh(umask 077
LC_ALL=C
export LC_ALL
root=$1 owner=$2 array=$1/arrays/$2/$3
mkdir -p "$root/instances/$owner" "$root/arrays/$owner" && cd "$root" || exit 3
mkdir "$array" 2>/dev/null || exit 0
stage=$array/stage
trap 'rm -rf "$stage"' EXIT
mkdir "$stage" && cat >"$stage/input" && sed -n 's/^t //p' "$stage/input" >"$array/tokens" || exit 3
mkdir "$stage/new" && (cd "$stage/new" && xargs -r mkdir) <"$array/tokens" || exit 3
awk -v folder="$stage/new/" '
  BEGIN { file["r"] = "record"; file["e"] = "element"; file["a"] = "agent"; file["s"] = "secrets" }
  { kind = substr($0, 1, 1) }
  kind == "t" { path = folder substr($0, 3) "/"; next }
  { name = path file[kind]; if (name != last) { if (last) close(last); last = name }; print substr($0, 3) >name }
' "$stage/input" || exit 3
while IFS= read -r token; do
  [ -e "ended/$owner/$token" ] || printf '%s\n' "$token"
done <"$array/tokens" | (cd "$stage/new" && xargs -r mv -t "$root/instances/$owner") 2>/dev/null
index=0
while IFS= read -r token; do
  [ -e "$stage/new/$token" ] || echo $index
  index=$((index + 1))
done <"$array/tokens"
exit 0
)sh";

constexpr const char* claim_script = R"sh(umask 077
part=$(mktemp "$1/new.XXXXXX") || exit 3
printf '%s\n' "$2" >"$part" && mv "$part" "$1/job"
)sh";

// Those that a job has begun with are left alone.
constexpr const char* withdraw_script = R"sh(while IFS= read -r folder; do
  [ -e "$folder/job" ] || printf '%s\0' "$folder"
done | xargs -0 -r rm -rf
[ -z "$1" ] || rm -rf "$1"
)sh";
// clang-format on

// Each line with the letter of its file before it.
void add_lines(std::string& input, char file, std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  for (const std::string& line : split(text, '\n')) {
    input += file;
    input += " " + line + "\n";
  }
}

}  // namespace

std::string SharedStore::folder_of_array(const OwnerId& owner, const std::string& array) const {
  return root_ + "/arrays/" + owner.text() + "/" + array;
}

Result<std::vector<long>> SharedStore::prepare_array(const std::string& array,
                                                     const std::vector<ArrayLaunch>& launches) {
  if (launches.empty()) return std::vector<long>();
  std::string input;
  for (std::size_t i = 0; i < launches.size(); ++i) {
    const ArrayLaunch& launch = launches[i];
    input += "t " + launch.record.token + "\n";
    add_lines(input, 'r', to_line(launch.record));
    add_lines(input, 'e', array + " " + std::to_string(i));
    add_lines(input, 'a', launch.agent);
    add_lines(input, 's', launch.secrets);
  }
  TW_ASSIGN_OR_RETURN(const std::string out,
                      run(prepare_script, {root_, launches.front().record.owner.text(), array}, input,
                          "making the folders of many instances"));
  return expand_numbers(join(split(trim(out), '\n'), ","));
}

Status SharedStore::claim_array(const OwnerId& owner, const std::string& array, const std::string& job) {
  const Result<std::string> done =
      run(claim_script, {folder_of_array(owner, array), job}, {}, "writing down an array's number");
  return done ? Status() : done.error();
}

Status SharedStore::withdraw_array(const std::string& array, const std::vector<Record>& records, bool all) {
  if (records.empty()) return {};
  std::string input;
  for (const Record& record : records) input += folder_of(record.owner, record.token) + "\n";
  const std::string folder = all ? folder_of_array(records.front().owner, array) : "";
  const Result<std::string> done = run(withdraw_script, {folder}, input, "taking launches back");
  return done ? Status() : done.error();
}

}  // namespace tradewind::slurm
