// Credentials that a program fetches: the exec plugins of a kubeconfig (client.authentication.k8s.io, v1 and
// v1beta1), such as those of EKS, GKE and AKS.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace tradewind::kubernetes {

struct ExecPlugin {
  std::string api_version;
  std::string command;  // with a '/': relative to the kubeconfig's folder; else looked up in PATH
  std::vector<std::string> arguments = {};
  std::map<std::string, std::string> environment = {};  // beside our own
  std::string install_hint = {};
};

struct ExecCredential {
  std::string token = {};
  std::string certificate_pem = {};
  std::string key_pem = {};
  std::optional<Time> expires = std::nullopt;  // nothing: it holds until it is refused
};

// unauthorized: the program is missing, failed, or answered no credential; the sentence holds its own words.
Result<ExecCredential> run_plugin(const ExecPlugin& plugin,
                                  const std::map<std::string, std::string>& environment);

}  // namespace tradewind::kubernetes
