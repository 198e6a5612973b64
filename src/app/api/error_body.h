// Errors as programs get them: {"error":{"code","message","hint"}}, the same from server and CLI.
#pragma once

#include "base/result.h"
#include "core/model/json.h"

namespace tradewind::api {

// `hint` is null where there is none.
json::value error_body(const Error& error);
// Reads the above. Anything else becomes an `internal` that names the HTTP status.
Error error_from_body(int http_status, std::string_view body);

// 400 invalid_argument, 401 unauthorized, 403 quota_exceeded, 404 not_found, 409 conflict, fenced, cancelled,
// 429 rate_limited, 500 corrupt, internal, 503 unavailable, insufficient_capacity.
int http_status_of(Code code);

}  // namespace tradewind::api
