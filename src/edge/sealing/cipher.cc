#include "edge/sealing/cipher.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <limits>
#include <memory>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "edge/io/hash.h"

namespace tradewind::sealing {
namespace {

constexpr char version = 1;
constexpr std::size_t nonce_bytes = 12;
constexpr std::size_t tag_bytes = 16;
constexpr std::size_t stretched_bytes = 32;
// OpenSSL counts in int.
constexpr std::size_t step_bytes = std::size_t{1} << 30;

// These calls fail only without memory, or where the program itself is wrong.
void must(bool holds) {
  if (!holds) std::abort();
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes_of(char* text) {
  return reinterpret_cast<unsigned char*>(text);
}

struct Free {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
  void operator()(EVP_CIPHER* cipher) const { EVP_CIPHER_free(cipher); }
  void operator()(EVP_KDF* kind) const { EVP_KDF_free(kind); }
  void operator()(EVP_KDF_CTX* context) const { EVP_KDF_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, Free>;

Context new_context() {
  Context context(EVP_CIPHER_CTX_new());
  must(context != nullptr);
  return context;
}

enum class Way { seal, unseal };

// What is bound but not kept goes in before the bytes.
void bind(EVP_CIPHER_CTX* context, std::string_view bound_to) {
  int count = 0;
  must(EVP_CipherUpdate(context, nullptr, &count, bytes_of(bound_to), static_cast<int>(bound_to.size())) ==
       1);
}

void pass(EVP_CIPHER_CTX* context, std::string_view from, char* to) {
  while (!from.empty()) {
    const std::size_t size = std::min(from.size(), step_bytes);
    int count = 0;
    must(EVP_CipherUpdate(context, bytes_of(to), &count, bytes_of(from), static_cast<int>(size)) == 1);
    from.remove_prefix(size);
    to += size;
  }
}

bool finish(EVP_CIPHER_CTX* context) {
  std::array<unsigned char, EVP_MAX_BLOCK_LENGTH> rest{};
  int count = 0;
  return EVP_CipherFinal_ex(context, rest.data(), &count) == 1 && count == 0;
}

Context gcm(Way way, const SecretBytes& key, std::string_view nonce) {
  must(key.view().size() == content_key_bytes && nonce.size() == nonce_bytes);
  Context context = new_context();
  must(EVP_CipherInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, bytes_of(key.view()), bytes_of(nonce),
                         way == Way::seal ? 1 : 0) == 1);
  return context;
}

Context siv(Way way, const SecretBytes& key, std::string_view kind, std::string_view tag) {
  // Looked up once: that takes longer than the cipher.
  static const std::unique_ptr<EVP_CIPHER, Free> cipher(EVP_CIPHER_fetch(nullptr, "AES-256-SIV", nullptr));
  must(cipher != nullptr && key.view().size() == name_key_bytes);
  Context context = new_context();
  must(EVP_CipherInit_ex(context.get(), cipher.get(), nullptr, bytes_of(key.view()), nullptr,
                         way == Way::seal ? 1 : 0) == 1);
  if (way == Way::unseal) {
    std::string copy(tag);
    must(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, tag_bytes, copy.data()) == 1);
  }
  bind(context.get(), kind);
  return context;
}

SecretBytes run_kdf(const char* name, OSSL_PARAM* parameters, std::size_t size) {
  const std::unique_ptr<EVP_KDF, Free> kind(EVP_KDF_fetch(nullptr, name, nullptr));
  must(kind != nullptr);
  const std::unique_ptr<EVP_KDF_CTX, Free> context(EVP_KDF_CTX_new(kind.get()));
  must(context != nullptr);
  std::string made(size, '\0');
  must(EVP_KDF_derive(context.get(), bytes_of(made.data()), size, parameters) == 1);
  return SecretBytes(std::move(made));
}

// OpenSSL's parameters are not const, though they are only read.
OSSL_PARAM octets(const char* name, std::string_view bytes) {
  return OSSL_PARAM_construct_octet_string(name, const_cast<char*>(bytes.data()), bytes.size());
}

}  // namespace

std::string seal(const SecretBytes& key, std::string_view bound_to, std::string_view plain) {
  const std::string nonce = io::random_bytes(nonce_bytes);
  const Context context = gcm(Way::seal, key, nonce);
  bind(context.get(), bound_to);
  std::string sealed;
  sealed.reserve(plain.size() + seal_overhead);
  sealed += version;
  sealed += nonce;
  sealed.resize(plain.size() + seal_overhead);
  pass(context.get(), plain, sealed.data() + 1 + nonce_bytes);
  must(finish(context.get()));
  must(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, tag_bytes,
                           sealed.data() + sealed.size() - tag_bytes) == 1);
  return sealed;
}

std::optional<std::string> unseal(const SecretBytes& key, std::string_view bound_to,
                                  std::string_view sealed) {
  if (sealed.size() < seal_overhead || sealed.front() != version) return std::nullopt;
  const Context context = gcm(Way::unseal, key, sealed.substr(1, nonce_bytes));
  std::string tag(sealed.substr(sealed.size() - tag_bytes));
  must(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, tag_bytes, tag.data()) == 1);
  bind(context.get(), bound_to);
  std::string plain(sealed.size() - seal_overhead, '\0');
  pass(context.get(), sealed.substr(1 + nonce_bytes, plain.size()), plain.data());
  if (!finish(context.get())) return std::nullopt;
  return plain;
}

