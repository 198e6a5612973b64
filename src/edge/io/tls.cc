#include "edge/io/tls.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstdlib>
#include <filesystem>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <vector>

namespace tradewind::io {
namespace {

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

// A BIO over the socket. OpenSSL's own writes without MSG_NOSIGNAL, and a peer that went would end the
// program.
int socket_write(BIO* bio, const char* from, int size) {
  const int fd = static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
  BIO_clear_retry_flags(bio);
  const ssize_t moved = ::send(fd, from, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  if (moved < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_write(bio);
  return static_cast<int>(moved);
}

int socket_read(BIO* bio, char* to, int size) {
  const int fd = static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
  BIO_clear_retry_flags(bio);
  const ssize_t moved = ::recv(fd, to, static_cast<std::size_t>(size), 0);
  if (moved < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_read(bio);
  return static_cast<int>(moved);
}

long socket_control(BIO*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

int socket_create(BIO* bio) {
  BIO_set_init(bio, 1);
  return 1;
}

// Made once, never freed: every session points at it.
const BIO_METHOD* socket_method() {
  static const BIO_METHOD* const made = [] {
    BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket without signals");
    BIO_meth_set_write(method, socket_write);
    BIO_meth_set_read(method, socket_read);
    BIO_meth_set_ctrl(method, socket_control);
    BIO_meth_set_create(method, socket_create);
    return method;
  }();
  return made;
}

BIO* socket_bio(int fd) {
  BIO* bio = BIO_new(socket_method());
  if (bio != nullptr) BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(fd)));
  return bio;
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

bool is_address(const std::string& host) {
  return host.find(':') != std::string::npos || host.find_first_not_of("0123456789.") == std::string::npos;
}

std::string why_of_library() {
  const unsigned long number = ERR_get_error();
  if (number == 0) return "it closed the connection";
  const char* reason = ERR_reason_error_string(number);
  return reason == nullptr ? "error " + std::to_string(number) : reason;
}

// The names that a certificate is for.
std::string names_of(const X509* certificate) {
  std::string names;
  auto* list =
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(list); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(list, i);
    if (name->type != GEN_DNS) continue;
    const std::string text(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
                           static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName)));
    names += (names.empty() ? "" : ", ") + text;
  }
  GENERAL_NAMES_free(list);
  return names.substr(0, 200);
}

// Changes no verdict: it notes, in the session's std::string, whom a refused certificate is for, since
// OpenSSL forgets it.
int note_names(int verified, X509_STORE_CTX* chain) {
  if (verified != 1 && X509_STORE_CTX_get_error_depth(chain) == 0) {
    auto* session =
        static_cast<SSL*>(X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx()));
    if (auto* names = static_cast<std::string*>(SSL_get_app_data(session)); names != nullptr) {
      *names = names_of(X509_STORE_CTX_get_current_cert(chain));
    }
  }
  return verified;
}

Error not_believed(const std::string& names, long verdict, const std::string& host,
                   const std::string& where) {
  const std::string who = "the certificate of " + where;
  switch (verdict) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return {Code::unauthorized,
              who + " is for " + (names.empty() ? "another name" : names) + ", not for " + host,
              "use the name that the certificate is for; if you did, somebody may stand between"};
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return {Code::unauthorized, who + " has expired",
              "its operator must renew it; is this machine's clock right?"};
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return {Code::unauthorized, who + " is not valid yet", "is this machine's clock right?"};
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      return {Code::unauthorized, who + " is signed by an authority that this machine does not trust",
              "install ca-certificates; for an authority of your own, name its PEM file in SSL_CERT_FILE"};
    default:
      return {Code::unauthorized, who + " is not valid: " + X509_verify_cert_error_string(verdict)};
  }
}

// True when the socket became ready before the deadline.
bool wait_for(int fd, short events, std::chrono::steady_clock::time_point until) {
  for (;;) {
    const auto left = std::chrono::ceil<Duration>(until - std::chrono::steady_clock::now());
    pollfd waiting{fd, events, 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(std::max<Duration::rep>(left.count(), 0)));
    if (ready < 0 && errno == EINTR) continue;
    return ready > 0;
  }
}

}  // namespace

