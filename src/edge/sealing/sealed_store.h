// A store whose owner learns neither what its objects hold nor whether two of them are equal.
// Format, and what the owner learns all the same: docs/formats/sealed.md.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "edge/objectstore/object_store.h"
#include "edge/sealing/key_object.h"
#include "edge/sealing/sealed_names.h"

namespace tradewind::sealing {

// Seals what is put and opens what is read; what was changed, or lies under another's name, is corrupt.
// Sizes are those of the plain bytes. A list of chunks or manifests is read whole, since it is sorted here.
class SealedStore final : public objectstore::ObjectStore {
 public:
  // REQUIRES: `inner` outlives this.
  SealedStore(objectstore::ObjectStore& inner, const DataKey& key);

  std::string url() const override { return inner_.url(); }
  Status put(std::string_view key, std::string_view bytes, objectstore::PutCondition condition) override;
  Result<std::string> get(std::string_view key, objectstore::ByteRange range = {}) override;
  Result<objectstore::ObjectInfo> stat(std::string_view key) override;
  Result<objectstore::ObjectPage> list(std::string_view prefix, std::string_view after,
                                       std::size_t limit = 1000) override;
  Status remove(std::string_view key) override;
  Status remove_if_older(std::string_view key, Time limit) override;

 private:
  using Objects = std::vector<objectstore::ObjectInfo>;
  // A list that a caller reads page by page.
  struct Listing {
    std::string prefix;
    std::string read_to;  // the last key that was answered
    std::shared_ptr<const Objects> objects;
  };
  Result<std::string> get_whole(std::string_view key);
  Result<objectstore::ObjectPage> list_in_order(const std::string& place, std::string_view after,
                                                std::size_t limit);
  Result<std::shared_ptr<const Objects>> read_all(const std::vector<std::string>& places,
                                                  std::string_view prefix);
  std::shared_ptr<const Objects> continued(std::string_view prefix, std::string_view after);
  objectstore::ObjectPage page_of(const std::shared_ptr<const Objects>& objects, std::string_view prefix,
                                  std::string_view after, std::size_t limit);

  objectstore::ObjectStore& inner_;
  SecretBytes content_key_;
  SealedNames names_;
  std::mutex mutex_;
  Listing listing_;  // protected by mutex_
};

}  // namespace tradewind::sealing
