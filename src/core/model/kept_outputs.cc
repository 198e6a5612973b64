#include "core/model/kept_outputs.h"

#include <algorithm>
#include <set>
#include <utility>

#include "core/model/stored_names.h"

namespace tradewind {
namespace {

constexpr std::int64_t mode_bits = 07777;

KeptFile read_file(JsonReader& reader) {
  KeptFile file;
  file.path = reader.text("path");
  const std::int64_t size = reader.integer("size");
  const std::int64_t mode = reader.integer_or("mode", 0644);
  file.sha256 = reader.text_or("sha256", "");
  file.parts = reader.texts_or_empty("parts");
  if (!reader.status().ok()) return file;
  if (!stays_below(file.path)) reader.fail("path", "leads out of its folder");
  if (size < 0) reader.fail("size", "is negative");
  if (mode < 0 || mode > mode_bits) reader.fail("mode", "is no permission");
  if (!file.sha256.empty() && !is_digest(file.sha256)) reader.fail("sha256", "is no SHA-256");
  for (const std::string& part : file.parts) {
    if (!part.starts_with("outputs/") || !stays_below(part)) reader.fail("parts", "are not below outputs/");
  }
  file.size_bytes = static_cast<std::uint64_t>(std::max<std::int64_t>(size, 0));
  file.mode = static_cast<std::uint32_t>(mode & mode_bits);
  return file;
}

}  // namespace

json::value to_json(const std::vector<KeptFile>& files) {
  json::array list;
  for (const KeptFile& file : files) {
    json::object entry{{"path", file.path}, {"size", file.size_bytes}, {"mode", file.mode}};
    if (!file.sha256.empty()) entry["sha256"] = file.sha256;
    entry["parts"] = to_json(file.parts);
    list.push_back(std::move(entry));
  }
  return json::object{{"files", std::move(list)}};
}

Result<std::vector<KeptFile>> kept_files_from_json(const json::value& value, const std::string& name) {
  JsonReader reader(value, name);
  std::vector<KeptFile> files;
  std::set<std::string> paths;
  std::size_t number = 0;
  for (const json::value& entry : reader.array("files")) {
    JsonReader nested(entry, name + ".files[" + std::to_string(number++) + "]");
    KeptFile file = read_file(nested);
    if (!paths.insert(file.path).second) nested.fail("path", "is there twice");
    reader.merge(nested.status());
    files.push_back(std::move(file));
  }
  const Status status = reader.status();
  if (!status.ok()) return Error{Code::corrupt, status.error().message};
  return files;
}

}  // namespace tradewind
