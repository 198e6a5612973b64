#include "edge/cloud/google/google_jwt.h"

#include <chrono>
#include <memory>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "core/model/json.h"
#include "edge/io/hash.h"

namespace tradewind::cloud {
namespace {

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

// RFC 4648 §5, without padding.
std::string base64url(std::string_view bytes) {
  std::string text = io::base64(bytes);
  text.erase(std::min(text.find('='), text.size()));
  for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return text;
}

std::int64_t seconds_since_epoch(Time time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

std::unique_ptr<EVP_PKEY, Free> read_key(const std::string& pem) {
  const std::unique_ptr<BIO, Free> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (!bio) return nullptr;
  // A key behind a pass phrase is none of Google's: nobody is asked for one.
  const auto no_phrase = [](char*, int, int, void*) { return 0; };
  std::unique_ptr<EVP_PKEY, Free> key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_phrase, nullptr));
  ERR_clear_error();
  if (key && EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA) return nullptr;
  return key;
}

// "": it could not be made.
std::string rs256(EVP_PKEY* key, std::string_view text) {
  const std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  std::size_t size = 0;
  if (!context || EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, bytes, text.size()) != 1)
    return "";
  std::string signature(size, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, bytes,
                     text.size()) != 1)
    return "";
  signature.resize(size);
  return signature;
}

}  // namespace

Result<std::string> sign_google_claim(const GoogleClaim& claim, const std::string& key_pem) {
  const std::unique_ptr<EVP_PKEY, Free> key = read_key(key_pem);
  if (!key) {
    return Error{
        Code::unauthorized, "the private key of " + claim.issuer + " cannot be read",
        "make a new one: gcloud iam service-accounts keys create FILE --iam-account=" + claim.issuer};
  }
  json::object header{{"alg", "RS256"}, {"typ", "JWT"}};
  if (!claim.key_id.empty()) header["kid"] = claim.key_id;
  const std::int64_t now = seconds_since_epoch(claim.issued_at);
  const json::object claims{{"iss", claim.issuer},
                            {"scope", claim.scope},
                            {"aud", claim.audience},
                            {"iat", now},
                            {"exp", now + 3600}};
  const std::string text =
      base64url(to_text(json::value(std::move(header)))) + "." + base64url(to_text(json::value(claims)));
  const std::string signature = rs256(key.get(), text);
  if (signature.empty()) return Error{Code::internal, "signing as " + claim.issuer + " failed"};
  return text + "." + base64url(signature);
}

}  // namespace tradewind::cloud
