#include "core/model/job_data.h"

#include <algorithm>
#include <vector>

#include "base/text.h"

namespace tradewind {
namespace {

constexpr std::size_t input_name_length_max = 63;

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

Error bad_target(std::string_view target, const std::string& problem) {
  std::string shown;
  for (const char c : target.substr(0, 120)) shown += is_control(c) ? '?' : c;
  return {Code::invalid_argument, "the target '" + shown + "' " + problem,
          "name a place on the node: data, or /data"};
}

Error within_each_other(const std::string& one, const std::string& other) {
  return {Code::invalid_argument, "the targets '" + one + "' and '" + other + "' lie within each other",
          "give each a folder of its own"};
}

}  // namespace

std::string_view to_text(MountMode mode) {
  return mode == MountMode::copy ? "copy" : "mount";
}

bool is_url(std::string_view source) {
  return source.find("://") != std::string_view::npos;
}

Result<std::string> normal_target(std::string_view target) {
  if (std::any_of(target.begin(), target.end(), is_control)) {
    return bad_target(target, "has a control character");
  }
  const bool absolute = target.starts_with('/');
  std::string normal;
  for (const std::string& part : split(target, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == "..") return bad_target(target, "has a part '..'");
    if (!normal.empty() || absolute) normal += '/';
    normal += part;
  }
  if (normal.empty() || normal == "~") return bad_target(target, "names no file or folder of its own");
  if (normal.front() == '~' && normal[1] != '/') {
    return bad_target(target, "begins with '~', which stands for the own home only");
  }
  return normal;
}

Status check_targets_apart(const FileMounts& mounts) {
  std::vector<std::pair<std::string, std::string>> seen;  // in normal form, and as it was written
  for (const auto& [target, mount] : mounts) {
    TW_ASSIGN_OR_RETURN(const std::string normal, normal_target(target));
    for (const auto& [other, written] : seen) {
      const std::string& inner = normal.size() > other.size() ? normal : other;
      const std::string& outer = normal.size() > other.size() ? other : normal;
      if (inner == outer || inner.starts_with(outer + "/")) {
        return within_each_other(written, target);
      }
    }
    seen.emplace_back(normal, target);
  }
  return {};
}

bool is_input_name(std::string_view name) {
  if (name.empty() || name.size() > input_name_length_max) return false;
  if (!is_letter_or_digit(name.front()) && name.front() != '_') return false;
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return is_letter_or_digit(c) || c == '-' || c == '_' || c == '.'; });
}

std::string input_name_of(std::string_view url) {
  std::string_view path = url.substr(0, url.find('?'));
  while (path.ends_with('/')) path.remove_suffix(1);
  const std::string_view name = path.substr(path.rfind('/') + 1);
  return is_input_name(name) ? std::string(name) : std::string();
}

json::value to_json(const FileMounts& mounts) {
  json::object object;
  for (const auto& [target, mount] : mounts) {
    if (mount.mode == MountMode::copy) {
      object[target] = mount.source;
    } else {
      object[target] = json::object{{"source", mount.source}, {"mode", to_text(mount.mode)}};
    }
  }
  return object;
}

Result<FileMounts> file_mounts_from_json(const json::value& value, const std::string& path) {
  FileMounts mounts;
  if (!value.is_object()) return Error{Code::invalid_argument, path + " is no object"};
  for (const auto& member : value.get_object()) {
    FileMount& mount = mounts[std::string(member.key())];
    if (member.value().is_string()) {
      mount.source = member.value().get_string();
      continue;
    }
    JsonReader reader(member.value(), path + "." + std::string(member.key()));
    mount.source = reader.text("source");
    const std::string mode = reader.text("mode");
    if (mode != "copy" && mode != "mount") reader.fail("mode", "is neither copy nor mount");
    TW_RETURN_IF_ERROR(reader.status());
    mount.mode = mode == "mount" ? MountMode::mount : MountMode::copy;
  }
  return mounts;
}

json::value to_json(const JobInputs& inputs) {
  json::object object;
  for (const auto& [name, input] : inputs) {
    object[name] = json::object{{"source", input.source}, {"size_gb", input.size_gb}};
  }
  return object;
}

Result<JobInputs> job_inputs_from_json(const json::value& value, const std::string& path) {
  JobInputs inputs;
  if (!value.is_object()) return Error{Code::invalid_argument, path + " is no object"};
  for (const auto& member : value.get_object()) {
    JsonReader reader(member.value(), path + "." + std::string(member.key()));
    JobInput& input = inputs[std::string(member.key())];
    input.source = reader.text("source");
    input.size_gb = reader.number_or("size_gb", 0);
    TW_RETURN_IF_ERROR(reader.status());
  }
  return inputs;
}

}  // namespace tradewind