void TlsTrust::Free::operator()(ssl_ctx_st* context) const {
  SSL_CTX_free(context);
}
void TlsSession::Free::operator()(ssl_st* session) const {
  SSL_free(session);
}

TlsTrust::TlsTrust() : context_(SSL_CTX_new(TLS_client_method())) {
  if (!context_) std::abort();  // only without memory
  SSL_CTX_set_min_proto_version(context_.get(), TLS1_2_VERSION);
  SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, note_names);
  SSL_CTX_set_mode(context_.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // Many servers close without saying goodbye; HTTP itself tells whether an answer was whole.
  SSL_CTX_set_options(context_.get(), SSL_OP_IGNORE_UNEXPECTED_EOF);
}

Status TlsTrust::load_file(const std::string& path, const std::string& named_by) {
  ERR_clear_error();
  if (SSL_CTX_load_verify_file(context_.get(), path.c_str()) == 1) return {};
  ERR_clear_error();
  return Error{Code::not_found, "no certificates can be read from '" + path + "'" + named_by,
               "name a PEM file of certificate authorities"};
}

// OpenSSL's own places are Debian's; a program that was carried elsewhere looks where other systems keep
// theirs.
void TlsTrust::load_system() {
  SSL_CTX_set_default_verify_paths(context_.get());
  std::error_code ignored;
  if (std::filesystem::exists(X509_get_default_cert_dir(), ignored)) return;
  constexpr std::array bundles = {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
                                  "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"};
  for (const char* bundle : bundles) {
    if (SSL_CTX_load_verify_file(context_.get(), bundle) == 1) break;
  }
  ERR_clear_error();
}

Status TlsTrust::load_authorities(const std::string& pem) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
  X509_STORE* const store = SSL_CTX_get_cert_store(context_.get());
  int found = 0;
  while (const Certificate one{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr), X509_free}) {
    found += X509_STORE_add_cert(store, one.get());
  }
  ERR_clear_error();  // the end of the text is one
  if (found > 0) return {};
  return Error{Code::invalid_argument, "the certificate authority's text holds no certificate",
               "give it as PEM"};
}

Status TlsTrust::load_identity(const std::string& certificate, const std::string& key) {
  ERR_clear_error();
  const Bio text(BIO_new_mem_buf(certificate.data(), static_cast<int>(certificate.size())), BIO_free);
  const Certificate own(PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr), X509_free);
  bool good = own && SSL_CTX_use_certificate(context_.get(), own.get()) == 1;
  while (good) {
    X509* const between = PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr);
    if (between == nullptr) break;
    good = SSL_CTX_add0_chain_cert(context_.get(), between) == 1;
  }
  const Bio key_text(BIO_new_mem_buf(key.data(), static_cast<int>(key.size())), BIO_free);
  const Key own_key(PEM_read_bio_PrivateKey(key_text.get(), nullptr, nullptr, nullptr), EVP_PKEY_free);
  good = good && own_key && SSL_CTX_use_PrivateKey(context_.get(), own_key.get()) == 1;
  good = good && SSL_CTX_check_private_key(context_.get()) == 1;
  ERR_clear_error();
  if (good) return {};
  return Error{Code::invalid_argument, "the client certificate and its key cannot be used together",
               "give both as PEM, the key without a password"};
}

Result<std::shared_ptr<TlsTrust>> TlsTrust::of_environment() {
  std::shared_ptr<TlsTrust> trust(new TlsTrust());
  const std::string file = variable("SSL_CERT_FILE");
  const std::string folder = variable("SSL_CERT_DIR");
  if (!file.empty()) TW_RETURN_IF_ERROR(trust->load_file(file, ", which SSL_CERT_FILE names"));
  if (!folder.empty()) SSL_CTX_load_verify_dir(trust->context(), folder.c_str());
  if (file.empty() && folder.empty()) trust->load_system();
  return trust;
}

Result<std::shared_ptr<const TlsTrust>> TlsTrust::from_environment() {
  TW_ASSIGN_OR_RETURN(std::shared_ptr<TlsTrust> trust, of_environment());
  return std::shared_ptr<const TlsTrust>(std::move(trust));
}

