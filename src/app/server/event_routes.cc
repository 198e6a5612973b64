#include "app/api/json_list.h"
#include "app/api/pages.h"
#include "app/server/serving.h"

namespace tradewind::server {
namespace {

constexpr std::size_t page_events_max = 1000;
// So that a proxy or a client in between does not take a quiet stream for a dead one.
constexpr Duration heartbeat{15'000};
constexpr Duration slice{250};

Result<api::EventPage> events_after(const Serving& serving, const std::string& subject, std::uint64_t after) {
  TW_ASSIGN_OR_RETURN(const std::vector<store::HistoryEntry> entries,
                      serving.plane.history({subject, after, page_events_max}));
  api::EventPage page;
  page.next = after;
  for (const store::HistoryEntry& entry : entries) {
    page.events.push_back({entry.sequence, entry.at, entry.kind, entry.subject, entry.detail});
    page.next = entry.sequence;
  }
  return page;
}

Result<io::HttpResponse> list(const Serving& serving, const Call& call) {
  TW_ASSIGN_OR_RETURN(const std::uint64_t after, call.count("after", 0, INT64_MAX));
  api::EventPage page;
  TW_RETURN_IF_ERROR(wait_until(serving, call, [&]() -> Result<bool> {
    TW_ASSIGN_OR_RETURN(page, events_after(serving, call.text("subject"), after));
    return !page.events.empty();
  }));
  return json_response(200, to_json(page));
}

std::string event_text(const api::EventView& event) {
  return "id: " + std::to_string(event.sequence) + "\nevent: " + event.kind +
         "\ndata: " + to_text(to_json(event)) + "\n\n";
}

// WHATWG HTML, "server-sent events".
void send_events(const Serving& serving, const std::string& subject, std::uint64_t after,
                 io::HttpStream& stream) {
  Duration last_sent = serving.clock.monotonic();
  if (!stream.write(": tradewind events\n\n").ok()) return;
  while (stream.alive() && !serving.stopping()) {
    const Result<std::uint64_t> version = serving.plane.wait_for_change(0, Duration{});
    const Result<api::EventPage> page = events_after(serving, subject, after);
    if (!version.ok() || !page.ok()) return;
    std::string text;
    for (const api::EventView& event : page->events) text += event_text(event);
    if (text.empty() && serving.clock.monotonic() - last_sent > heartbeat) text = ": still here\n\n";
    if (!text.empty()) {
      if (!stream.write(text).ok()) return;
      last_sent = serving.clock.monotonic();
    }
    after = page->next;
    if (page->events.size() < page_events_max && !serving.plane.wait_for_change(*version, slice).ok()) return;
  }
}

Result<io::HttpResponse> open_stream(const Serving& serving, const Call& call) {
  TW_ASSIGN_OR_RETURN(std::uint64_t after, call.count("after", 0, INT64_MAX));
  const std::string last(io::header_of(call.request.headers, "Last-Event-ID"));
  if (!last.empty() && last.size() < 19 && last.find_first_not_of("0123456789") == std::string::npos) {
    after = std::stoull(last);
  }
  const std::string subject = call.text("subject");
  return io::HttpResponse{
      200,
      {{"Content-Type", "text/event-stream"}, {"Cache-Control", "no-store"}},
      {},
      [&serving, subject, after](io::HttpStream& stream) { send_events(serving, subject, after, stream); }};
}

}  // namespace

std::vector<Route> event_routes(const Serving& serving) {
  std::vector<Route> routes;
  routes.push_back({"GET", "/v1/events", [&serving](const Call& call) { return list(serving, call); }});
  routes.push_back(
      {"GET", "/v1/events/stream", [&serving](const Call& call) { return open_stream(serving, call); }});
  return routes;
}

}  // namespace tradewind::server
