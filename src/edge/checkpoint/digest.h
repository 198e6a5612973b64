// SHA-256, piece by piece. (checkpoint.h has the one-call form.)
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/model/manifest.h"

struct evp_md_ctx_st;

namespace tradewind::checkpoint {

class Sha256 {
 public:
  Sha256();
  void update(std::string_view bytes);
  // 64 hex digits in lower case. REQUIRES: called once, last.
  std::string hex();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

// root_digest() of files that come one after the other, sorted by path.
class RootDigest {
 public:
  // `chunks`: the bytes of a file, whatever it names itself.
  void add(const ManifestFile& file, const std::vector<ChunkRef>& chunks);
  // REQUIRES: called once, last.
  std::string hex() { return digest_.hex(); }

 private:
  Sha256 digest_;
};

}  // namespace tradewind::checkpoint