std::string seal_name(const SecretBytes& key, std::string_view kind, std::string_view name) {
  const Context context = siv(Way::seal, key, kind, {});
  std::string sealed(tag_bytes + name.size(), '\0');
  int count = 0;
  must(EVP_CipherUpdate(context.get(), bytes_of(sealed.data() + tag_bytes), &count, bytes_of(name),
                        static_cast<int>(name.size())) == 1);
  must(finish(context.get()));
  must(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, tag_bytes, sealed.data()) == 1);
  return sealed;
}

std::optional<std::string> unseal_name(const SecretBytes& key, std::string_view kind,
                                       std::string_view sealed) {
  if (sealed.size() <= tag_bytes) return std::nullopt;
  const Context context = siv(Way::unseal, key, kind, sealed.substr(0, tag_bytes));
  const std::string_view body = sealed.substr(tag_bytes);
  std::string name(body.size(), '\0');
  int count = 0;
  // Unlike GCM, SIV proves all of it in this one call.
  if (EVP_CipherUpdate(context.get(), bytes_of(name.data()), &count, bytes_of(body),
                       static_cast<int>(body.size())) != 1) {
    return std::nullopt;
  }
  if (!finish(context.get())) return std::nullopt;
  return name;
}

SecretBytes derive(const SecretBytes& secret, std::string_view salt, std::string_view purpose,
                   std::size_t size) {
  char digest[] = "SHA256";
  std::array<OSSL_PARAM, 5> parameters = {OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
                                          octets(OSSL_KDF_PARAM_KEY, secret.view()),
                                          octets(OSSL_KDF_PARAM_SALT, salt),
                                          octets(OSSL_KDF_PARAM_INFO, purpose), OSSL_PARAM_construct_end()};
  return run_kdf("HKDF", parameters.data(), size);
}

SecretBytes stretch(const SecretBytes& passphrase, std::string_view salt, int cost) {
  must(cost >= stretch_cost_min && cost <= stretch_cost_max);
  std::uint64_t n = std::uint64_t{1} << cost;
  std::uint32_t r = 8;
  std::uint32_t p = 1;
  std::uint64_t memory = std::numeric_limits<std::int32_t>::max();
  std::array<OSSL_PARAM, 7> parameters = {octets(OSSL_KDF_PARAM_PASSWORD, passphrase.view()),
                                          octets(OSSL_KDF_PARAM_SALT, salt),
                                          OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_N, &n),
                                          OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_R, &r),
                                          OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_P, &p),
                                          OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_MAXMEM, &memory),
                                          OSSL_PARAM_construct_end()};
  return run_kdf("SCRYPT", parameters.data(), stretched_bytes);
}

}  // namespace tradewind::sealing
