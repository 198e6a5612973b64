// The host's side of a supplier that is reached by SSH: answers one question (node_wire.h) and ends. What
// runs on the host are machines of the local supplier (drivers/local), which need nobody to talk to.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace tradewind::node {

struct NodeProgram {
  std::string path;                                // this program, which is the agent, too
  std::map<std::string, std::string> environment;  // its own
};

// Reads the question and returns the answer, both a JSON document.
std::string answer_call(std::string_view question, const NodeProgram& program);

}  // namespace tradewind::node
