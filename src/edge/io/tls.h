// TLS for the HTTP client: whom it trusts, and one session over a connected socket. The peer's certificate
// and its host name are always verified; there is no way to turn that off.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/time.h"

struct ssl_ctx_st;
struct ssl_st;

namespace tradewind::io {

// The authorities whose certificates are believed. Safe from several threads; share one, it is costly to
// make.
class TlsTrust {
 public:
  // SSL_CERT_FILE and SSL_CERT_DIR where they are set, else the system's store. not_found: SSL_CERT_FILE
  // cannot be read.
  static Result<std::shared_ptr<const TlsTrust>> from_environment();
  // The authorities of one PEM file alone. not_found: it cannot be read or holds none.
  static Result<std::shared_ptr<const TlsTrust>> from_file(const std::string& path);
  // The authorities of that PEM text alone (empty: those of from_environment()), with a certificate and key
  // of our own for servers that ask for one (empty: none; intermediate ones may follow the first).
  // invalid_argument: one of them is no PEM, or the key is another certificate's.
  static Result<std::shared_ptr<const TlsTrust>> from_pem(const std::string& authorities,
                                                          const std::string& certificate,
                                                          const std::string& key);

  ssl_ctx_st* context() const { return context_.get(); }

 private:
  struct Free {
    void operator()(ssl_ctx_st* context) const;
  };
  TlsTrust();
  static Result<std::shared_ptr<TlsTrust>> of_environment();
  Status load_file(const std::string& path, const std::string& named_by);
  Status load_authorities(const std::string& pem);
  Status load_identity(const std::string& certificate, const std::string& key);
  void load_system();
  std::unique_ptr<ssl_ctx_st, Free> context_;
};

// What came of one try to move bytes over a socket that never blocks.
struct TlsMove {
  enum class Kind { moved, wants_read, wants_write, closed, failed };
  Kind kind = Kind::moved;
  std::size_t bytes = 0;
};

class TlsSession {
 public:
  // Greets the server on a connected, non-blocking socket, which must outlive the session. `host` is whom its
  // certificate must name: a DNS name or an address. unauthorized: the certificate is not believed (the
  // sentence says why, the hint what to do); unavailable: no answer in time, or no TLS is spoken there.
  static Result<TlsSession> greet(int fd, const TlsTrust& trust, const std::string& host, Duration patience,
                                  const std::string& where);

  TlsMove read(void* to, std::size_t size);
  TlsMove write(const void* from, std::size_t size);
  // Bytes that were decrypted and not read yet.
  bool pending() const;

 private:
  struct Free {
    void operator()(ssl_st* session) const;
  };
  explicit TlsSession(ssl_st* session) : session_(session) {}
  TlsMove outcome(int answer) const;
  std::unique_ptr<ssl_st, Free> session_;
};

}  // namespace tradewind::io
