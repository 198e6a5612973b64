// What a supplier's program is asked and what it answers, as JSON (docs/suppliers/exec.md, protocol 1). It is
// somebody else's program: each answer is checked against what was asked before it is believed, and an error
// names the field.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/json.h"
#include "edge/provider/provider.h"

namespace tradewind::exec {

inline constexpr int protocol_version = 1;

// --- requests: the members of "params" ---
json::object capabilities_params(const std::string& supplier);
json::object offers_params(const provider::OfferQuery& query);
json::object launch_params(const provider::LaunchRequest& request, const std::string& agent_program);
json::object instances_params(const OwnerId& owner, const provider::PageToken& page);
json::object terminate_params(const InstanceRef& instance);
// One line with its end.
std::string request_line(std::int64_t id, std::string_view method, json::object params);

// --- answers. Their errors name the field: "result.offers[2].price_per_hour is below zero". ---

// The envelope. It holds a result or an error, which is the program's own.
struct Answer {
  std::int64_t id = 0;
  std::optional<json::value> result;
  std::optional<Error> error;
};
// Of one line without its end. Errors also where the error has no message, or a code that there is not.
Result<Answer> read_answer(std::string_view line);

struct Told {
  provider::Capabilities facts;  // of the supplier `name`
  int parallel = 1;              // requests that may be out at once
};
Result<Told> read_capabilities(const json::value& result, const std::string& name);
// Each with `today` where the program says no day.
Result<std::vector<Offer>> read_offers(const json::value& result, const Told& told,
                                       const provider::OfferQuery& asked, const std::string& today);
Result<provider::Launched> read_launched(const json::value& result, const provider::LaunchRequest& asked);
Result<InstancePage> read_instances(const json::value& result, const std::string& name, const OwnerId& owner,
                                    const provider::PageToken& asked);
Result<provider::TerminateState> read_terminated(const json::value& result);

}  // namespace tradewind::exec
