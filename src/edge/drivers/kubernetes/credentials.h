// Who we are to a cluster: a kubeconfig (certificates, tokens, exec plugins), or a pod's service account.
// Format: kubernetes.io/docs/reference/config-api/kubeconfig.v1 and client-authentication.v1.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "edge/io/http_socket.h"
#include "edge/io/tls.h"

namespace tradewind::kubernetes {

struct AccessOptions {
  std::string kubeconfig = {};  // as ClusterConfig::kubeconfig
  std::string context = {};     // empty: the kubeconfig's current one
  std::map<std::string, std::string> environment = {};
  std::string account_folder = "/var/run/secrets/kubernetes.io/serviceaccount";
};

// What requests are made with until `until`.
struct Access {
  io::HttpEndpoint server;
  std::string base_path = {};                           // of a server behind a path, as Rancher's are
  std::shared_ptr<const io::TlsTrust> trust = nullptr;  // with our certificate, where we have one
  std::string tls_name = {};                            // whom its certificate names; empty: the host
  std::string token = {};                               // empty: none is sent
  std::string namespace_name = {};                      // empty: the context names none
  Time until{};
};

// Reads files and runs the exec plugin. not_found: a file or the context is missing; invalid_argument: what
// the file says cannot be followed, insecure-skip-tls-verify among it; unauthorized: the plugin failed.
Result<Access> open_access(const AccessOptions& options, Time now);

}  // namespace tradewind::kubernetes
