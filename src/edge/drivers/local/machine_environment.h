// What the programs of an instance find in their environment.
#pragma once

#include <map>
#include <string>

namespace tradewind::local {

// The user's own environment, since this is the user's own machine, without what a rented machine would not
// have: credentials of suppliers and services (by the names that these are known under), and our own
// settings.
std::map<std::string, std::string> machine_environment(std::map<std::string, std::string> own);

}  // namespace tradewind::local
