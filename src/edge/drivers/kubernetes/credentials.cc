#include "edge/drivers/kubernetes/credentials.h"

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "core/task/reading.h"
#include "core/task/yaml_tree.h"
#include "edge/drivers/kubernetes/exec_plugin.h"
#include "edge/drivers/kubernetes/json_path.h"
#include "edge/io/files.h"
#include "edge/io/hash.h"

namespace tradewind::kubernetes {
namespace {

// A token in a file is changed under us: a projected one each hour.
constexpr Duration files_last = std::chrono::minutes(1);
constexpr Duration for_ever = std::chrono::hours(24 * 365);
constexpr Duration renewed_before = std::chrono::seconds(30);

struct Named {
  json::value body;              // of the entry: {"server": …}
  std::filesystem::path folder;  // of its file, where relative paths begin
};

// Several files as one: of an entry that two have, the first file's counts.
struct Kubeconfig {
  std::string current_context;
  std::map<std::string, Named> clusters;
  std::map<std::string, Named> users;
  std::map<std::string, Named> contexts;
};

void add_entries(std::map<std::string, Named>& to, const json::value& document, const char* list,
                 const char* member, const std::filesystem::path& folder) {
  for (const json::value& entry : list_at(document, {list})) {
    const json::value* body = find(entry, {member});
    if (body != nullptr) to.emplace(text_at(entry, {"name"}), Named{*body, folder});
  }
}

Status add_file(Kubeconfig& to, const std::filesystem::path& file) {
  TW_ASSIGN_OR_RETURN(const std::string yaml, io::read_file(file, task::max_file_bytes));
  const task::YamlTree tree = task::read_yaml(yaml);
  if (!tree.errors.empty()) return task::as_error(tree.errors, file.string());
  const json::value document = task::as_written(*tree.root);
  if (to.current_context.empty()) to.current_context = text_at(document, {"current-context"});
  add_entries(to.clusters, document, "clusters", "cluster", file.parent_path());
  add_entries(to.users, document, "users", "user", file.parent_path());
  add_entries(to.contexts, document, "contexts", "context", file.parent_path());
  return {};
}

std::string variable(const AccessOptions& options, const std::string& name) {
  const auto found = options.environment.find(name);
  return found == options.environment.end() ? std::string() : found->second;
}

Result<Kubeconfig> read_kubeconfig(const AccessOptions& options) {
  std::string names = options.kubeconfig;
  if (names.empty()) names = variable(options, "KUBECONFIG");
  if (names.empty()) names = variable(options, "HOME") + "/.kube/config";
  Kubeconfig found;
  bool any = false;
  for (const std::string& name : split(names, ':')) {
    if (name.empty() || !io::path_exists(name)) continue;
    TW_RETURN_IF_ERROR(add_file(found, name));
    any = true;
  }
  if (any) return found;
  return Error{Code::not_found, "there is no kubeconfig " + names,
               "name it as kubeconfig: in kubernetes.yaml, or in KUBECONFIG"};
}

Result<Named> entry_of(const std::map<std::string, Named>& entries, const std::string& kind,
                       const std::string& name) {
  const auto found = entries.find(name);
  if (found != entries.end()) return found->second;
  std::vector<std::string> known;
  known.reserve(entries.size());
  for (const auto& [other, entry] : entries) known.push_back(other);
  return Error{Code::not_found, "the kubeconfig has no " + kind + " '" + name + "'",
               known.empty() ? "" : "it has " + join(known, ", ")};
}

// A PEM text given as base64 or by its file; empty: it is not given.
Result<std::string> pem_of(const Named& entry, const std::string& name) {
  const std::string data = text_at(entry.body, {name + "-data"});
  if (!data.empty()) {
    const std::optional<std::string> pem = io::decode_base64(data);
    if (pem) return *pem;
    return Error{Code::invalid_argument, "the kubeconfig's " + name + "-data is no base64"};
  }
  const std::string file = text_at(entry.body, {name});
  if (file.empty()) return std::string();
  return io::read_file(entry.folder / file, 1 << 20);
}

Status set_server(Access& access, const std::string& url) {
  const std::size_t path = url.find('/', url.find("://") == std::string::npos ? 0 : url.find("://") + 3);
  TW_ASSIGN_OR_RETURN(access.server, io::parse_http_endpoint(url.substr(0, path)));
  if (path != std::string::npos) access.base_path = url.substr(path);
  while (access.base_path.ends_with('/')) access.base_path.pop_back();
  return {};
}

ExecPlugin plugin_of(const json::value& exec, const std::filesystem::path& folder) {
  ExecPlugin plugin;
  plugin.api_version = text_at(exec, {"apiVersion"});
  plugin.command = text_at(exec, {"command"});
  const bool relative = plugin.command.find('/') != std::string::npos && !plugin.command.starts_with('/');
  if (relative) plugin.command = (folder / plugin.command).string();
  plugin.install_hint = std::string(trim(text_at(exec, {"installHint"})));
  for (const json::value& argument : list_at(exec, {"args"})) {
    plugin.arguments.push_back(argument.is_string() ? std::string(argument.as_string()) : to_text(argument));
  }
  for (const json::value& each : list_at(exec, {"env"})) {
    plugin.environment[text_at(each, {"name"})] = text_at(each, {"value"});
  }
  return plugin;
}

struct Identity {
  std::string certificate_pem;
  std::string key_pem;
};

Result<Identity> add_exec(Access& access, const Named& user, const AccessOptions& options, Time now) {
  const ExecPlugin plugin = plugin_of(*find(user.body, {"exec"}), user.folder);
  if (!plugin.api_version.starts_with("client.authentication.k8s.io/v1"))
    return Error{Code::invalid_argument,
                 "the credential program " + plugin.command + " speaks " + plugin.api_version +
                     "; v1 and v1beta1 are understood",
                 "bring the program and the kubeconfig up to date"};
  TW_ASSIGN_OR_RETURN(const ExecCredential credential, run_plugin(plugin, options.environment));
  access.token = credential.token;
  if (credential.expires) access.until = std::max(now, *credential.expires - renewed_before);
  return Identity{credential.certificate_pem, credential.key_pem};
}

Result<Identity> add_user(Access& access, const Named& user, const AccessOptions& options, Time now) {
  if (find(user.body, {"exec"}) != nullptr) return add_exec(access, user, options, now);
  if (find(user.body, {"auth-provider"}) != nullptr || find(user.body, {"username"}) != nullptr)
    return Error{Code::invalid_argument,
                 "the kubeconfig's user logs in by auth-provider or a password, which Kubernetes gave up",
                 "use an exec plugin, a token or a certificate"};
  access.token = text_at(user.body, {"token"});
  const std::string token_file = text_at(user.body, {"tokenFile"});
  if (!token_file.empty()) {
    TW_ASSIGN_OR_RETURN(const std::string token, io::read_file(user.folder / token_file, 1 << 20));
    access.token = std::string(trim(token));
    access.until = now + files_last;
  }
  Identity identity;
  TW_ASSIGN_OR_RETURN(identity.certificate_pem, pem_of(user, "client-certificate"));
  TW_ASSIGN_OR_RETURN(identity.key_pem, pem_of(user, "client-key"));
  return identity;
}

Result<Access> access_of_context(const Kubeconfig& config, const AccessOptions& options, Time now) {
  const std::string& name = options.context.empty() ? config.current_context : options.context;
  TW_ASSIGN_OR_RETURN(const Named context, entry_of(config.contexts, "context", name));
  TW_ASSIGN_OR_RETURN(const Named cluster,
                      entry_of(config.clusters, "cluster", text_at(context.body, {"cluster"})));
  Access access;
  access.until = now + for_ever;
  access.namespace_name = text_at(context.body, {"namespace"});
  access.tls_name = text_at(cluster.body, {"tls-server-name"});
  TW_RETURN_IF_ERROR(set_server(access, text_at(cluster.body, {"server"})));
  if (true_at(cluster.body, {"insecure-skip-tls-verify"}))
    return Error{
        Code::invalid_argument,
        "the kubeconfig's cluster says insecure-skip-tls-verify, which would hand our credentials to "
        "whoever answers",
        "give its certificate-authority-data instead"};
  Identity identity;
  if (const std::string user = text_at(context.body, {"user"}); !user.empty()) {
    TW_ASSIGN_OR_RETURN(const Named found, entry_of(config.users, "user", user));
    TW_ASSIGN_OR_RETURN(identity, add_user(access, found, options, now));
  }
  if (!access.server.tls) return access;
  TW_ASSIGN_OR_RETURN(const std::string authority, pem_of(cluster, "certificate-authority"));
  TW_ASSIGN_OR_RETURN(access.trust,
                      io::TlsTrust::from_pem(authority, identity.certificate_pem, identity.key_pem));
  return access;
}

Result<Access> in_cluster(const AccessOptions& options, Time now) {
  const std::string host = variable(options, "KUBERNETES_SERVICE_HOST");
  const std::string port = variable(options, "KUBERNETES_SERVICE_PORT");
  if (host.empty() || port.empty())
    return Error{Code::not_found, "this program does not run in a pod: KUBERNETES_SERVICE_HOST is not set",
                 "name a kubeconfig in kubernetes.yaml"};
  const std::filesystem::path folder = options.account_folder;
  Access access;
  const bool ipv6 = host.find(':') != std::string::npos;
  TW_RETURN_IF_ERROR(set_server(access, "https://" + (ipv6 ? "[" + host + "]" : host) + ":" + port));
  TW_ASSIGN_OR_RETURN(const std::string token, io::read_file(folder / "token", 1 << 20));
  access.token = std::string(trim(token));
  TW_ASSIGN_OR_RETURN(const std::string authority, io::read_file(folder / "ca.crt", 1 << 20));
  TW_ASSIGN_OR_RETURN(access.trust, io::TlsTrust::from_pem(authority, "", ""));
  const Result<std::string> name = io::read_file(folder / "namespace", 1 << 10);
  if (name.ok()) access.namespace_name = std::string(trim(*name));
  access.until = now + files_last;
  return access;
}

}  // namespace

Result<Access> open_access(const AccessOptions& options, Time now) {
  if (options.kubeconfig == "in-cluster") return in_cluster(options, now);
  TW_ASSIGN_OR_RETURN(const Kubeconfig config, read_kubeconfig(options));
  return access_of_context(config, options, now);
}

}  // namespace tradewind::kubernetes
