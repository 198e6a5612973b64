// What the user told AWS's tools, and so us: the environment and the two files of profiles.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "edge/cloud/variables.h"

namespace tradewind::cloud {

using AwsProfile = std::map<std::string, std::string>;  // keys in lower case

struct AwsFiles {
  std::map<std::string, AwsProfile> profiles;      // by name; the credentials file's values win
  std::map<std::string, AwsProfile> sso_sessions;  // by name
};

// Both files are INI: "[default]" and "[name]" in the credentials file, "[default]", "[profile name]" and
// "[sso-session name]" in the config file. Lines that are neither are passed over, as AWS's own tools do.
AwsFiles parse_aws_files(std::string_view credentials, std::string_view config);

struct AwsSettings {
  Variables environment;
  std::string credentials_path;  // where the files are looked for; "" without HOME
  std::string config_path;
  AwsFiles files;
  std::string profile;          // the one in use: named by the URL, by AWS_PROFILE, or "default"
  bool profile_chosen = false;  // by the URL: then nothing but the profile is asked

  // "" when it is not set.
  std::string variable(const std::string& name) const;
  // A value of the profile in use; "" when there is none.
  std::string value(const std::string& key) const;
};

// Reads the files that AWS_SHARED_CREDENTIALS_FILE and AWS_CONFIG_FILE name, or those in ~/.aws; one that is
// missing is empty. `profile`: from the URL, or "". not_found: the profile was named and is in neither file;
// unauthorized: a file cannot be read.
Result<AwsSettings> read_aws_settings(Variables environment, const std::string& profile);

}  // namespace tradewind::cloud
