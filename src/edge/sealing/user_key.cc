#include "edge/sealing/user_key.h"

#include "base/text.h"
#include "edge/io/files.h"
#include "edge/io/process.h"
#include "edge/objectstore/hash.h"

namespace tradewind::sealing {
namespace {

constexpr std::string_view key_mark = "twkey-";
constexpr std::size_t key_bytes = 32;
constexpr std::size_t text_bytes_max = 1024;
constexpr Duration command_patience = std::chrono::minutes(1);

Result<std::optional<UserKey>> from_text(std::string_view text, const std::string& from) {
  TW_ASSIGN_OR_RETURN(UserKey key, parse_user_key(text, from));
  return std::optional(std::move(key));
}

Result<std::optional<UserKey>> from_file(const std::string& file) {
  TW_ASSIGN_OR_RETURN(const std::string text, io::read_file(file, text_bytes_max + 2));
  return from_text(text, "the file '" + file + "'");
}

// What it writes to stderr may be a hint or a secret's remains: only how it ended is told.
Result<std::optional<UserKey>> from_command(const KeyPlaces& places) {
  const std::string shown = "the key command '" + places.command + "'";
  Result<io::CommandOutput> run =
      io::run_command({.argv = {"/bin/sh", "-c", places.command}, .environment = places.environment},
                      command_patience, text_bytes_max + 2);
  if (!run.ok()) return Error{Code::unavailable, shown + ": " + run.error().message};
  if (!run->status.success()) {
    return Error{Code::unavailable, shown + " failed: " + io::to_text(run->status),
                 "run it in a shell; it must print the key and nothing else"};
  }
  return from_text(run->out, shown);
}

}  // namespace

std::string new_key_text() {
  return std::string(key_mark) + objectstore::hex(objectstore::random_bytes(key_bytes));
}

Result<UserKey> parse_user_key(std::string_view text, const std::string& from) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  if (text.empty()) return Error{Code::invalid_argument, from + " gives no key: it is empty"};
  if (text.size() > text_bytes_max || text.find('\n') != std::string_view::npos) {
    return Error{Code::invalid_argument, from + " gives no key: it is longer than one line",
                 "tradewind checkpoint new-key FILE makes one"};
  }
  if (!text.starts_with(key_mark)) return UserKey{SecretBytes(std::string(text)), true, from};
  std::optional<std::string> bytes = objectstore::decode_hex(text.substr(key_mark.size()));
  if (!bytes || bytes->size() != key_bytes) {
    return Error{Code::invalid_argument,
                 from + " gives a key that is not whole: after twkey- come 64 digits of 0-9 and a-f"};
  }
  return UserKey{SecretBytes(*std::move(bytes)), false, from};
}

Result<std::optional<UserKey>> read_user_key(const KeyPlaces& places) {
  if (!places.file.empty()) return from_file(places.file);
  if (!places.command.empty()) return from_command(places);
  if (!places.value.empty()) return from_text(places.value, places.value_from);
  return std::optional<UserKey>();
}

}  // namespace tradewind::sealing
