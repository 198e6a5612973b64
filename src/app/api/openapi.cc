#include "app/api/openapi.h"

extern "C" const char tradewind_openapi_begin[];
extern "C" const char tradewind_openapi_end[];

namespace tradewind::api {

std::string_view openapi_document() {
  return {tradewind_openapi_begin, static_cast<std::size_t>(tradewind_openapi_end - tradewind_openapi_begin)};
}

}  // namespace tradewind::api
