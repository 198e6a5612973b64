#include "core/model/manifest.h"

#include <algorithm>
#include <functional>
#include <tuple>

#include "base/text.h"
#include "core/model/enum_text.h"
#include "core/model/stored_names.h"

namespace tradewind {
namespace {

// A reader of the first alone must not take a packed file for one whose chunk is missing.
constexpr int version_without_packs = 1;
constexpr int version_with_packs = 2;

constexpr std::array<std::string_view, 3> kind_names = {"file", "directory", "symlink"};

json::value file_to_json(const ManifestFile& file) {
  json::object object{
      {"path", file.path}, {"kind", to_text(file.kind)}, {"mode", file.mode}, {"mtime_ns", file.mtime_ns}};
  if (file.kind == FileKind::symlink) object["target"] = file.target;
  if (file.kind != FileKind::file) return object;
  object["size"] = file.size;
  json::array chunks;
  for (const ChunkRef& chunk : file.chunks) chunks.emplace_back(json::array{chunk.digest, chunk.size});
  object["chunks"] = std::move(chunks);
  if (file.packed) {
    object["packed_in"] = json::array{file.packed->pack.digest, file.packed->pack.size, file.packed->offset};
  }
  return object;
}

// Reads [["digest", size], …]; the sizes must add up to `size`.
std::vector<ChunkRef> read_chunks(JsonReader& reader, std::uint64_t size) {
  std::vector<ChunkRef> chunks;
  std::uint64_t sum = 0;
  for (const json::value& element : reader.array("chunks")) {
    const json::array* pair = element.if_array();
    if (pair == nullptr || pair->size() != 2 || !(*pair)[0].is_string() || !(*pair)[1].is_int64()) {
      reader.fail("chunks", "has an element that is not [digest, size]");
      return {};
    }
    ChunkRef chunk{std::string((*pair)[0].get_string()), static_cast<std::uint64_t>((*pair)[1].get_int64())};
    if (!is_digest(chunk.digest) || (*pair)[1].get_int64() <= 0 || chunk.size > size - sum) {
      reader.fail("chunks", "has a chunk with a bad digest or size");
      return {};
    }
    sum += chunk.size;
    chunks.push_back(std::move(chunk));
  }
  if (sum != size) reader.fail("size", "is not the sum of its chunks");
  return chunks;
}

// ["digest", size, offset] of the pack that holds the file's one chunk.
std::optional<PackSpot> read_packed(JsonReader& reader, const ManifestFile& file) {
  if (!reader.has("packed_in")) return std::nullopt;
  const json::array spot = reader.array("packed_in");
  if (spot.size() != 3 || !spot[0].is_string() || !spot[1].is_int64() || !spot[2].is_int64()) {
    reader.fail("packed_in", "is not [digest, size, offset]");
    return std::nullopt;
  }
  const PackSpot packed{{std::string(spot[0].get_string()), static_cast<std::uint64_t>(spot[1].get_int64())},
                        static_cast<std::uint64_t>(spot[2].get_int64())};
  const bool is_whole = file.chunks.size() == 1 && spot[1].get_int64() > 0 && spot[2].get_int64() >= 0 &&
                        packed.pack.size >= file.size && packed.offset <= packed.pack.size - file.size;
  if (!is_whole || !is_digest(packed.pack.digest)) {
    reader.fail("packed_in", "names no place that holds the file's one chunk");
    return std::nullopt;
  }
  return packed;
}

Result<ManifestFile> file_from_json(const json::value& value, const std::string& path) {
  JsonReader reader(value, path);
  ManifestFile file;
  file.path = reader.text("path");
  const auto kind = enum_value<FileKind>(kind_names, reader.text("kind"));
  if (!kind) reader.fail("kind", "is not file, directory or symlink");
  file.kind = kind.value_or(FileKind::file);
  const std::int64_t mode = reader.integer("mode");
  if (mode < 0 || mode > 07777) reader.fail("mode", "is not within 07777");
  file.mode = static_cast<std::uint32_t>(mode & 07777);
  file.mtime_ns = reader.integer_or("mtime_ns", 0);
  if (file.kind == FileKind::symlink) file.target = reader.text("target");
  if (file.kind == FileKind::file) {
    const std::int64_t size = reader.integer("size");
    if (size < 0) reader.fail("size", "is negative");
    file.size = static_cast<std::uint64_t>(std::max<std::int64_t>(size, 0));
    file.chunks = read_chunks(reader, file.size);
    file.packed = read_packed(reader, file);
  }
  if (!stays_below(file.path)) reader.fail("path", "leaves the checkpoint folder");
  TW_RETURN_IF_ERROR(reader.status());
  return file;
}

std::map<std::string, double> read_metrics(const json::value& value, JsonReader& reader) {
  std::map<std::string, double> metrics;
  JsonReader inner(value, reader.path_of("metrics"));
  if (const json::object* object = value.if_object()) {
    for (const auto& [name, each] : *object) metrics[name] = inner.number(name);
  }
  reader.merge(inner.status());
  return metrics;
}

// All but the files.
json::object head_to_json(const Manifest& manifest) {
  const bool has_packs =
      std::ranges::any_of(manifest.files, [](const ManifestFile& file) { return file.packed.has_value(); });
  json::object object{{"version", has_packs ? version_with_packs : version_without_packs},
                      {"job", manifest.job.text()},
                      {"epoch", manifest.epoch},
                      {"lease", manifest.lease.text()},
                      {"step", manifest.step}};
  if (!manifest.metrics.empty()) object["metrics"] = to_json(manifest.metrics);
  object.insert({{"parent", manifest.parent ? json::value(manifest.parent->text()) : json::value(nullptr)},
                 {"created_at", to_json(manifest.created_at)},
                 {"root_digest", manifest.root_digest}});
  return object;
}

// A manifest ends with its files.
constexpr std::string_view files_begin = "\"files\":[";
constexpr std::string_view files_end = "]}";

// Goes over a manifest that is written as ours are: all but the files, then a file at a time. False: it is
// written otherwise, or is wrong, or one of the two did not want to go on. No text in quotes holds
// `files_begin`: the quotes in it have backslashes before them.
bool visit_piecewise(std::string_view text, const std::function<bool(Manifest head)>& on_head,
                     const std::function<bool(ManifestFile file)>& on_file) {
  const std::size_t at = text.find(files_begin);
  if (at == std::string_view::npos || !text.ends_with(files_end)) return false;
  const std::size_t begin = at + files_begin.size();
  const Result<json::value> head = parse_json(std::string(text.substr(0, begin)).append(files_end));
  if (!head.ok()) return false;
  Result<Manifest> manifest = manifest_from_json(*head, "manifest");
  if (!manifest.ok() || !on_head(*std::move(manifest))) return false;
  text.remove_prefix(begin);
  for (bool is_first = true; text != files_end; is_first = false) {
    if (!is_first && !text.starts_with(',')) return false;
    if (!is_first) text.remove_prefix(1);
    const Result<json::value> value = take_json(text);
    if (!value.ok()) return false;
    Result<ManifestFile> file = file_from_json(*value, "file");
    if (!file.ok() || !on_file(*std::move(file))) return false;
  }
  return true;
}

std::optional<Manifest> read_piecewise(std::string_view text) {
  Manifest manifest;
  const auto begin = [&](Manifest head) {
    manifest = std::move(head);
    return true;
  };
  const auto append = [&](ManifestFile file) {
    const bool sorted = manifest.files.empty() || manifest.files.back().path < file.path;
    manifest.files.push_back(std::move(file));
    return sorted;
  };
  if (!visit_piecewise(text, begin, append)) return std::nullopt;
  return manifest;
}

bool same_head(const Manifest& a, const Manifest& b) {
  return std::tie(a.job, a.epoch, a.lease, a.step, a.metrics, a.parent, a.created_at, a.root_digest) ==
         std::tie(b.job, b.epoch, b.lease, b.step, b.metrics, b.parent, b.created_at, b.root_digest);
}

}  // namespace

std::string_view to_text(FileKind kind) {
  return enum_name(kind_names, kind);
}

std::uint64_t total_bytes(const Manifest& manifest) {
  std::uint64_t sum = 0;
  for (const ManifestFile& file : manifest.files) sum += file.size;
  return sum;
}

std::vector<ChunkRef> stored_chunks(const ManifestFile& file) {
  return file.packed ? std::vector<ChunkRef>{file.packed->pack} : file.chunks;
}

json::value to_json(const Manifest& manifest) {
  json::array files;
  for (const ManifestFile& file : manifest.files) files.emplace_back(file_to_json(file));
  json::object object = head_to_json(manifest);
  object["files"] = std::move(files);
  return object;
}

std::string to_text(const Manifest& manifest) {
  json::object head = head_to_json(manifest);
  head["files"] = json::array{};
  std::string text = to_text(json::value(std::move(head)));
  text.resize(text.size() - files_end.size());
  std::string_view between = "";
  for (const ManifestFile& file : manifest.files) {
    text += between;
    text += to_text(file_to_json(file));
    between = ",";
  }
  return text += files_end;
}

bool reads_back(std::string_view text, const Manifest& manifest) {
  std::size_t next = 0;
  const auto begins_same = [&](const Manifest& head) { return same_head(head, manifest); };
  const auto is_next = [&](const ManifestFile& file) {
    if (next == manifest.files.size() || file != manifest.files[next]) return false;
    ++next;
    return next == 1 || manifest.files[next - 2].path < file.path;
  };
  return visit_piecewise(text, begins_same, is_next) && next == manifest.files.size();
}

Result<Manifest> manifest_from_text(std::string_view text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) {
    std::optional<Manifest> manifest = read_piecewise(text);
    if (manifest) return *std::move(manifest);
  }
  // Written otherwise, or wrong: then this tells how.
  TW_ASSIGN_OR_RETURN(const json::value value, parse_json(text, max_bytes));
  return manifest_from_json(value, "manifest");
}

