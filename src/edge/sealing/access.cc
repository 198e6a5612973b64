#include "edge/sealing/access.h"

#include <algorithm>

#include "edge/sealing/sealed_names.h"

namespace tradewind::sealing {
namespace {

using objectstore::ObjectPage;
using objectstore::ObjectStore;
using objectstore::PutCondition;

constexpr std::size_t passphrase_letters_min = 8;
constexpr const char* how_to_give =
    "give it by --key-file FILE, --key-command COMMAND or TRADEWIND_KEY_FILE, TRADEWIND_KEY_COMMAND, "
    "TRADEWIND_KEY in the environment";

Result<bool> holds_any(ObjectStore& store, std::string_view prefix) {
  TW_ASSIGN_OR_RETURN(const ObjectPage page, store.list(prefix, "", 1));
  return !page.objects.empty();
}

Result<KeyObject> read_copy(ObjectStore& store, std::string_view name) {
  TW_ASSIGN_OR_RETURN(const std::string text, store.get(name, {0, key_object_bytes_max + 1}));
  return key_object_from_text(text);
}

// The first copy that is whole. A store that does not answer is not one that has lost its key.
Result<KeyObject> read_key_object(ObjectStore& store) {
  std::optional<Error> problem;
  for (const std::string_view name : key_objects) {
    Result<KeyObject> object = read_copy(store, name);
    if (object.ok()) return object;
    const Code code = object.error().code;
    if (code != Code::not_found && code != Code::corrupt) return object.error();
    if (!problem || code == Code::corrupt) problem = object.error();
  }
  return Error{Code::corrupt,
               "the store " + store.url() + " is encrypted, and what its data key was wrapped in is " +
                   (problem->code == Code::not_found ? "gone" : "damaged: " + problem->message),
               "put sealed/key or sealed/key.copy back from a backup; without one nothing can be read"};
}

Status write_key_object(ObjectStore& store, const KeyObject& object) {
  for (const std::string_view name : key_objects) {
    TW_RETURN_IF_ERROR(store.put(name, to_text(object), PutCondition::always));
  }
  return {};
}

Result<UserKey> asked(const AskForKey& ask, Code code, const std::string& why) {
  TW_ASSIGN_OR_RETURN(std::optional<UserKey> key, ask());
  if (key) return *std::move(key);
  return Error{code, why + ", and no key was given", how_to_give};
}

Result<DataKey> open_with(ObjectStore& store, const UserKey& key) {
  TW_ASSIGN_OR_RETURN(const KeyObject object, read_key_object(store));
  Result<DataKey> opened = unwrap(object, key);
  if (opened.ok()) return opened;
  return Error{opened.error().code,
               "the store " + store.url() + " is encrypted, and " + opened.error().message,
               opened.error().hint};
}

Status fit_to_begin(ObjectStore& store, const UserKey& key) {
  if (key.passphrase && key.bytes.view().size() < passphrase_letters_min) {
    return Error{Code::invalid_argument, "the passphrase from " + key.from + " is shorter than 8 bytes",
                 "take a longer one, or tradewind checkpoint new-key FILE"};
  }
  TW_ASSIGN_OR_RETURN(const bool plain, holds_any(store, "manifests/"));
  if (!plain) return {};
  return Error{Code::invalid_argument,
               "the store " + store.url() + " holds checkpoints that are not encrypted",
               "encrypt into an empty store: tradewind checkpoint copy FROM TO --encrypt"};
}

// Of two that begin at once, one's key is there first, and both go on with it.
Result<DataKey> begin(ObjectStore& store, const AskForKey& ask) {
  TW_ASSIGN_OR_RETURN(const UserKey key,
                      asked(ask, Code::invalid_argument, "the store " + store.url() + " is to be encrypted"));
  TW_RETURN_IF_ERROR(fit_to_begin(store, key));
  DataKey fresh = DataKey::fresh();
  const KeyObject object{{wrap(fresh, key)}};
  const Status first = store.put(key_objects[0], to_text(object), PutCondition::if_absent);
  if (!first.ok() && first.error().code == Code::conflict) return open_with(store, key);
  if (!first.ok()) return first.error();
  TW_RETURN_IF_ERROR(store.put(key_objects[1], to_text(object), PutCondition::always));
  return fresh;
}

}  // namespace

Result<std::optional<DataKey>> data_key_of(ObjectStore& store, SealWish wish, const AskForKey& ask) {
  TW_ASSIGN_OR_RETURN(const bool sealed, holds_any(store, sealed_folder));
  if (!sealed && wish == SealWish::begin) {
    TW_ASSIGN_OR_RETURN(DataKey key, begin(store, ask));
    return std::optional(std::move(key));
  }
  if (!sealed) {
    if (wish == SealWish::plain || wish == SealWish::either) return std::optional<DataKey>();
    TW_ASSIGN_OR_RETURN(const std::optional<UserKey> key, ask());
    if (!key) return std::optional<DataKey>();
    return Error{Code::unauthorized,
                 "there is a key from " + key->from + ", and the store " + store.url() + " is not encrypted",
                 "--encrypt begins to encrypt an empty store; --plain uses this one as it is"};
  }
  if (wish == SealWish::plain) {
    return Error{Code::invalid_argument, "the store " + store.url() + " is encrypted", "leave out --plain"};
  }
  TW_ASSIGN_OR_RETURN(const UserKey key,
                      asked(ask, Code::unauthorized, "the store " + store.url() + " is encrypted"));
  TW_ASSIGN_OR_RETURN(DataKey opened, open_with(store, key));
  return std::optional(std::move(opened));
}

Status rekey(ObjectStore& store, const Rekey& change) {
  TW_ASSIGN_OR_RETURN(const bool sealed, holds_any(store, sealed_folder));
  if (!sealed) {
    return Error{Code::invalid_argument, "the store " + store.url() + " is not encrypted",
                 "encrypt into an empty store: tradewind checkpoint copy FROM TO --encrypt"};
  }
  TW_ASSIGN_OR_RETURN(const DataKey key, open_with(store, change.with));
  KeyObject object;
  if (change.keep_others) {
    TW_ASSIGN_OR_RETURN(object, read_key_object(store));
  }
  object.keys.push_back(wrap(key, change.by));
  const Result<KeyObject> readable = key_object_from_text(to_text(object));
  if (!readable.ok()) return Error{Code::invalid_argument, readable.error().message};
  return write_key_object(store, object);
}

}  // namespace tradewind::sealing
