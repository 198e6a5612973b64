#include "edge/drivers/kubernetes/credentials.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/text.h"
#include "edge/io/files.h"
#include "edge/io/hash.h"
#include "edge/io/process.h"
#include "edge/io/testing/tls_server.h"

namespace tradewind::kubernetes {
namespace {

const Time now = parse_utc("2026-11-26T12:00:00Z").value();

class Credentials : public testing::Test {
 protected:
  Credentials() : folder_(*io::TempDir::make("tw-kubeconfig-")) {}
  std::string write(const std::string& name, const std::string& text) const {
    std::string path = (folder_.path() / name).string();
    EXPECT_TRUE(io::write_file_atomic(path, text).ok());
    return path;
  }
  // A kubeconfig of one cluster and one user, as flow maps of YAML.
  std::string kubeconfig(const std::string& cluster, const std::string& user) const {
    return write("config",
                 "current-context: here\nclusters: [{name: c, cluster: {" + cluster +
                     "}}]\nusers: [{name: u, user: {" + user +
                     "}}]\ncontexts: [{name: here, context: {cluster: c, user: u, namespace: runs}}]\n");
  }
  static Result<Access> open(const std::string& kubeconfig) {
    return open_access({kubeconfig, "", io::current_environment()}, now);
  }
  std::string plugin(const std::string& script) const {
    std::string path = write("plugin.sh", "#!/bin/sh\n" + script);
    ::chmod(path.c_str(), 0700);
    return path;
  }
  io::TempDir folder_;
};

TEST_F(Credentials, AreReadFromTheContextThatIsCurrent) {
  const Result<Access> access = open(kubeconfig("server: \"http://127.0.0.1:8080/k8s/c-1/\"", "token: abc"));
  ASSERT_TRUE(access.ok()) << describe(access.error());
  EXPECT_EQ(access->token, "abc");
  EXPECT_EQ(access->namespace_name, "runs");
  EXPECT_EQ(access->server.port, 8080);
  EXPECT_EQ(access->base_path, "/k8s/c-1");
  EXPECT_GT(access->until, now + std::chrono::hours(24));
}

TEST_F(Credentials, OfSeveralFilesTheFirstCounts) {
  const std::string first = write("first", "users: [{name: u, user: {token: first}}]\n");
  const std::string second = kubeconfig("server: \"http://127.0.0.1:1\"", "token: second");
  AccessOptions options{"", "", {{"KUBECONFIG", first + ":/no/such/file:" + second}}};
  const Result<Access> access = open_access(options, now);
  ASSERT_TRUE(access.ok()) << describe(access.error());
  EXPECT_EQ(access->token, "first");
  options.context = "elsewhere";
  EXPECT_EQ(open_access(options, now).error().hint, "it has here");
  options.environment = {{"HOME", folder_.path().string()}};
  EXPECT_EQ(open_access(options, now).error().code, Code::not_found);
}

TEST_F(Credentials, ATokenInAFileIsReadAgainSoon) {
  write("token", "from-file\n");
  const Result<Access> access = open(kubeconfig("server: \"http://127.0.0.1:1\"", "tokenFile: token"));
  ASSERT_TRUE(access.ok()) << describe(access.error());
  EXPECT_EQ(access->token, "from-file");
  EXPECT_LE(access->until, now + std::chrono::minutes(1));
}

TEST_F(Credentials, OfAProgramHoldUntilTheyExpire) {
  plugin(
      "case $KUBERNETES_EXEC_INFO in *client.authentication.k8s.io/v1beta1*) ;; *) exit 9 ;; esac\n"
      "printf '{\"kind\":\"ExecCredential\",\"status\":{\"token\":\"%s-%s\","
      "\"expirationTimestamp\":\"2026-11-26T12:15:00Z\"}}' \"$1\" \"$REGION\"\n");
  const std::string exec =
      "exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: ./plugin.sh, args: [get], env: "
      "[{name: "
      "REGION, value: eu}]}";
  const Result<Access> access = open(kubeconfig("server: \"http://127.0.0.1:1\"", exec));
  ASSERT_TRUE(access.ok()) << describe(access.error());
  EXPECT_EQ(access->token, "get-eu");
  EXPECT_EQ(access->until, parse_utc("2026-11-26T12:14:30Z").value());
}

TEST_F(Credentials, OfAProgramThatFailsAreItsOwnWords) {
  plugin("echo 'session expired, log in again' >&2; exit 3\n");
  const std::string exec =
      "exec: {apiVersion: client.authentication.k8s.io/v1, command: ./plugin.sh, installHint: get it from "
      "IT}";
  const Error error = open(kubeconfig("server: \"http://127.0.0.1:1\"", exec)).error();
  EXPECT_EQ(error.code, Code::unauthorized);
  EXPECT_NE(error.message.find("session expired, log in again"), std::string::npos) << error.message;
  EXPECT_EQ(error.hint, "get it from IT");
}

TEST_F(Credentials, UnprovedServersAreRefused) {
  const Error error =
      open(kubeconfig("server: \"https://127.0.0.1:1\", insecure-skip-tls-verify: true", "token: abc"))
          .error();
  EXPECT_EQ(error.code, Code::invalid_argument);
  EXPECT_NE(error.hint.find("certificate-authority-data"), std::string::npos);
}

TEST_F(Credentials, CertificatesAreTakenAsDataAndAsFiles) {
  const io::TestAuthority authority;
  const io::KeyAndCertificate own = authority.issue("DNS:tradewind");
  write("ca.pem", authority.certificate_pem());
  write("own.key", own.key_pem);
  const std::string cluster =
      "server: \"https://10.0.0.1\", certificate-authority: ca.pem, tls-server-name: kubernetes.default";
  const std::string data = io::base64(own.certificate_pem);
  const Result<Access> access =
      open(kubeconfig(cluster, "client-certificate-data: " + data + ", client-key: own.key"));
  ASSERT_TRUE(access.ok()) << describe(access.error());
  EXPECT_NE(access->trust, nullptr);
  EXPECT_EQ(access->tls_name, "kubernetes.default");
  EXPECT_EQ(access->server.port, 443);
  write("own.key", authority.issue("DNS:another").key_pem);
  EXPECT_EQ(
      open(kubeconfig(cluster, "client-certificate-data: " + data + ", client-key: own.key")).error().code,
      Code::invalid_argument)
      << "another certificate's key";
}

TEST_F(Credentials, OfAPodAreItsServiceAccounts) {
  const io::TestAuthority authority;
  write("ca.crt", authority.certificate_pem());
  write("token", "projected");
  write("namespace", "runs");
  AccessOptions options{"in-cluster", "", {}, folder_.path().string()};
  EXPECT_EQ(open_access(options, now).error().code, Code::not_found);
  options.environment = {{"KUBERNETES_SERVICE_HOST", "fd00::1"}, {"KUBERNETES_SERVICE_PORT", "6443"}};
  const Result<Access> access = open_access(options, now);
  ASSERT_TRUE(access.ok()) << describe(access.error());
  EXPECT_EQ(access->token, "projected");
  EXPECT_EQ(access->namespace_name, "runs");
  EXPECT_EQ(access->server.port, 6443);
  EXPECT_EQ(access->until, now + std::chrono::minutes(1));
}

}  // namespace
}  // namespace tradewind::kubernetes
