#include "edge/cloud/aws/aws_settings.h"

#include <vector>

#include "base/text.h"
#include "edge/io/files.h"

namespace tradewind::cloud {
namespace {

// Values end where a comment begins: at '#' or ';' after a space.
std::string value_of(std::string_view text) {
  for (const std::string_view mark : {" #", " ;", "\t#", "\t;"}) text = text.substr(0, text.find(mark));
  return std::string(trim(text));
}

// Calls take(section, key, value) for each line that says something.
template <class Take>
void read_ini(std::string_view text, Take&& take) {
  std::string section;
  for (const std::string& line : split(text, '\n')) {
    const std::string_view said = trim(line);
    if (said.empty() || said.front() == '#' || said.front() == ';') continue;
    if (said.front() == '[') {
      section = std::string(trim(said.substr(1, said.find(']') - 1)));
      continue;
    }
    const bool nested =
        line.front() == ' ' || line.front() == '\t';  // "s3 =" has settings of its own below it
    const std::size_t equals = said.find('=');
    if (nested || equals == std::string_view::npos) continue;
    take(section, lower(trim(said.substr(0, equals))), value_of(said.substr(equals + 1)));
  }
}

std::string name_after(std::string_view section, std::string_view word) {
  if (!section.starts_with(word)) return "";
  return std::string(trim(section.substr(word.size())));
}

Result<std::string> read_optional(const std::string& path) {
  if (path.empty()) return std::string();
  Result<std::string> text = io::read_file(path, std::size_t{1} << 20);
  if (!text.ok() && text.error().code == Code::not_found) return std::string();
  return text;
}

}  // namespace

AwsFiles parse_aws_files(std::string_view credentials, std::string_view config) {
  AwsFiles files;
  read_ini(config, [&](const std::string& section, const std::string& key, const std::string& value) {
    const std::string session = name_after(section, "sso-session ");
    if (!session.empty()) files.sso_sessions[session].insert_or_assign(key, value);
    const std::string profile = section == "default" ? section : name_after(section, "profile ");
    if (!profile.empty()) files.profiles[profile].insert_or_assign(key, value);
  });
  read_ini(credentials, [&](const std::string& section, const std::string& key, const std::string& value) {
    if (!section.empty()) files.profiles[section].insert_or_assign(key, value);
  });
  return files;
}

std::string AwsSettings::variable(const std::string& name) const {
  return cloud::variable(environment, name);
}

std::string AwsSettings::value(const std::string& key) const {
  const auto found = files.profiles.find(profile);
  if (found == files.profiles.end()) return "";
  const auto value = found->second.find(key);
  return value == found->second.end() ? "" : value->second;
}

Result<AwsSettings> read_aws_settings(Variables environment, const std::string& profile) {
  AwsSettings settings;
  settings.environment = std::move(environment);
  const std::string home = settings.variable("HOME");
  settings.credentials_path = settings.variable("AWS_SHARED_CREDENTIALS_FILE");
  settings.config_path = settings.variable("AWS_CONFIG_FILE");
  if (settings.credentials_path.empty() && !home.empty()) {
    settings.credentials_path = home + "/.aws/credentials";
  }
  if (settings.config_path.empty() && !home.empty()) settings.config_path = home + "/.aws/config";
  TW_ASSIGN_OR_RETURN(const std::string credentials, read_optional(settings.credentials_path));
  TW_ASSIGN_OR_RETURN(const std::string config, read_optional(settings.config_path));
  settings.files = parse_aws_files(credentials, config);
  settings.profile_chosen = !profile.empty();
  settings.profile = settings.profile_chosen ? profile : settings.variable("AWS_PROFILE");
  const bool named = !settings.profile.empty();
  if (!named) settings.profile = "default";
  if (named && !settings.files.profiles.contains(settings.profile)) {
    std::vector<std::string_view> names;
    for (const auto& [name, values] : settings.files.profiles) names.push_back(name);
    const std::string near = nearest_word(settings.profile, names);
    return Error{Code::not_found,
                 "the profile '" + settings.profile + "' is in neither " + settings.credentials_path +
                     " nor " + settings.config_path,
                 near.empty() ? "make it with: aws configure --profile " + settings.profile
                              : "did you mean " + near + "?"};
  }
  return settings;
}

}  // namespace tradewind::cloud
