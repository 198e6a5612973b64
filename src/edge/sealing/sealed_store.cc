#include "edge/sealing/sealed_store.h"

#include <algorithm>

#include "edge/sealing/cipher.h"

namespace tradewind::sealing {
namespace {

using objectstore::ByteRange;
using objectstore::check_key;
using objectstore::ObjectInfo;
using objectstore::ObjectPage;
using objectstore::ObjectStore;
using objectstore::PutCondition;

// No object of ours is larger, and no store can fill our memory with one.
constexpr std::uint64_t object_bytes_max = std::uint64_t{1} << 30;

Error cannot_open(const ObjectStore& store, std::string_view key, const std::string& sealed) {
  return {Code::corrupt, std::string(key) + " in " + store.url() + " (" + sealed +
                             ") cannot be decrypted: its bytes were changed, or are another object's"};
}

std::string cut(std::string plain, ByteRange range) {
  if (range.offset == 0 && (!range.length || *range.length >= plain.size())) return plain;
  if (range.offset >= plain.size()) return {};
  return plain.substr(range.offset, range.length.value_or(std::string::npos));
}

// Of what is too short to be sealed the size tells as little as its bytes do.
std::uint64_t plain_size(std::uint64_t sealed) {
  return sealed - std::min<std::uint64_t>(sealed, seal_overhead);
}

}  // namespace

SealedStore::SealedStore(ObjectStore& inner, const DataKey& key)
    : inner_(inner), content_key_(key.for_content()), names_(key.for_names()) {}

Status SealedStore::put(std::string_view key, std::string_view bytes, PutCondition condition) {
  TW_RETURN_IF_ERROR(check_key(key));
  return inner_.put(names_.sealed(key), seal(content_key_, key, bytes), condition);
}

Result<std::string> SealedStore::get_whole(std::string_view key) {
  const std::string name = names_.sealed(key);
  TW_ASSIGN_OR_RETURN(const std::string sealed, inner_.get(name, {0, object_bytes_max}));
  std::optional<std::string> plain = unseal(content_key_, key, sealed);
  if (!plain) return cannot_open(inner_, key, name);
  return *std::move(plain);
}

// The tag at its end proves all of an object. So of a range that begins with the object, as much is asked for
// as is an object that ends there; any other is cut out of the whole.
Result<std::string> SealedStore::get(std::string_view key, ByteRange range) {
  TW_RETURN_IF_ERROR(check_key(key));
  if (range.offset == 0 && range.length && *range.length < object_bytes_max) {
    const std::uint64_t asked = *range.length + seal_overhead;
    TW_ASSIGN_OR_RETURN(const std::string sealed, inner_.get(names_.sealed(key), {0, asked}));
    std::optional<std::string> plain = unseal(content_key_, key, sealed);
    if (plain) return *std::move(plain);
    if (sealed.size() < asked) return cannot_open(inner_, key, names_.sealed(key));
  }
  TW_ASSIGN_OR_RETURN(std::string plain, get_whole(key));
  return cut(std::move(plain), range);
}

Result<ObjectInfo> SealedStore::stat(std::string_view key) {
  TW_RETURN_IF_ERROR(check_key(key));
  TW_ASSIGN_OR_RETURN(ObjectInfo info, inner_.stat(names_.sealed(key)));
  info.key = key;
  info.size_bytes = plain_size(info.size_bytes);
  return info;
}

Status SealedStore::remove(std::string_view key) {
  TW_RETURN_IF_ERROR(check_key(key));
  return inner_.remove(names_.sealed(key));
}

Status SealedStore::remove_if_older(std::string_view key, Time limit) {
  TW_RETURN_IF_ERROR(check_key(key));
  return inner_.remove_if_older(names_.sealed(key), limit);
}

Result<ObjectPage> SealedStore::list(std::string_view prefix, std::string_view after, std::size_t limit) {
  const SealedPlaces places = places_of(prefix);
  if (places.in_order) return list_in_order(std::string(places.prefixes.front()), after, limit);
  std::shared_ptr<const Objects> objects = continued(prefix, after);
  if (!objects) {
    TW_ASSIGN_OR_RETURN(objects, read_all(places.prefixes, prefix));
  }
  return page_of(objects, prefix, after, limit);
}

Result<ObjectPage> SealedStore::list_in_order(const std::string& place, std::string_view after,
                                              std::size_t limit) {
  const std::string from = after.empty() ? "" : named_key(after);
  TW_ASSIGN_OR_RETURN(ObjectPage page, inner_.list(place, from, limit));
  for (ObjectInfo& object : page.objects) {
    object.key = names_.plain(object.key).value_or(object.key);
    object.size_bytes = plain_size(object.size_bytes);
  }
  return page;
}

// What no key of ours has named is not ours: it is left out.
Result<std::shared_ptr<const SealedStore::Objects>> SealedStore::read_all(
    const std::vector<std::string>& places, std::string_view prefix) {
  auto objects = std::make_shared<Objects>();
  for (const std::string& place : places) {
    std::string after;
    for (bool more = true; more;) {
      TW_ASSIGN_OR_RETURN(const ObjectPage page, inner_.list(place, after));
      for (const ObjectInfo& object : page.objects) {
        std::optional<std::string> key = names_.plain(object.key);
        if (!key || !key->starts_with(prefix)) continue;
        objects->push_back({*std::move(key), plain_size(object.size_bytes), object.modified_at});
      }
      more = page.more && !page.objects.empty();
      if (more) after = page.objects.back().key;
    }
  }
  std::ranges::sort(*objects, {}, &ObjectInfo::key);
  return std::shared_ptr<const Objects>(std::move(objects));
}

std::shared_ptr<const SealedStore::Objects> SealedStore::continued(std::string_view prefix,
                                                                   std::string_view after) {
  const std::lock_guard lock(mutex_);
  if (after.empty() || listing_.prefix != prefix || listing_.read_to != after) return nullptr;
  return listing_.objects;
}

ObjectPage SealedStore::page_of(const std::shared_ptr<const Objects>& objects, std::string_view prefix,
                                std::string_view after, std::size_t limit) {
  const auto first = std::ranges::upper_bound(*objects, after, {}, &ObjectInfo::key);
  const auto count = std::min<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(limit), objects->end() - first);
  ObjectPage page;
  page.objects.assign(first, first + count);
  page.more = first + count != objects->end();
  const std::lock_guard lock(mutex_);
  listing_ =
      page.more && count > 0 ? Listing{std::string(prefix), page.objects.back().key, objects} : Listing{};
  return page;
}

}  // namespace tradewind::sealing
