#include "app/cli/archive_key.h"

#include <filesystem>
#include <memory>
#include <ostream>

#include "app/cli/checkpoint_store.h"
#include "edge/io/files.h"

namespace tradewind::cli {
namespace {

namespace fs = std::filesystem;
using sealing::UserKey;

std::string from_working_folder(const std::string& file, const Context& context) {
  return file.empty() ? file : (fs::path(context.working_folder) / file).lexically_normal().string();
}

sealing::KeyPlaces places_of(const SealOptions& options, const Context& context) {
  if (options.key_file.empty() && options.key_command.empty()) {
    return sealing::key_places(context.environment, context.working_folder);
  }
  sealing::KeyPlaces places;
  places.environment = context.environment;
  places.file = from_working_folder(options.key_file, context);
  places.command = options.key_command;
  return places;
}

Result<UserKey> key_of(const SealOptions& options, const Context& context, const std::string& which,
                       const std::string& cure) {
  TW_ASSIGN_OR_RETURN(std::optional<UserKey> key, ask_for_key(options, context)());
  if (key) return *std::move(key);
  return Error{Code::invalid_argument, which + " is not said", cure};
}

}  // namespace

sealing::AskForKey ask_for_key(const SealOptions& options, const Context& context) {
  using Asked = std::optional<Result<std::optional<UserKey>>>;
  return [places = places_of(options, context), asked = std::make_shared<Asked>()] {
    if (!*asked) *asked = sealing::read_user_key(places);
    return **asked;
  };
}

Result<sealing::SealWish> seal_wish(const SealOptions& options) {
  if (options.encrypt && options.plain) {
    return Error{Code::invalid_argument, "--encrypt and --plain exclude each other"};
  }
  if (options.encrypt) return sealing::SealWish::begin;
  return options.plain ? sealing::SealWish::plain : sealing::SealWish::as_found;
}

Result<ExitCode> make_new_key(const std::string& file, Context& context) {
  const std::string text = sealing::new_key_text();
  if (file.empty()) {
    context.out << text << "\n";
    return ExitCode::done;
  }
  const std::string path = from_working_folder(file, context);
  const Status made = io::create_file_atomic(path, text + "\n", {.mode = 0600});
  if (!made.ok() && made.error().code == Code::conflict) {
    return Error{Code::conflict, "the file '" + path + "' exists, and a key in it may be needed",
                 "name a file that does not exist"};
  }
  if (!made.ok()) return made.error();
  if (context.json) {
    print_json(context, json::object{{"key_file", path}});
    return ExitCode::done;
  }
  context.out << "Made a key in " << path << ". Keep a copy where the stores' owners cannot read it.\n"
              << "Whoever has it can read what is encrypted by it. Without it nobody can, you neither.\n";
  return ExitCode::done;
}

Result<ExitCode> change_key(const ArchiveOptions& options, Context& context) {
  const std::string url = store_url(options.store, context.working_folder);
  TW_ASSIGN_OR_RETURN(const std::unique_ptr<objectstore::ObjectStore> store, open_existing_store(url));
  if (options.new_seal.key_file.empty() && options.new_seal.key_command.empty()) {
    return Error{Code::invalid_argument, "the new key is not said",
                 "say --new-key-file FILE or --new-key-command COMMAND"};
  }
  TW_ASSIGN_OR_RETURN(const UserKey with, key_of(options.seal, context, "the key that opens it now",
                                                 "say --key-file FILE or --key-command COMMAND"));
  TW_ASSIGN_OR_RETURN(const UserKey by, key_of(options.new_seal, context, "the new key", ""));
  TW_RETURN_IF_ERROR(sealing::rekey(*store, {with, by, options.keep_old}));
  if (context.json) {
    print_json(context, json::object{{"store", store->url()}, {"kept_old", options.keep_old}});
    return ExitCode::done;
  }
  context.out << store->url() << " opens with the key from " << by.from
              << (options.keep_old ? " as well.\n" : " now, and with no other.\n");
  if (!options.keep_old) {
    context.out
        << "Who had the old key may have kept what it opened. To shut them out of what comes, copy into a "
           "new store: tradewind checkpoint copy "
        << store->url() << " NEW --encrypt\n";
  }
  return ExitCode::done;
}

}  // namespace tradewind::cli
