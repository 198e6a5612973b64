// What the owner of a sealed store may have put in the place of its key object, its names and its objects:
// refused, or read as what it is.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "edge/sealing/cipher.h"
#include "edge/sealing/key_object.h"
#include "edge/sealing/sealed_names.h"
#include "edge/sealing/user_key.h"

namespace {

using namespace tradewind;

void must(bool holds) {
  if (!holds) std::abort();
}

void read_key_object(std::string_view text) {
  const Result<sealing::KeyObject> object = sealing::key_object_from_text(text);
  if (!object.ok()) {
    must(object.error().code == Code::corrupt && !object.error().message.empty());
    return;
  }
  const Result<sealing::KeyObject> again = sealing::key_object_from_text(sealing::to_text(*object));
  must(again.ok() && *again == *object);
}

void read_name(const sealing::SealedNames& names, std::string_view name) {
  const std::optional<std::string> plain = names.plain(name);
  if (plain) must(names.sealed(*plain) == name || name.starts_with("sealed/named/"));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  static const sealing::DataKey key{sealing::SecretBytes(std::string(32, 'k'))};
  static const sealing::SealedNames names(key.for_names());
  read_key_object(input);
  read_name(names, input);
  must(!sealing::unseal(key.for_content(), "chunks/x", input));
  const std::string sealed = sealing::seal(key.for_content(), "chunks/x", input);
  must(sealing::unseal(key.for_content(), "chunks/x", sealed) == input);
  const Result<sealing::UserKey> user = sealing::parse_user_key(input, "the input");
  must(!user.ok() || !user->bytes.empty());
  return 0;
}
