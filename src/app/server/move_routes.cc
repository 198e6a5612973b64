#include "app/server/serving.h"
#include "app/server/views.h"

namespace tradewind::server {
namespace {

Result<io::HttpResponse> request_move(const Serving& serving, const Call& call) {
  TW_ASSIGN_OR_RETURN(const JobId job, job_of(serving, call));
  TW_ASSIGN_OR_RETURN(const json::object body, call.body());
  const json::value document = body;
  JsonReader reader(document, "");
  const std::string to = reader.text("to");
  TW_RETURN_IF_ERROR(reader.status());
  TW_ASSIGN_OR_RETURN(const Location target, parse_location(to));
  TW_ASSIGN_OR_RETURN(const MoveId move, serving.plane.move(job, target));
  return json_response(202, json::object{{"move", move.text()}, {"job", job.text()}});
}

// With wait_s it answers when the move is over, or with how far it is when the wait is.
Result<io::HttpResponse> show(const Serving& serving, const Call& call) {
  const MoveId id(call.name("id"));
  api::MoveView view;
  const auto attempt = [&]() -> Result<bool> {
    return read_state<bool>(serving, [&](const ClusterState& state) -> Result<bool> {
      const auto move = state.moves.find(id);
      if (move == state.moves.end()) return Error{Code::not_found, "no move has the id '" + id.text() + "'"};
      view = move_view(state, move->second);
      return move->second.state == MoveState::done || move->second.state == MoveState::failed;
    });
  };
  TW_RETURN_IF_ERROR(wait_until(serving, call, attempt));
  return json_response(200, to_json(view));
}

}  // namespace

std::vector<Route> move_routes(const Serving& serving) {
  std::vector<Route> routes;
  routes.push_back(
      {"POST", "/v1/jobs/{id}/move", [&serving](const Call& call) { return request_move(serving, call); }});
  routes.push_back({"GET", "/v1/moves/{id}", [&serving](const Call& call) { return show(serving, call); }});
  return routes;
}

}  // namespace tradewind::server
