#include "edge/io/testing/tls_server.h"

#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <string_view>
#include <sys/socket.h>

namespace tradewind::io {
namespace {

void must(bool worked, const char* what) {
  if (worked) return;
  std::fprintf(stderr, "the test's own TLS failed: %s\n", what);
  std::abort();
}

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string pem_of(EVP_PKEY* key) {
  const Bio bio(BIO_new(BIO_s_mem()), BIO_free);
  must(PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1, "key");
  return text_of(bio.get());
}

std::string pem_of(X509* certificate) {
  const Bio bio(BIO_new(BIO_s_mem()), BIO_free);
  must(PEM_write_bio_X509(bio.get(), certificate) == 1, "certificate");
  return text_of(bio.get());
}

Key read_key(const std::string& pem) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
  return {PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr), EVP_PKEY_free};
}

Certificate read_certificate(const std::string& pem) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
  return {PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr), X509_free};
}

void extend(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* made = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  must(made != nullptr && X509_add_ext(certificate, made, -1) == 1, value.c_str());
  X509_EXTENSION_free(made);
}

Certificate blank_certificate(EVP_PKEY* key, const std::string& name, long valid_s) {
  Certificate made(X509_new(), X509_free);
  static std::atomic<long> serial{1};
  X509_set_version(made.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), serial++);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), valid_s);
  X509_set_pubkey(made.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  return made;
}

}  // namespace

TestAuthority::TestAuthority(const std::string& name) {
  const Key key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  const Certificate made = blank_certificate(key.get(), name, 3600);
  X509_set_issuer_name(made.get(), X509_get_subject_name(made.get()));
  extend(made.get(), made.get(), NID_basic_constraints, "critical,CA:TRUE");
  extend(made.get(), made.get(), NID_key_usage, "critical,keyCertSign");
  must(X509_sign(made.get(), key.get(), EVP_sha256()) > 0, "signing the authority");
  own_ = {pem_of(key.get()), pem_of(made.get())};
}

KeyAndCertificate TestAuthority::issue(const std::string& names, long valid_s) const {
  const Key own_key = read_key(own_.key_pem);
  const Certificate own = read_certificate(own_.certificate_pem);
  const Key key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  const Certificate made = blank_certificate(key.get(), "a test's server", valid_s);
  X509_set_issuer_name(made.get(), X509_get_subject_name(own.get()));
  extend(made.get(), own.get(), NID_subject_alt_name, names);
  must(X509_sign(made.get(), own_key.get(), EVP_sha256()) > 0, "signing a certificate");
  return {pem_of(key.get()), pem_of(made.get())};
}

struct TestTlsServer::Context {
  SSL_CTX* made = SSL_CTX_new(TLS_server_method());
  Context() = default;
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context() { SSL_CTX_free(made); }
};

TestTlsServer::TestTlsServer(const KeyAndCertificate& identity) : context_(std::make_unique<Context>()) {
  const Key key = read_key(identity.key_pem);
  const Certificate certificate = read_certificate(identity.certificate_pem);
  must(SSL_CTX_use_certificate(context_->made, certificate.get()) == 1, "using the certificate");
  must(SSL_CTX_use_PrivateKey(context_->made, key.get()) == 1, "using the key");
  Result<UniqueFd> socket = listen_loopback(0);
  must(socket.ok(), "listening");
  listener_ = *std::move(socket);
  port_ = port_of(listener_);
  acceptor_ = std::thread([this] { accept_loop(); });
}

TestTlsServer::~TestTlsServer() {
  stopping_ = true;
  acceptor_.join();
}

// One connection after the other: the tests ask for no more at once.
void TestTlsServer::accept_loop() {
  while (!stopping_) {
    pollfd waiting{listener_.get(), POLLIN, 0};
    if (::poll(&waiting, 1, 20) <= 0) continue;
    const UniqueFd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (socket.valid()) converse(socket.get());
  }
}

void TestTlsServer::converse(int fd) {
  const timeval patience{0, 20'000};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  SSL* session = SSL_new(context_->made);
  SSL_set_fd(session, fd);
  bool open = true;
  const auto again = [&](int answer) {
    open = !stopping_ && SSL_get_error(session, answer) == SSL_ERROR_WANT_READ;
    return open;
  };
  int greeted = SSL_accept(session);
  while (greeted != 1 && again(greeted)) greeted = SSL_accept(session);
  if (greeted == 1) ++greetings_;
  std::string request;
  while (greeted == 1 && open) {
    char piece[4096];
    const int count = SSL_read(session, piece, sizeof(piece));
    if (count <= 0 && !again(count)) break;
    if (count > 0) request.append(piece, static_cast<std::size_t>(count));
    if (request.find("\r\n\r\n") == std::string::npos) continue;
    const std::string body = request.substr(0, request.find("\r\n"));
    const std::string answer =
        "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    open = SSL_write(session, answer.data(), static_cast<int>(answer.size())) > 0;
    request.clear();
  }
  SSL_free(session);
}

}  // namespace tradewind::io
