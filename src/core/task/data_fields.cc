// The fields that say which data a job reads and where its results go: file_mounts, inputs, outputs.
#include <algorithm>
#include <array>

#include "base/text.h"
#include "core/task/field_readers.h"
#include "core/task/paths.h"

namespace tradewind::task {
namespace {

constexpr double size_gb_max = 1e9;

// The members of a mapping that stands for one mount or input; unknown names are errors.
const YamlNode* member_named(const YamlNode& map, std::string_view name) {
  for (const YamlMember& member : map.members) {
    if (member.key->text == name && member.value->kind != YamlKind::null) return member.value.get();
  }
  return nullptr;
}

bool has_only(FieldContext& context, const YamlNode& map, const std::string& path,
              std::span<const std::string_view> names) {
  bool good = true;
  for (const YamlMember& member : map.members) {
    if (std::find(names.begin(), names.end(), member.key->text) != names.end()) continue;
    const std::string near = nearest_word(member.key->text, names);
    context.reading.error(*member.key, path + " has no field '" + member.key->text + "'",
                          near.empty() ? "" : "did you mean '" + near + "'?");
    good = false;
  }
  return good;
}

// The URL of a store, whose kind and form are checked where stores are known.
std::optional<std::string> read_url(FieldContext& context, const YamlNode& node, const std::string& path) {
  std::optional<std::string> text = read_text(context.reading, node, path);
  if (!text || (is_url(*text) && !has_control_character(*text))) return text;
  context.reading.expected(node, path, "the URL of a store, such as s3://bucket/prefix or file:///srv/data");
  return std::nullopt;
}

// A URL, or a path on this machine, made absolute.
std::optional<std::string> read_source(FieldContext& context, const YamlNode& node, const std::string& path) {
  std::optional<std::string> text = read_text(context.reading, node, path);
  if (!text) return std::nullopt;
  if (text->empty() || has_control_character(*text)) {
    context.reading.expected(node, path, "the URL of a store, or a path on this machine");
    return std::nullopt;
  }
  if (is_url(*text)) return text;
  return read_local_path(context, node, path);
}

std::optional<MountMode> read_mode(FieldContext& context, const YamlNode& node, const std::string& path) {
  constexpr std::array<std::string_view, 3> modes = {"COPY", "MOUNT", "MOUNT_CACHED"};
  const auto word = read_word(context.reading, node, path, modes);
  if (!word) return std::nullopt;
  if (*word == "MOUNT_CACHED") {
    context.reading.error(node, path + " is MOUNT_CACHED, which writes back to the bucket",
                          "MOUNT reads from it; what the job writes goes back by outputs");
    return std::nullopt;
  }
  return *word == "COPY" ? MountMode::copy : MountMode::mount;
}

// {name: b, store: s3} is s3://b.
std::optional<std::string> url_of_bucket(FieldContext& context, const YamlNode& map,
                                         const std::string& path) {
  constexpr std::array<std::string_view, 3> kinds = {"s3", "gcs", "azure"};
  const YamlNode* name = member_named(map, "name");
  const YamlNode* store = member_named(map, "store");
  if (name == nullptr || store == nullptr) {
    context.reading.error(map, path + ".source is missing",
                          "say where the data lies: source: s3://bucket/prefix");
    return std::nullopt;
  }
  const auto bucket = read_text(context.reading, *name, path + ".name");
  const auto kind = read_word(context.reading, *store, path + ".store", kinds);
  if (!bucket || !kind) return std::nullopt;
  const std::string_view scheme = *kind == "s3" ? "s3" : *kind == "gcs" ? "gs" : "azblob";
  return std::string(scheme) + "://" + *bucket;
}

std::optional<FileMount> read_mount(FieldContext& context, const YamlNode& value, const std::string& path) {
  constexpr std::array<std::string_view, 5> names = {"source", "mode", "name", "store", "persistent"};
  if (value.kind != YamlKind::map) {
    const auto source = read_source(context, value, path);
    return source ? std::optional(FileMount{*source, MountMode::copy}) : std::nullopt;
  }
  if (!has_only(context, value, path, names)) return std::nullopt;
  const YamlNode* given = member_named(value, "source");
  const auto source =
      given != nullptr ? read_source(context, *given, path + ".source") : url_of_bucket(context, value, path);
  if (!source) return std::nullopt;
  const YamlNode* mode = member_named(value, "mode");
  if (mode == nullptr) return FileMount{*source, is_url(*source) ? MountMode::mount : MountMode::copy};
  const auto wanted = read_mode(context, *mode, path + ".mode");
  if (!wanted) return std::nullopt;
  if (*wanted == MountMode::mount && !is_url(*source)) {
    context.reading.error(*mode, path + ".mode is MOUNT, but '" + *source + "' is a path on this machine",
                          "a path is copied: mode: COPY");
    return std::nullopt;
  }
  return FileMount{*source, *wanted};
}

void add_input(FieldContext& context, const YamlNode& at, const std::string& name, JobInput input,
               const std::string& path) {
  if (!is_input_name(name)) {
    return context.reading.error(at,
                                 path + (name.empty() ? " has no name" : " cannot be called '" + name + "'"),
                                 "write name: URL; a name has letters, digits, '-', '_' and '.'");
  }
  if (!context.task.spec.inputs.emplace(name, std::move(input)).second) {
    context.reading.error(at, path + " is called '" + name + "' as another is", "write name: URL for each");
  }
}

// An input whose URL stands where its name would.
void read_unnamed_input(FieldContext& context, const YamlNode& url, double size_gb, const std::string& path) {
  const auto source = read_url(context, url, path);
  if (source) add_input(context, url, input_name_of(*source), {*source, size_gb}, path);
}

std::optional<JobInput> read_input(FieldContext& context, const YamlNode& value, const std::string& path) {
  constexpr std::array<std::string_view, 2> names = {"source", "size_gb"};
  JobInput input;
  if (value.kind != YamlKind::map) {
    const auto source = read_url(context, value, path);
    if (!source) return std::nullopt;
    input.source = *source;
    return input;
  }
  if (!has_only(context, value, path, names)) return std::nullopt;
  const YamlNode* given = member_named(value, "source");
  if (given == nullptr) {
    context.reading.error(value, path + ".source is missing",
                          "say where it lies: source: s3://bucket/prefix");
    return std::nullopt;
  }
  const auto source = read_url(context, *given, path + ".source");
  if (!source) return std::nullopt;
  input.source = *source;
  if (const YamlNode* size = member_named(value, "size_gb")) {
    const auto size_gb = read_positive(context.reading, *size, path + ".size_gb", size_gb_max);
    if (!size_gb) return std::nullopt;
    input.size_gb = *size_gb;
  }
  return input;
}

void read_output_copy(FieldContext& context, const YamlMember& member, const std::string& path) {
  const auto text = member.value->kind == YamlKind::scalar ? std::optional(member.value->text) : std::nullopt;
  if (!text || number_of(*text)) return;  // a size, which is kept
  if (const auto url = read_url(context, *member.value, path + "." + member.key->text)) {
    context.task.spec.output_copies[member.key->text] = *url;
  }
}

bool says_more_than_urls(const YamlNode& map) {
  return std::any_of(map.members.begin(), map.members.end(), [](const YamlMember& member) {
    const bool is_number = member.value->kind == YamlKind::scalar && number_of(member.value->text);
    return is_number || member.value->kind == YamlKind::map || member.value->kind == YamlKind::list;
  });
}

}  // namespace

void read_file_mounts(FieldContext& context, const YamlNode& value, const std::string& path) {
  if (!is_map(context.reading, value, path)) return;
  for (const SectionMember& member : members_of(value, path)) {
    const Result<std::string> target = normal_target(member.key->text);
    if (!target.ok()) {
      context.reading.error(*member.key, path + ": " + target.error().message, target.error().hint);
    } else if (const auto mount = read_mount(context, *member.value, member.path)) {
      context.task.spec.file_mounts[member.key->text] = *mount;
    }
  }
  const Status apart = check_targets_apart(context.task.spec.file_mounts);
  if (!apart.ok()) context.reading.error(value, path + ": " + apart.error().message, apart.error().hint);
}

void read_inputs(FieldContext& context, const YamlNode& value, const std::string& path) {
  if (value.kind == YamlKind::scalar) return read_unnamed_input(context, value, 0, path);
  if (value.kind == YamlKind::list) {
    for (const YamlPointer& item : value.items) read_unnamed_input(context, *item, 0, path);
    return;
  }
  for (const SectionMember& member : members_of(value, path)) {
    if (is_url(member.key->text)) {  // URL: GB
      const bool has_size = member.value->kind != YamlKind::null;
      const auto size = has_size ? read_positive(context.reading, *member.value, member.path, size_gb_max)
                                 : std::optional<double>(0);
      if (size) read_unnamed_input(context, *member.key, *size, path);
    } else if (auto input = read_input(context, *member.value, member.path)) {
      add_input(context, *member.key, member.key->text, *std::move(input), path);
    }
  }
}

void read_outputs(FieldContext& context, const YamlNode& value, const std::string& path) {
  const auto add = [&](const YamlNode& node, const std::string& node_path) {
    const auto output = read_node_path(context, node, node_path);
    if (output) context.task.spec.outputs.push_back(*output);
    return output.has_value();
  };
  if (value.kind == YamlKind::list) {
    for (const YamlPointer& item : value.items) add(*item, path);
  } else if (value.kind == YamlKind::map) {
    for (const YamlMember& member : value.members) {
      if (add(*member.key, path)) read_output_copy(context, member, path);
    }
    if (says_more_than_urls(value)) keep(context, path, as_written(value));  // the sizes beside the paths
  } else {
    add(value, path);
  }
}

}  // namespace tradewind::task
