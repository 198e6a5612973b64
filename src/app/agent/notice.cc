#include "app/agent/notice.h"

#include "core/model/json.h"

namespace tradewind::agent {

Result<PreemptionNotice> parse_notice(std::string_view text, Time now) {
  TW_ASSIGN_OR_RETURN(const json::value document, parse_json(text, 64 << 10));
  JsonReader reader(document, "notice");
  PreemptionNotice notice;
  notice.seen_at = now;
  notice.deadline = reader.has("deadline") ? reader.time("deadline") : reader.time("time");
  notice.reason = reader.text_or("reason", reader.text_or("action", "reclaimed by the supplier"));
  TW_RETURN_IF_ERROR(reader.status());
  return notice;
}

PreemptionNotice bare_notice(Time now, Duration lead) {
  return {now, now + lead, "reclaimed by the supplier"};
}

}  // namespace tradewind::agent
