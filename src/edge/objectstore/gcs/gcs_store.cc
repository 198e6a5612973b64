#include "edge/objectstore/gcs/gcs_store.h"

#include <algorithm>

#include "edge/objectstore/gcs/crc32c.h"
#include "edge/objectstore/gcs/gcs_client.h"
#include "edge/objectstore/gcs/gcs_upload.h"
#include "edge/objectstore/prefixed_key.h"
#include "edge/objectstore/sound_read.h"
#include "edge/objectstore/store_words.h"

namespace tradewind::objectstore {
namespace {

constexpr std::size_t page_max = 1000;
constexpr std::string_view gcs_api = "/storage/v1";  // what object_path() begins with
constexpr const char* object_fields = "name,size,updated,metadata,crc32c,generation";

class GcsStore final : public ObjectStore {
 public:
  GcsStore(GcsUrl url, cloud::Variables environment, StoreTuning tuning)
      : text_(to_text(url)),
        folder_(url.prefix.empty() ? "" : url.prefix + "/"),
        client_(std::move(url), std::move(environment), tuning) {}

  std::string url() const override { return text_; }

  Status put(std::string_view key, std::string_view bytes, PutCondition condition) override {
    TW_ASSIGN_OR_RETURN(const std::string full, full_key(key));
    GcsDraft draft{full, crc32c_text(bytes), ""};
    cloud::Query conditions = client_.payer();
    if (condition == PutCondition::if_absent) {
      draft.mark = cloud::random_mark();
      conditions.emplace_back("ifGenerationMatch", "0");
    }
    conditions.emplace_back("fields", "name");
    const std::size_t chunks_from = std::max<std::size_t>(client_.tuning().multipart_from, 1);
    TW_ASSIGN_OR_RETURN(const GcsAnswer answer, bytes.size() >= chunks_from
                                                    ? put_resumably(client_, full, bytes, draft, conditions)
                                                    : put_whole(full, bytes, draft, conditions));
    if (answer.done()) return {};
    const bool exists = answer.response.status == 412 && answer.problem.reason != "orgPolicyConstraintFailed";
    if (condition == PutCondition::if_absent && exists) {
      return answer.earlier_unknown ? settle(full, draft.mark) : Status(object_exists(text_, full));
    }
    return client_.error_of({gcs_write, "POST", full, ""}, answer);
  }

  Result<std::string> get(std::string_view key, ByteRange range) override {
    TW_ASSIGN_OR_RETURN(const std::string full, full_key(key));
    if (range.length == std::uint64_t{0}) {
      TW_ASSIGN_OR_RETURN(const ObjectInfo there, stat(key));
      return std::string();
    }
    return read_sound(text_, full, [&] { return get_once(full, range); });
  }

  Result<ObjectInfo> stat(std::string_view key) override {
    TW_ASSIGN_OR_RETURN(const std::string full, full_key(key));
    TW_ASSIGN_OR_RETURN(const GcsObject object, look(full));
    return ObjectInfo{std::string(key), object.size_bytes, object.modified_at};
  }

  Result<ObjectPage> list(std::string_view prefix, std::string_view after, std::size_t limit) override {
    const std::size_t wanted = std::max<std::size_t>(limit, 1);
    ObjectPage page;
    std::string token;
    do {
      // The server begins at `after` itself, so that one more is asked for.
      const std::size_t count = wanted - page.objects.size() + (after.empty() || !token.empty() ? 0 : 1);
      TW_ASSIGN_OR_RETURN(const GcsList part, list_once(prefix, after, token, std::min(page_max, count)));
      for (const GcsObject& object : part.objects) {
        if (!object.name.starts_with(folder_)) continue;
        std::string key = object.name.substr(folder_.size());
        if (key <= after) continue;
        if (!check_key(key).ok()) {
          leave_out(page, key);
          continue;
        }
        page.more = page.objects.size() == wanted;
        if (page.more) break;
        page.objects.push_back({std::move(key), object.size_bytes, object.modified_at});
      }
      token = part.next_token;
    } while (!token.empty() && page.objects.size() < wanted);
    page.more = page.more || !token.empty();
    if (limit == 0) page = {{}, page.more || !page.objects.empty(), {}};
    return page;
  }

  Status remove(std::string_view key) override {
    TW_ASSIGN_OR_RETURN(const std::string full, full_key(key));
    const GcsCall call{gcs_remove, "DELETE", full, client_.object_path(full), client_.payer()};
    TW_ASSIGN_OR_RETURN(const GcsAnswer answer, client_.call(call));
    if (answer.done()) return {};
    const Error error = client_.error_of(call, answer);
    return error.code == Code::not_found ? Status() : Status(error);
  }

  std::string copy_domain() const override { return "gcs " + client_.server(); }

  std::optional<CopySource> copy_source(std::string_view key) override {
    const Result<std::string> full = full_key(key);
    if (!full.ok()) return std::nullopt;
    const Result<GcsObject> object = look(*full);
    if (!object.ok()) return std::nullopt;
    return CopySource{client_.object_path(*full), object->size_bytes, object->generation, object->crc32c};
  }

