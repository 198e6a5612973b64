#include "app/api/openapi.h"
#include "app/server/serving.h"

namespace tradewind::server {

std::vector<Route> system_routes(const Serving& serving) {
  std::vector<Route> routes;
  routes.push_back({"GET", "/v1/health", [&serving](const Call&) -> Result<io::HttpResponse> {
                      TW_RETURN_IF_ERROR(serving.plane.view([](const ClusterState&) {}));
                      return json_response(200, json::object{{"status", "ok"}});
                    }});
  routes.push_back({"GET", "/v1/version", [&serving](const Call&) -> Result<io::HttpResponse> {
                      return json_response(200, to_json(serving.info));
                    }});
  routes.push_back(
      {"GET", "/openapi.json", [](const Call&) -> Result<io::HttpResponse> {
         return io::HttpResponse{
             200, {{"Content-Type", "application/json"}}, std::string(api::openapi_document()), {}};
       }});
  routes.push_back({"POST", "/v1/server/stop", [&serving](const Call&) -> Result<io::HttpResponse> {
                      serving.stop();
                      return json_response(202, json::object{{"stopping", true}});
                    }});
  return routes;
}

}  // namespace tradewind::server
