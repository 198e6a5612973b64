// Asking a service of Google's for a token, and what its refusal means.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "edge/cloud/google/google_links.h"
#include "edge/cloud/query.h"
#include "edge/io/http_message.h"

namespace tradewind::cloud {

// What tokens are for: objects; or, of an identity that takes over another, all that it may do.
inline constexpr std::string_view google_storage_scope =
    "https://www.googleapis.com/auth/devstorage.read_write";
inline constexpr std::string_view google_platform_scope = "https://www.googleapis.com/auth/cloud-platform";
inline constexpr std::string_view google_token_url = "https://oauth2.googleapis.com/token";
inline constexpr Duration google_patience{10'000};

struct GoogleToken {
  std::string text;
  Time expires_at;
};

// A form (RFC 6749) to a URL that stands in `named_by`, which is only followed by https or on this machine.
// Any status is an answer. unauthorized: the URL is none that a secret may go to; unavailable: nobody
// answered.
Result<io::HttpResponse> send_google_form(const GoogleLookup& look, std::string_view url,
                                          std::string_view named_by, const Query& form,
                                          std::vector<io::HttpHeader> headers = {});
// The same for JSON.
Result<io::HttpResponse> send_google_json(const GoogleLookup& look, std::string_view url,
                                          std::string_view named_by, const json::value& body,
                                          std::vector<io::HttpHeader> headers);
// "Basic …" of RFC 6749 §2.3.1.
io::HttpHeader google_basic_header(std::string_view id, std::string_view secret);

// "invalid_grant: its sentence", as RFC 6749 or IAM says it; "status 400" where there is no sentence.
std::string google_refusal_text(const io::HttpResponse& answer);
// unavailable for what passes, else unauthorized with this cure.
Error google_refusal(const io::HttpResponse& answer, const std::string& who, const std::string& cure);

// {"access_token":…,"expires_in":3600}. corrupt: it holds no token.
Result<GoogleToken> google_token_of(const GoogleLookup& look, std::string_view body, const std::string& who);

}  // namespace tradewind::cloud