  // Between places far apart, or of other storage classes, it takes several calls.
  bool copy_within(const CopySource& source, std::string_view key) override {
    constexpr int calls_max = 100;
    const Result<std::string> full = full_key(key);
    if (!full.ok()) return false;
    const std::string target = "/rewriteTo" + client_.object_path(*full).substr(gcs_api.size());
    GcsCall call{gcs_write, "POST", *full, source.path + target, client_.payer()};
    call.query.emplace_back("ifSourceGenerationMatch", source.version);
    const std::size_t fixed = call.query.size();
    for (int made = 0; made < calls_max; ++made) {
      const Result<GcsAnswer> answer = client_.call(call);
      if (!answer.ok() || !answer->done()) return false;
      const Result<GcsRewrite> rewrite = parse_gcs_rewrite(answer->response.body);
      if (!rewrite.ok()) return false;
      if (rewrite->done) return rewrite->crc32c == source.checksum;
      call.query.resize(fixed);
      call.query.emplace_back("rewriteToken", rewrite->token);
    }
    return false;
  }

 private:
  Result<std::string> full_key(std::string_view key) const { return prefixed_key(client_.url().prefix, key); }

  Result<GcsAnswer> put_whole(const std::string& full, std::string_view bytes, const GcsDraft& draft,
                              const cloud::Query& conditions) {
    const GcsMultipart made = gcs_multipart(gcs_draft_text(draft), bytes, cloud::random_mark());
    GcsCall call{gcs_write, "POST", full, client_.upload_path(), conditions};
    call.query.emplace_back("uploadType", "multipart");
    call.headers.push_back({"Content-Type", made.content_type});
    call.body = made.body;
    return client_.call(call);
  }

  // The object is there, and an earlier attempt of ours may have made it: was it we? This server keeps what
  // it is told with a write: an object without our mark is another writer's.
  Status settle(const std::string& full, const std::string& mark) {
    const Result<GcsObject> there = look(full);
    if (there.ok()) return there->mark == mark ? Status() : Status(object_exists(text_, full));
    return outcome_unknown(text_, full, there.error().message);
  }

  Result<GcsObject> look(const std::string& full) {
    GcsCall call{gcs_read, "GET", full, client_.object_path(full), client_.payer()};
    call.query.emplace_back("fields", object_fields);
    TW_ASSIGN_OR_RETURN(const GcsAnswer answer, client_.call(call));
    if (!answer.done()) return client_.error_of(call, answer);
    return parse_gcs_object(answer.response.body);
  }

  // The server's sum, where it gives one, is of the whole object, and of
  // its bytes as they are stored: not of one that the server unpacks on the way.
  Result<CheckedRead> get_once(const std::string& full, ByteRange range) {
    GcsCall call{gcs_read, "GET", full, client_.object_path(full), client_.payer()};
    call.query.emplace_back("alt", "media");
    const bool whole = is_whole_object(range);
    if (!whole) call.headers.push_back({"Range", range_header(range)});
    TW_ASSIGN_OR_RETURN(GcsAnswer answer, client_.call(call));
    if (answer.response.status == 416) return CheckedRead{};  // begins beyond the end
    if (!answer.done()) return client_.error_of(call, answer);
    const std::string sum = gcs_crc32c_of(answer.response.headers);
    const std::string_view stored_as = answer.header("X-Goog-Stored-Content-Encoding");
    const bool summed = !sum.empty() && (stored_as.empty() || stored_as == "identity");
    const bool sound = !whole || !summed || crc32c_text(answer.response.body) == sum;
    return CheckedRead{std::move(answer.response.body), sound};
  }

  Result<GcsList> list_once(std::string_view prefix, std::string_view after, const std::string& token,
                            std::size_t count) {
    GcsCall call{gcs_list, "GET", "", client_.list_path(), client_.payer()};
    call.query.emplace_back("fields", "items(name,size,updated),nextPageToken");
    call.query.emplace_back("maxResults", std::to_string(count));
    const std::string whole = folder_ + std::string(prefix);
    if (!whole.empty()) call.query.emplace_back("prefix", whole);
    if (!after.empty()) call.query.emplace_back("startOffset", folder_ + std::string(after));
    if (!token.empty()) call.query.emplace_back("pageToken", token);
    TW_ASSIGN_OR_RETURN(const GcsAnswer answer, client_.call(call));
    if (!answer.done()) return client_.error_of(call, answer);
    return parse_gcs_list(answer.response.body);
  }

  const std::string text_;
  const std::string folder_;  // what all names begin with: "" or "a/b/"
  GcsClient client_;
};

}  // namespace

Result<std::unique_ptr<ObjectStore>> open_gcs_store(std::string_view url, cloud::Variables environment,
                                                    StoreTuning tuning) {
  TW_ASSIGN_OR_RETURN(GcsUrl parsed, parse_gcs_url(url));
  TW_RETURN_IF_ERROR(complete_gcs_url(parsed, environment));
  return std::unique_ptr<ObjectStore>(
      std::make_unique<GcsStore>(std::move(parsed), std::move(environment), tuning));
}

}  // namespace tradewind::objectstore
