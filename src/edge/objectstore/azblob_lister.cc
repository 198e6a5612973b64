#include "edge/objectstore/azblob_lister.h"

#include <algorithm>
#include <iterator>

namespace tradewind::objectstore {
namespace {

constexpr std::size_t page_max = 5000;  // of one answer
constexpr std::size_t places_max = 64;
constexpr std::size_t hop_max = 8;  // so many objects are looked for by folders

// "a/b/" of "a/b/c"; "" of "a".
std::string_view folder_of(std::string_view key) {
  const std::size_t slash = key.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : key.substr(0, slash + 1);
}

}  // namespace

AzblobLister::AzblobLister(AzblobClient& client)
    : client_(client), folder_(client.url().prefix.empty() ? "" : client.url().prefix + "/") {}

Result<ObjectPage> AzblobLister::list(std::string_view prefix, std::string_view after, std::size_t limit) {
  if (!after.starts_with(prefix)) {
    if (after > prefix) return ObjectPage{};
    after = "";
  }
  const std::size_t wanted = std::max<std::size_t>(limit, 1);
  std::string marker = marker_of(prefix, after);
  const bool hops = marker.empty() && !after.empty() && wanted <= hop_max;
  TW_ASSIGN_OR_RETURN(ObjectPage page, hops ? hop(prefix, after, wanted)
                                            : walk(std::string(prefix), after, std::move(marker), wanted));
  if (limit == 0) page = {{}, page.more || !page.objects.empty(), {}};
  return page;
}

// All names from the marker on, or from the first.
Result<ObjectPage> AzblobLister::walk(const std::string& prefix, std::string_view after, std::string marker,
                                      std::size_t wanted) {
  // Pages that begin where the last one ended are as long as what is wanted; others may be long.
  const bool skips = marker.empty() && !after.empty();
  ObjectPage page;
  std::string last;
  for (;;) {
    const std::size_t count = skips ? page_max : std::min(page_max, wanted - page.objects.size());
    TW_ASSIGN_OR_RETURN(const AzblobList part, ask(prefix, marker, count, false));
    for (const AzblobEntry& entry : part.entries) {
      if (entry.name <= last) return out_of_order(last, entry.name);
      last = entry.name;
      std::string key = entry.name.substr(folder_.size());
      if (key <= after) continue;
      if (!check_key(key).ok()) {
        leave_out(page, key);
        continue;
      }
      page.more = page.objects.size() == wanted;
      if (page.more) return page;
      page.objects.push_back({std::move(key), entry.size_bytes, entry.modified_at});
    }
    marker = part.next_marker;
    if (marker.empty()) return page;
    page.more = page.objects.size() == wanted;
    if (!page.more) continue;
    remember({prefix, page.objects.back().key, marker});
    return page;
  }
}

// From the folder of `after` outwards: what stands behind it there, then what stands behind that folder, and
// so on.
Result<ObjectPage> AzblobLister::hop(std::string_view prefix, std::string_view after, std::size_t wanted) {
  ObjectPage page;
  std::string_view place = folder_of(after);
  for (;;) {
    if (place.size() < prefix.size()) place = prefix;
    TW_ASSIGN_OR_RETURN(const AzblobList level, level_of(std::string(place)));
    TW_RETURN_IF_ERROR(take_behind(level, after, wanted + 1, page.objects));
    page.more = page.objects.size() > wanted;
    if (page.more) page.objects.resize(wanted);
    if (page.more || place.size() <= prefix.size()) return page;
    place = folder_of(place.substr(0, place.size() - 1));
  }
}

// Of one level, the objects behind `after` and those in folders behind it, until `found` holds as many as
// wanted.
Status AzblobLister::take_behind(const AzblobList& level, std::string_view after, std::size_t wanted,
                                 std::vector<ObjectInfo>& found) {
  auto folder = level.folders.begin();
  auto entry = level.entries.begin();
  while (found.size() < wanted && (folder != level.folders.end() || entry != level.entries.end())) {
    const bool is_folder =
        entry == level.entries.end() || (folder != level.folders.end() && *folder < entry->name);
    if (is_folder) {
      const std::string key = (folder++)->substr(folder_.size());
      if (key <= after) continue;
      TW_ASSIGN_OR_RETURN(ObjectPage inside, walk(key, "", "", wanted - found.size()));
      std::move(inside.objects.begin(), inside.objects.end(), std::back_inserter(found));
    } else {
      const AzblobEntry& object = *entry++;
      std::string key = object.name.substr(folder_.size());
      if (key > after && check_key(key).ok()) {
        found.push_back({std::move(key), object.size_bytes, object.modified_at});
      }
    }
  }
  return {};
}

// What lies directly in a folder, all of it: objects and folders, each in order.
Result<AzblobList> AzblobLister::level_of(const std::string& prefix) {
  AzblobList level;
  std::string marker;
  do {
    TW_ASSIGN_OR_RETURN(AzblobList part, ask(prefix, marker, page_max, true));
    std::move(part.entries.begin(), part.entries.end(), std::back_inserter(level.entries));
    std::move(part.folders.begin(), part.folders.end(), std::back_inserter(level.folders));
    marker = std::move(part.next_marker);
  } while (!marker.empty());
  return level;
}

Result<AzblobList> AzblobLister::ask(const std::string& prefix, const std::string& marker, std::size_t count,
                                     bool one_level) {
  const std::string whole = folder_ + prefix;
  AzblobCall call{azblob_list, "GET", ""};
  call.query = {{"restype", "container"}, {"comp", "list"}, {"maxresults", std::to_string(count)}};
  if (!whole.empty()) call.query.emplace_back("prefix", whole);
  if (!marker.empty()) call.query.emplace_back("marker", marker);
  if (one_level) call.query.emplace_back("delimiter", "/");
  TW_ASSIGN_OR_RETURN(const AzblobAnswer answer, client_.call(call));
  if (!answer.done()) return client_.error_of(call, answer);
  TW_ASSIGN_OR_RETURN(AzblobList list, parse_azblob_list(answer.response.body));
  // What was not asked for is none of ours, whoever sends it.
  std::erase_if(list.entries, [&](const AzblobEntry& entry) { return !entry.name.starts_with(whole); });
  std::erase_if(list.folders, [&](const std::string& name) { return !name.starts_with(whole); });
  return list;
}

Error AzblobLister::out_of_order(const std::string& last, const std::string& name) const {
  return {Code::invalid_argument,
          to_text(client_.url()) + " lists '" + name + "' after '" + last +
              "': the account has a hierarchical namespace",
          "use an account without one"};
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
