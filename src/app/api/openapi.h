// The OpenAPI 3.1 document of the REST API, as served under /openapi.json: the contract with programs.
#pragma once

#include <string_view>

namespace tradewind::api {

std::string_view openapi_document();

}  // namespace tradewind::api
