// What the programs of an instance find in their environment.
#pragma once

#include <map>
#include <string>

namespace tradewind::local {

// The user's own environment, since this is the user's own machine, without what a rented machine would not
// have: credentials of suppliers and services (by the names that these are known under), and our own
// settings.
std::map<std::string, std::string> machine_environment(std::map<std::string, std::string> own);

// What only the agent is to have (provider::LaunchRequest::secrets), in the environment of the machine that
// starts it: under other names, so that no program on the way takes it for its own.
std::map<std::string, std::string> handed_over(const std::map<std::string, std::string>& secrets);
// The same as the machine gets it, out of its own environment, where nothing is left of it. Before the first
// thread.
std::map<std::string, std::string> take_secrets();

}  // namespace tradewind::local
