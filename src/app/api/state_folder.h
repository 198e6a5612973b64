// What lies where in the control plane's state folder: the server and every client of it must agree.
#pragma once

#include <string>

namespace tradewind::api {

struct StateFolder {
  std::string path;  // absolute

  std::string socket() const { return path + "/server.sock"; }
  std::string server_lock() const { return path + "/server.lock"; }  // held by the server as long as it lives
  std::string server_pid() const { return path + "/server.pid"; }    // for messages to people
  std::string start_lock() const { return path + "/start.lock"; }    // held by the CLI that is starting one
  std::string log() const { return path + "/server.log"; }
  std::string token() const { return path + "/token"; }  // of TCP clients
  std::string database() const { return path + "/state.db"; }
  bool operator==(const StateFolder&) const = default;
};

// For a state folder that cannot be used.
constexpr const char* unusable_folder_cure = "set TRADEWIND_HOME to a folder that you can write";

}  // namespace tradewind::api
