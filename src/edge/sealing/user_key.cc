#include "edge/sealing/user_key.h"

#include <filesystem>

#include "base/text.h"
#include "edge/io/files.h"
#include "edge/io/hash.h"
#include "edge/io/process.h"

namespace tradewind::sealing {
namespace {

constexpr std::string_view key_mark = "twkey-";
constexpr std::size_t key_bytes = 32;
constexpr std::size_t text_bytes_max = 1024;
constexpr const char* file_variable = "TRADEWIND_KEY_FILE";
constexpr const char* command_variable = "TRADEWIND_KEY_COMMAND";
constexpr const char* value_variable = "TRADEWIND_KEY";
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
  return std::string(key_mark) + io::hex(io::random_bytes(key_bytes));
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
  std::optional<std::string> bytes = io::decode_hex(text.substr(key_mark.size()));
  if (!bytes || bytes->size() != key_bytes) {
    return Error{Code::invalid_argument,
                 from + " gives a key that is not whole: after twkey- come 64 digits of 0-9 and a-f"};
  }
  return UserKey{SecretBytes(*std::move(bytes)), false, from};
}

KeyPlaces key_places(const std::map<std::string, std::string>& environment,
                     const std::string& working_folder) {
  const auto variable = [&](const char* name) {
    const auto found = environment.find(name);
    return found == environment.end() ? std::string() : found->second;
  };
  KeyPlaces places;
  places.environment = environment;
  places.file = variable(file_variable);
  places.command = variable(command_variable);
  places.value = variable(value_variable);
  places.value_from = std::string("$") + value_variable;
  if (!places.file.empty()) {
    places.file = (std::filesystem::path(working_folder) / places.file).lexically_normal().string();
  }
  return places;
}

bool names_user_key(std::string_view name) {
  return name == file_variable || name == command_variable || name == value_variable;
}

Result<std::optional<UserKey>> read_user_key(const KeyPlaces& places) {
  if (!places.file.empty()) return from_file(places.file);
  if (!places.command.empty()) return from_command(places);
  if (!places.value.empty()) return from_text(places.value, places.value_from);
  return std::optional<UserKey>();
}

}  // namespace tradewind::sealing
