#include "app/cli/context.h"

#include <array>
#include <istream>
#include <ostream>
#include <pwd.h>
#include <thread>
#include <unistd.h>

#include "app/api/error_body.h"

namespace tradewind::cli {

std::optional<std::string> Context::variable(const std::string& name) const {
  const auto found = environment.find(name);
  return found == environment.end() ? std::nullopt : std::optional(found->second);
}

std::string user_name(const Context& context) {
  for (const char* name : {"USER", "LOGNAME"}) {
    if (const auto said = context.variable(name); said && !said->empty()) return *said;
  }
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 4096> room{};
  return ::getpwuid_r(::getuid(), &entry, room.data(), room.size(), &found) == 0 && found != nullptr
             ? found->pw_name
             : "";
}

void pause_for(const Context& context, Duration span) {
  constexpr int parts = 10;
  for (int i = 0; i < parts && !context.interrupted; ++i) std::this_thread::sleep_for(span / parts);
}

void print_json(Context& context, const json::value& document) {
  // A person who asks for JSON wants to read it.
  context.out << (context.terminal.out_is_tty ? to_pretty(document) : to_text(document) + "\n");
}

ExitCode print_error(Context& context, const Error& error) {
  if (context.json) {
    print_json(context, api::error_body(error));
    return exit_code_of(error.code);
  }
  const bool colour = context.terminal.err_colour;
  // A message of several lines shows a file's errors in their places and speaks for itself.
  const bool whole = error.message.find('\n') != std::string::npos;
  context.err << (whole ? error.message : paint(Style::red, "error: ", colour) + error.message + "\n");
  if (!error.hint.empty()) context.err << paint(Style::dim, "       " + error.hint, colour) << "\n";
  return exit_code_of(error.code);
}

void print_warning(Context& context, const std::string& sentence) {
  context.err << paint(Style::yellow, "warning: ", context.terminal.err_colour) << sentence << "\n";
}

}  // namespace tradewind::cli
