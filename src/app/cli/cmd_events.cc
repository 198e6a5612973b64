// tradewind events: what happened, in order, from the control plane's own history.
#include <algorithm>
#include <ostream>
#include <thread>
#include <utility>

#include "app/api/pages.h"
#include "app/cli/connect.h"
#include "app/cli/text_width.h"
#include "app/cli/verbs.h"
#include "edge/io/http_target.h"

namespace tradewind::cli {
namespace {

constexpr int kind_width = 20;
constexpr int subject_width = 22;

// `wait_s`: how long the server may wait for news before it answers with none.
Result<api::EventPage> fetch(ApiClient& client, const std::string& subject, std::uint64_t after, int wait_s) {
  std::string target = "/v1/events?after=" + std::to_string(after) + "&wait_s=" + std::to_string(wait_s);
  if (!subject.empty()) target += "&subject=" + io::percent_encode(subject);
  TW_ASSIGN_OR_RETURN(const json::value answer, client.get(target));
  return api::event_page_from_json(answer, "events");
}

std::string padded(const std::string& text, int width) {
  const int missing = width - display_width(text);
  return text + std::string(static_cast<std::size_t>(std::max(missing, 0)), ' ');
}

Style style_of(const std::string& kind) {
  const auto says = [&](const char* word) { return kind.find(word) != std::string::npos; };
  if (says("fail") || says("lost") || says("preempt") || says("unseen")) return Style::yellow;
  if (says("succeed") || says("finish")) return Style::green;
  return Style::plain;
}

std::string event_line(const api::EventView& event, bool colour) {
  const std::string time = paint(Style::dim, format_utc(event.at), colour);
  const std::string kind = paint(style_of(event.kind), padded(printable(event.kind), kind_width), colour);
  std::string line = time + "  " + kind + "  " + padded(printable(event.subject), subject_width);
  if (!event.detail.empty()) line += "  " + printable(event.detail);
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

// One event on one line: with --json a document of its own.
void print_event(const api::EventView& event, Context& context) {
  context.out << (context.json ? to_text(api::to_json(event)) : event_line(event, context.terminal.colour))
              << "\n";
}

Result<ExitCode> print_all(const EventsOptions& options, ApiClient& client, Context& context) {
  api::EventPage all;
  all.next = options.after;
  while (!context.interrupted) {
    TW_ASSIGN_OR_RETURN(const api::EventPage page, fetch(client, options.subject, all.next, 0));
    if (page.events.empty()) break;
    all.next = page.next;
    for (const api::EventView& event : page.events) {
      if (context.json) {
        all.events.push_back(event);
      } else {
        print_event(event, context);
      }
    }
  }
  if (context.json) print_json(context, api::to_json(all));
  return context.interrupted ? ExitCode::interrupted : ExitCode::done;
}

constexpr Duration pause_without_server{500};

// Without its server a list of events waits: jobs go on, and whoever starts the next server has more to tell.
Result<ExitCode> follow(const EventsOptions& options, ApiClient client, Context& context) {
  std::uint64_t after = options.after;
  bool away = false;
  while (!context.interrupted && context.out) {
    // One second at most, so that Ctrl-C is answered soon.
    const Result<api::EventPage> page = fetch(client, options.subject, after, 1);
    if (!page.ok()) {
      if (!is_away(page.error())) return page.error();
      if (!std::exchange(away, true)) print_warning(context, "the server does not answer; waiting for it");
      std::this_thread::sleep_for(pause_without_server);
      Result<ApiClient> again = connect_if_running(context);
      if (again.ok()) client = *std::move(again);
      continue;
    }
    away = false;
    for (const api::EventView& event : page->events) print_event(event, context);
    context.out.flush();
    after = page->next;
  }
  return ExitCode::interrupted;
}

}  // namespace

Result<ExitCode> run_events(const EventsOptions& options, Context& context) {
  TW_ASSIGN_OR_RETURN(ApiClient client, connect(context));
  if (!options.follow) return print_all(options, client, context);
  // Who only watches leaves a stopped server stopped.
  TW_ASSIGN_OR_RETURN(ApiClient watching, connect_if_running(context));
  return follow(options, std::move(watching), context);
}

}  // namespace tradewind::cli
