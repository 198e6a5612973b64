// What a person keeps, and a store never sees: a key, or a passphrase.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "edge/sealing/secret_bytes.h"

namespace tradewind::sealing {

struct UserKey {
  SecretBytes bytes;        // 32 of a key; as they were given of a passphrase
  bool passphrase = false;  // then it is stretched before it is used
  std::string from = {};    // "the file '/home/ann/tradewind.key'": for messages
};

// "twkey-" and 64 hex digits, from the kernel's random bytes.
std::string new_key_text();

// The text of a key or, when it is no key, of a passphrase; one newline at its end is passed over.
// invalid_argument: empty, longer than 1024 bytes, or a key that was cut. Never repeats the text.
Result<UserKey> parse_user_key(std::string_view text, const std::string& from);

// Where to look: the first that is said counts.
struct KeyPlaces {
  std::string file = {};
  std::string command = {};  // run by sh; what it prints
  std::string value = {};    // the text itself
  std::string value_from = {};
  // What the command is given, and says PATH.
  std::map<std::string, std::string> environment = {};
};
// What the environment says: $TRADEWIND_KEY_FILE, a path from `working_folder` on, $TRADEWIND_KEY_COMMAND or
// $TRADEWIND_KEY.
KeyPlaces key_places(const std::map<std::string, std::string>& environment,
                     const std::string& working_folder);
// Whether a variable of this name leads to a user's key: for no program that needs none.
bool names_user_key(std::string_view name);

// Nothing: no place is said. not_found, unauthorized: the file; unavailable: the command failed, or took
// longer than a minute; the errors of parse_user_key.
Result<std::optional<UserKey>> read_user_key(const KeyPlaces& places);

}  // namespace tradewind::sealing
