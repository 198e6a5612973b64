#include "edge/io/http_target.h"

#include "base/text.h"

namespace tradewind::io {
namespace {

constexpr std::string_view hex_digits = "0123456789ABCDEF";

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

Result<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
      const int low = high >= 0 ? hex_value(text[i + 2]) : -1;
      if (low < 0) return Error{Code::invalid_argument, "the address holds a broken percent-encoding"};
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (plus_is_space && c == '+') {
      c = ' ';
    }
    if (static_cast<unsigned char>(c) < 0x20) {
      return Error{Code::invalid_argument, "the address holds a control character"};
    }
    out += c;
  }
  return out;
}

Status read_query(std::string_view text, std::map<std::string, std::string>& query) {
  for (const std::string& pair : split(text, '&')) {
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    TW_ASSIGN_OR_RETURN(std::string key, percent_decode(std::string_view(pair).substr(0, equals), true));
    std::string value;
    if (equals != std::string::npos) {
      TW_ASSIGN_OR_RETURN(value, percent_decode(std::string_view(pair).substr(equals + 1), true));
    }
    query.insert_or_assign(std::move(key), std::move(value));
  }
  return {};
}

}  // namespace

Result<HttpTarget> parse_http_target(std::string_view target) {
  if (target.empty() || target.front() != '/') {
    return Error{Code::invalid_argument, "the address does not begin with '/'"};
  }
  HttpTarget parsed;
  const std::size_t question = target.find('?');
  if (question != std::string_view::npos) {
    TW_RETURN_IF_ERROR(read_query(target.substr(question + 1), parsed.query));
  }
  for (const std::string& part : split(target.substr(0, question), '/')) {
    if (part.empty()) continue;
    TW_ASSIGN_OR_RETURN(std::string decoded, percent_decode(part, false));
    parsed.parts.push_back(std::move(decoded));
  }
  return parsed;
}

std::string percent_encode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                            c == '-' || c == '.' || c == '_' || c == '~';
    if (unreserved) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += hex_digits[byte >> 4];
      out += hex_digits[byte & 15];
    }
  }
  return out;
}

}  // namespace tradewind::io
