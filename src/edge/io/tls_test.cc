#include "edge/io/tls.h"

#include <cstdlib>
#include <gtest/gtest.h>
#include <thread>
#include <vector>

#include "edge/io/files.h"
#include "edge/io/http_client.h"
#include "edge/io/http_pool.h"
#include "edge/io/testing/tls_server.h"

namespace tradewind::io {
namespace {

class TlsTest : public ::testing::Test {
 protected:
  TlsTest() : folder_(*TempDir::make("tw-tls-")), authority_file_((folder_.path() / "ca.pem").string()) {
    EXPECT_TRUE(write_file_atomic(authority_file_, authority_.certificate_pem()).ok());
  }
  void TearDown() override { ::unsetenv("SSL_CERT_FILE"); }

  HttpClientOptions options() {
    HttpClientOptions made;
    made.trust = *TlsTrust::from_file(authority_file_);
    return made;
  }
  static HttpEndpoint at(const std::string& host, const TestTlsServer& server) {
    return {"", host, server.port(), true};
  }
  // The error of asking that server under that name, by a client that trusts the test's authority.
  Error refusal(const std::string& host, const TestTlsServer& server) {
    const Result<HttpResponse> answer = HttpClient(at(host, server), options()).send({});
    EXPECT_FALSE(answer.ok());
    return answer.ok() ? Error{} : answer.error();
  }

  TempDir folder_;
  std::string authority_file_;
  TestAuthority authority_;
};

TEST_F(TlsTest, ATrustedServerIsAskedSeveralTimesOverOneConnection) {
  const TestTlsServer server(authority_.issue("DNS:localhost,IP:127.0.0.1"));
  HttpClient client(at("localhost", server), options());
  for (const char* target : {"/a", "/b", "/c"}) {
    const Result<HttpResponse> answer = client.send({"GET", target});
    ASSERT_TRUE(answer.ok()) << describe(answer.error());
    EXPECT_EQ(answer->body, "GET " + std::string(target) + " HTTP/1.1");
  }
  EXPECT_EQ(server.greetings(), 1);
}

TEST_F(TlsTest, AuthoritiesMayComeAsTextWithACertificateOfOurOwn) {
  const TestTlsServer server(authority_.issue("DNS:kubernetes.default"));
  const KeyAndCertificate own = authority_.issue("DNS:client");
  HttpClientOptions options;
  options.trust = *TlsTrust::from_pem(authority_.certificate_pem(), own.certificate_pem, own.key_pem);
  options.tls_name = "kubernetes.default";
  EXPECT_TRUE(HttpClient(at("127.0.0.1", server), options).send({}).ok());
  options.tls_name = "";
  EXPECT_EQ(HttpClient(at("127.0.0.1", server), options).send({}).error().code, Code::unauthorized);
  options.trust = *TlsTrust::from_pem(TestAuthority("Stranger").certificate_pem(), "", "");
  options.tls_name = "kubernetes.default";
  EXPECT_EQ(HttpClient(at("127.0.0.1", server), options).send({}).error().code, Code::unauthorized);
  EXPECT_EQ(TlsTrust::from_pem("no certificate", "", "").error().code, Code::invalid_argument);
  const std::string other_key = authority_.issue("DNS:other").key_pem;
  EXPECT_EQ(TlsTrust::from_pem("", own.certificate_pem, other_key).error().code, Code::invalid_argument);
}

TEST_F(TlsTest, AnAddressInTheCertificateIsAName) {
  const TestTlsServer server(authority_.issue("IP:127.0.0.1"));
  EXPECT_TRUE(HttpClient(at("127.0.0.1", server), options()).send({}).ok());
  EXPECT_EQ(refusal("localhost", server).code, Code::unauthorized);
}

TEST_F(TlsTest, AnotherHostsCertificateIsRefusedAndItsNameIsTold) {
  const TestTlsServer server(authority_.issue("DNS:bucket.example.com"));
  const Error error = refusal("localhost", server);
  EXPECT_EQ(error.code, Code::unauthorized);
  EXPECT_NE(error.message.find("is for bucket.example.com, not for localhost"), std::string::npos)
      << error.message;
  EXPECT_EQ(server.greetings(), 0);
}

TEST_F(TlsTest, AnUntrustedAuthorityIsRefusedWithTheCure) {
  const TestAuthority stranger("Stranger");
  const TestTlsServer server(stranger.issue("DNS:localhost"));
  const Error error = refusal("localhost", server);
  EXPECT_EQ(error.code, Code::unauthorized);
  EXPECT_NE(error.message.find("does not trust"), std::string::npos) << error.message;
  EXPECT_NE(error.hint.find("SSL_CERT_FILE"), std::string::npos);
}

TEST_F(TlsTest, AnExpiredCertificateIsRefused) {
  const TestTlsServer server(authority_.issue("DNS:localhost", -60));
  const Error error = refusal("localhost", server);
  EXPECT_EQ(error.code, Code::unauthorized);
  EXPECT_NE(error.message.find("has expired"), std::string::npos) << error.message;
}

TEST_F(TlsTest, TheSystemsStoreDoesNotTrustTheTestAndSslCertFileIsHonoured) {
  const TestTlsServer server(authority_.issue("DNS:localhost"));
  EXPECT_EQ(HttpClient(at("localhost", server)).send({}).error().code, Code::unauthorized);
  ::setenv("SSL_CERT_FILE", authority_file_.c_str(), 1);
  const Result<HttpResponse> answer = HttpClient(at("localhost", server)).send({});
  EXPECT_TRUE(answer.ok()) << describe(answer.error());
  ::setenv("SSL_CERT_FILE", "/no/such/file", 1);
  const Result<HttpResponse> none = HttpClient(at("localhost", server)).send({});
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code, Code::not_found);
  EXPECT_NE(none.error().message.find("/no/such/file"), std::string::npos);
}

TEST_F(TlsTest, AServerWithoutTlsIsUnavailableAndTheQuestionIsAsked) {
  Result<UniqueFd> listener = listen_loopback(0);
  ASSERT_TRUE(listener.ok());
  HttpClientOptions hasty = options();
  hasty.connect_patience = Duration(50);
  const Result<HttpResponse> answer = HttpClient({"", "127.0.0.1", port_of(*listener), true}, hasty).send({});
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, Code::unavailable);
}

TEST_F(TlsTest, APoolKeepsConnectionsAndGivesThemToWhoeverAsks) {
  const TestTlsServer server(authority_.issue("DNS:localhost"));
  HttpPoolOptions pool_options;
  pool_options.client = options();
  HttpPool pool(pool_options);
  for (int i = 0; i < 3; ++i) {
    std::thread([&] { EXPECT_TRUE(pool.send(at("localhost", server), {}).ok()); }).join();
  }
  EXPECT_EQ(server.greetings(), 1);
  EXPECT_EQ(pool.idle(), 1u);
}

}  // namespace
}  // namespace tradewind::io
