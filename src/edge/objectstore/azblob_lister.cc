#include "edge/objectstore/azblob_lister.h"

#include <algorithm>

namespace tradewind::objectstore {
namespace {

constexpr std::size_t page_max = 5000;  // of one answer
constexpr std::size_t places_max = 64;

}  // namespace

Result<ObjectPage> AzblobLister::list(std::string_view prefix, std::string_view after, std::size_t limit) {
  const std::string folder = client_.url().prefix.empty() ? "" : client_.url().prefix + "/";
  const std::size_t wanted = std::max<std::size_t>(limit, 1);
  std::string marker = marker_of(prefix, after);
  // Pages that begin where the last one ended are as long as what is wanted; others may be long.
  const bool skips = marker.empty() && !after.empty();
  ObjectPage page;
  std::string last;
  for (;;) {
    const std::size_t count = skips ? page_max : std::min(page_max, wanted - page.objects.size());
    TW_ASSIGN_OR_RETURN(const AzblobList part, ask(folder + std::string(prefix), marker, count));
    for (const AzblobEntry& entry : part.entries) {
      if (!entry.name.starts_with(folder)) continue;
      if (entry.name <= last) {
        return Error{Code::invalid_argument,
                     to_text(client_.url()) + " lists '" + entry.name + "' after '" + last +
                         "': the account has a hierarchical namespace",
                     "use an account without one"};
      }
      last = entry.name;
      std::string key = entry.name.substr(folder.size());
      if (key <= after || !check_key(key).ok()) continue;
      page.more = page.objects.size() == wanted;
      if (page.more) break;
      page.objects.push_back({std::move(key), entry.size_bytes, entry.modified_at});
    }
    if (page.more) break;
    marker = part.next_marker;
    page.more = page.objects.size() == wanted && !marker.empty();
    if (page.more) remember({std::string(prefix), page.objects.back().key, marker});
    if (page.more || marker.empty()) break;
  }
  if (limit == 0) page = {{}, page.more || !page.objects.empty()};
  return page;
}

Result<AzblobList> AzblobLister::ask(const std::string& prefix, const std::string& marker,
                                     std::size_t count) {
  AzblobCall call{azblob_list, "GET", ""};
  call.query = {{"restype", "container"}, {"comp", "list"}, {"maxresults", std::to_string(count)}};
  if (!prefix.empty()) call.query.emplace_back("prefix", prefix);
  if (!marker.empty()) call.query.emplace_back("marker", marker);
  TW_ASSIGN_OR_RETURN(const AzblobAnswer answer, client_.call(call));
  if (!answer.done()) return client_.error_of(call, answer);
  return parse_azblob_list(answer.response.body);
}

std::string AzblobLister::marker_of(std::string_view prefix, std::string_view key) {
  const std::lock_guard lock(mutex_);
  for (const Place& place : places_) {
    if (place.prefix == prefix && place.key == key) return place.marker;
  }
  return "";
}

void AzblobLister::remember(Place place) {
  const std::lock_guard lock(mutex_);
  places_.push_front(std::move(place));
  if (places_.size() > places_max) places_.pop_back();
}

}  // namespace tradewind::objectstore
