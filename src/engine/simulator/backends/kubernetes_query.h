// What a request to the modelled API server asks for.
#pragma once

#include <map>
#include <string>

#include "core/model/json.h"

namespace tradewind::simulator {

// Of the target's part behind the "?", decoded.
std::map<std::string, std::string> kube_query(const std::string& target);
// By a selector such as "tradewind.dev/owner=…" or "job-name=…"; an empty one selects all.
bool is_selected(const json::object& labels, const std::string& job, const std::string& selector);

}  // namespace tradewind::simulator