Result<std::shared_ptr<const TlsTrust>> TlsTrust::from_pem(const std::string& authorities,
                                                           const std::string& certificate,
                                                           const std::string& key) {
  std::shared_ptr<TlsTrust> trust(new TlsTrust());
  if (authorities.empty()) {
    TW_ASSIGN_OR_RETURN(trust, of_environment());
  } else {
    TW_RETURN_IF_ERROR(trust->load_authorities(authorities));
  }
  if (!certificate.empty() || !key.empty()) TW_RETURN_IF_ERROR(trust->load_identity(certificate, key));
  return std::shared_ptr<const TlsTrust>(std::move(trust));
}

Result<std::shared_ptr<const TlsTrust>> TlsTrust::from_file(const std::string& path) {
  std::shared_ptr<TlsTrust> trust(new TlsTrust());
  TW_RETURN_IF_ERROR(trust->load_file(path, ""));
  return std::shared_ptr<const TlsTrust>(std::move(trust));
}

Result<TlsSession> TlsSession::greet(int fd, const TlsTrust& trust, const std::string& host,
                                     Duration patience, const std::string& where) {
  TlsSession session(SSL_new(trust.context()));
  BIO* const bio = socket_bio(fd);
  if (!session.session_ || bio == nullptr) {
    BIO_free(bio);
    return Error{Code::internal, "no TLS session can be made: out of memory?"};
  }
  SSL* const ssl = session.session_.get();
  SSL_set_bio(ssl, bio, bio);
  std::string names;
  SSL_set_app_data(ssl, &names);
  const bool address = is_address(host);
  const int named = address ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str())
                            : SSL_set1_host(ssl, host.c_str());
  if (named != 1)
    return Error{Code::invalid_argument, "'" + host + "' is no name that a certificate can have"};
  if (!address) SSL_set_tlsext_host_name(ssl, host.c_str());
  const auto until = std::chrono::steady_clock::now() + patience;
  for (;;) {
    ERR_clear_error();
    const TlsMove step = session.outcome(SSL_connect(ssl));
    if (step.kind == TlsMove::Kind::moved) {
      SSL_set_app_data(ssl, nullptr);
      return session;
    }
    if (step.kind == TlsMove::Kind::wants_read || step.kind == TlsMove::Kind::wants_write) {
      const bool ready = wait_for(fd, step.kind == TlsMove::Kind::wants_read ? POLLIN : POLLOUT, until);
      if (ready) continue;
      return Error{Code::unavailable, "the server at " + where + " did not answer in time"};
    }
    const long verdict = SSL_get_verify_result(ssl);
    if (verdict != X509_V_OK) {
      ERR_clear_error();
      return not_believed(names, verdict, host, where);
    }
    return Error{Code::unavailable, "no TLS connection to " + where + " came about: " + why_of_library(),
                 "does it speak https?"};
  }
}

TlsMove TlsSession::outcome(int answer) const {
  if (answer > 0) return {TlsMove::Kind::moved, static_cast<std::size_t>(answer)};
  switch (SSL_get_error(session_.get(), answer)) {
    case SSL_ERROR_WANT_READ:
      return {TlsMove::Kind::wants_read};
    case SSL_ERROR_WANT_WRITE:
      return {TlsMove::Kind::wants_write};
    case SSL_ERROR_ZERO_RETURN:
      return {TlsMove::Kind::closed};
    default:
      return {TlsMove::Kind::failed};
  }
}

TlsMove TlsSession::read(void* to, std::size_t size) {
  ERR_clear_error();
  return outcome(SSL_read(session_.get(), to, static_cast<int>(std::min<std::size_t>(size, INT_MAX))));
}

TlsMove TlsSession::write(const void* from, std::size_t size) {
  ERR_clear_error();
  return outcome(SSL_write(session_.get(), from, static_cast<int>(std::min<std::size_t>(size, INT_MAX))));
}

bool TlsSession::pending() const {
  return SSL_pending(session_.get()) > 0;
}

}  // namespace tradewind::io
