#include "edge/drivers/kubernetes/exec_plugin.h"

#include "base/text.h"
#include "edge/drivers/kubernetes/json_path.h"
#include "edge/io/process.h"

namespace tradewind::kubernetes {
namespace {

constexpr Duration patience = std::chrono::seconds(60);
constexpr std::size_t answer_bytes_max = std::size_t{1} << 20;

Error refused(const ExecPlugin& plugin, const std::string& why) {
  return {Code::unauthorized, "the credential program " + plugin.command + " " + why,
          plugin.install_hint.empty() ? "run it by hand as the kubeconfig names it" : plugin.install_hint};
}

}  // namespace

Result<ExecCredential> run_plugin(const ExecPlugin& plugin,
                                  const std::map<std::string, std::string>& environment) {
  io::SpawnRequest request;
  request.argv = {plugin.command};
  request.argv.insert(request.argv.end(), plugin.arguments.begin(), plugin.arguments.end());
  request.environment = environment;
  for (const auto& [name, value] : plugin.environment) request.environment[name] = value;
  request.environment["KUBERNETES_EXEC_INFO"] =
      to_text(json::object{{"apiVersion", plugin.api_version},
                           {"kind", "ExecCredential"},
                           {"spec", json::object{{"interactive", false}}}});
  const Result<io::CommandOutput> output = io::run_command(std::move(request), patience, answer_bytes_max);
  if (!output.ok()) return refused(plugin, "did not run: " + output.error().message);
  if (!output->status.success())
    return refused(plugin, "failed: " + to_text(output->status) + " " + std::string(trim(output->err)));
  const Result<json::value> answer = parse_json(trim(output->out));
  if (!answer.ok()) return refused(plugin, "answered no JSON");
  ExecCredential found;
  found.token = text_at(*answer, {"status", "token"});
  found.certificate_pem = text_at(*answer, {"status", "clientCertificateData"});
  found.key_pem = text_at(*answer, {"status", "clientKeyData"});
  found.expires = time_at(*answer, {"status", "expirationTimestamp"});
  if (found.token.empty() && found.certificate_pem.empty())
    return refused(plugin, "answered neither a token nor a certificate");
  return found;
}

}  // namespace tradewind::kubernetes