Result<Manifest> manifest_from_json(const json::value& value, const std::string& path) {
  JsonReader reader(value, path);
  const std::int64_t version = reader.integer("version");
  if (version != version_without_packs && version != version_with_packs)
    reader.fail("version", "is not one that this program reads");
  Manifest manifest;
  manifest.job = JobId(reader.text("job"));
  manifest.epoch = static_cast<std::uint64_t>(std::max<std::int64_t>(reader.integer("epoch"), 0));
  manifest.lease = LeaseId(reader.text("lease"));
  manifest.step = reader.number("step");
  if (const json::value* metrics = reader.optional("metrics")) {
    manifest.metrics = read_metrics(*metrics, reader);
  }
  if (reader.has("parent")) manifest.parent = ManifestId(reader.text("parent"));
  manifest.created_at = reader.time("created_at");
  manifest.root_digest = reader.text("root_digest");
  if (!is_digest(manifest.root_digest)) reader.fail("root_digest", "is not 64 hex digits");
  std::size_t index = 0;
  for (const json::value& element : reader.array("files")) {
    TW_RETURN_IF_ERROR(reader.status());
    TW_ASSIGN_OR_RETURN(ManifestFile file,
                        file_from_json(element, reader.path_of("files[" + std::to_string(index++) + "]")));
    if (!manifest.files.empty() && manifest.files.back().path >= file.path) {
      reader.fail("files", "are not sorted by path, each once");
    }
    manifest.files.push_back(std::move(file));
  }
  TW_RETURN_IF_ERROR(reader.status());
  return manifest;
}

}  // namespace tradewind
