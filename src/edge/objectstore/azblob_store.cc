#include "edge/objectstore/azblob_store.h"

#include "edge/cloud/http_date.h"
#include "edge/io/hash.h"
#include "edge/objectstore/azblob_blocks.h"
#include "edge/objectstore/azblob_client.h"
#include "edge/objectstore/azblob_lister.h"
#include "edge/objectstore/head_answer.h"
#include "edge/objectstore/percent_path.h"
#include "edge/objectstore/prefixed_key.h"
#include "edge/objectstore/sound_read.h"
#include "edge/objectstore/store_words.h"

namespace tradewind::objectstore {
namespace {

constexpr const char* mark_header = "x-ms-meta-tradewind_write";  // names of metadata take no dashes
constexpr std::uint64_t range_md5_bytes_max = std::uint64_t{4} << 20;

// What a create is told where the object exists. With a SAS that may create and not write the server says so
// in its own way, and so it does where another program holds a lease.
bool says_it_exists(const AzblobAnswer& answer) {
  const std::string& code = answer.problem.code;
  return code == "BlobAlreadyExists" || code == "ConditionNotMet" || code == "UnauthorizedBlobOverwrite" ||
         code == "LeaseIdMissing";
}

class AzblobStore final : public ObjectStore {
 public:
  AzblobStore(AzblobUrl url, AzblobSettings settings, StoreTuning tuning)
      : text_(to_text(url)), client_(std::move(url), std::move(settings), tuning), lister_(client_) {}

  std::string url() const override { return text_; }

  Status put(std::string_view key, std::string_view bytes, PutCondition condition) override {
    TW_ASSIGN_OR_RETURN(const std::string full, full_key(key));
    std::vector<io::HttpHeader> headers;
    std::string mark;
    if (condition == PutCondition::if_absent) {
      mark = cloud::random_mark();
      headers.push_back({"If-None-Match", "*"});
      headers.push_back({mark_header, mark});
    }
    TW_ASSIGN_OR_RETURN(const AzblobAnswer answer, bytes.size() >= client_.tuning().multipart_from
                                                       ? put_in_blocks(client_, full, bytes, headers)
                                                       : put_whole(full, bytes, headers));
    if (answer.done()) return {};
    if (condition == PutCondition::if_absent && says_it_exists(answer)) {
      return answer.earlier_unknown ? settle(full, mark) : Status(object_exists(text_, full));
    }
    return client_.error_of({azblob_write, "PUT", full}, answer);
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
    TW_ASSIGN_OR_RETURN(const AzblobAnswer answer, head(full));
    return object_info_of(answer.response.headers, key, text_ + ": object '" + full + "'");
  }

  Result<ObjectPage> list(std::string_view prefix, std::string_view after, std::size_t limit) override {
    return lister_.list(prefix, after, limit);
  }

  Status remove(std::string_view key) override { return remove_if(key, std::nullopt); }
  Status remove_if_older(std::string_view key, Time limit) override { return remove_if(key, limit); }

  std::string copy_domain() const override { return "azblob " + client_.account_url(); }

  std::optional<CopySource> copy_source(std::string_view key) override {
    const Result<std::string> full = full_key(key);
    if (!full.ok()) return std::nullopt;
    const Result<AzblobAnswer> answer = head(*full);
    if (!answer.ok()) return std::nullopt;
    const Result<ObjectInfo> info = object_info_of(answer->response.headers, key, text_);
    if (!info.ok()) return std::nullopt;
    return CopySource{client_.container_url() + "/" + percent_encoded_path(*full), info->size_bytes,
                      std::string(answer->header("ETag")), std::string(answer->header("Content-MD5"))};
  }

  // Within an account it is done when the server answers. One that goes on is ended: it would come between
  // whoever puts the object instead.
  bool copy_within(const CopySource& source, std::string_view key) override {
    const Result<std::string> full = full_key(key);
    if (!full.ok()) return false;
    AzblobCall call{azblob_write, "PUT", *full};
    call.headers.push_back({"x-ms-copy-source", source.path});
    call.headers.push_back({"x-ms-source-if-match", source.version});
    const Result<AzblobAnswer> answer = client_.call(call);
    if (!answer.ok() || !answer->done()) return false;
    if (answer->header("x-ms-copy-status") == "success") return is_copy_of(*full, source);
    AzblobCall end{azblob_write, "PUT", *full};
    end.query = {{"comp", "copy"}, {"copyid", std::string(answer->header("x-ms-copy-id"))}};
    end.headers.push_back({"x-ms-copy-action", "abort"});
    static_cast<void>(client_.call(end));
    return false;
  }

 private:
  Status remove_if(std::string_view key, std::optional<Time> limit) {
    TW_ASSIGN_OR_RETURN(const std::string full, full_key(key));
    // With its snapshots, or the server refuses.
    AzblobCall call{azblob_remove, "DELETE", full, {}, {{"x-ms-delete-snapshots", "include"}}};
    // The server's dates are of whole seconds, and the one that is named passes.
    if (limit) call.headers.push_back({"If-Unmodified-Since", cloud::format_http_date(*limit - Duration(1))});
    TW_ASSIGN_OR_RETURN(const AzblobAnswer answer, client_.call(call));
    if (answer.done()) return {};
    if (answer.problem.code == "ConditionNotMet") return is_younger(key);
    const Error error = client_.error_of(call, answer);
    return error.code == Code::not_found ? Status() : Status(error);
  }

  bool is_copy_of(const std::string& full, const CopySource& source) {
    const Result<AzblobAnswer> made = head(full);
    if (!made.ok() || made->header("Content-MD5") != source.checksum) return false;
    const Result<ObjectInfo> info = object_info_of(made->response.headers, full, text_);
    return info.ok() && info->size_bytes == source.size_bytes;
  }

  Result<std::string> full_key(std::string_view key) const { return prefixed_key(client_.url().prefix, key); }

  Result<AzblobAnswer> put_whole(const std::string& full, std::string_view bytes,
                                 const std::vector<io::HttpHeader>& headers) {
    AzblobCall call{azblob_write, "PUT", full, {}, headers, bytes};
    call.headers.push_back({"Content-Type", "application/octet-stream"});
    call.headers.push_back({"Content-MD5", io::base64(io::md5(bytes))});
    call.headers.push_back({"x-ms-blob-type", "BlockBlob"});
    return client_.call(call);
  }

  // The object is there, and an earlier attempt of ours may have made it: was it we? This server keeps what
  // it is told with a write: an object without our mark is another writer's.
  Status settle(const std::string& full, const std::string& mark) {
    const Result<AzblobAnswer> there = head(full);
    if (there.ok()) return there->header(mark_header) == mark ? Status() : Status(object_exists(text_, full));
    return outcome_unknown(text_, full, there.error().message);
  }

  Result<CheckedRead> get_once(const std::string& full, ByteRange range) {
    AzblobCall call{azblob_read, "GET", full};
    const bool whole = is_whole_object(range);
    const bool summed = is_bounded(range) && *range.length <= range_md5_bytes_max;
    if (!whole) call.headers.push_back({"Range", range_header(range)});
    if (summed) call.headers.push_back({"x-ms-range-get-content-md5", "true"});
    TW_ASSIGN_OR_RETURN(AzblobAnswer answer, client_.call(call));
    if (answer.response.status == 416) return CheckedRead{};  // begins beyond the end
    if (!answer.done()) return client_.error_of(call, answer);
    const std::string_view checksum = answer.header("Content-MD5");
    const bool checked = !checksum.empty() && (whole || summed);
    const bool sound = !checked || io::base64(io::md5(answer.response.body)) == checksum;
    return CheckedRead{std::move(answer.response.body), sound};
  }

  // HEAD has no body that says more than a word: unless the object is missing, the first byte is asked for,
  // whose refusal has one.
  Result<AzblobAnswer> head(const std::string& full) {
    const AzblobCall call{azblob_read, "HEAD", full};
    TW_ASSIGN_OR_RETURN(AzblobAnswer answer, client_.call(call));
    if (answer.done()) return answer;
    if (answer.problem.code == "BlobNotFound") return client_.error_of(call, answer);
    const AzblobCall first{azblob_read, "GET", full, {}, {{"Range", "bytes=0-0"}}};
    TW_ASSIGN_OR_RETURN(answer, client_.call(first));
    if (answer.done() || answer.response.status == 416) return answer;
    return client_.error_of(first, answer);
  }

  const std::string text_;
  AzblobClient client_;
  AzblobLister lister_;
};

}  // namespace

Result<std::unique_ptr<ObjectStore>> open_azblob_store(std::string_view url, cloud::Variables environment,
                                                       StoreTuning tuning) {
  TW_ASSIGN_OR_RETURN(AzblobUrl parsed, parse_azblob_url(url));
  TW_ASSIGN_OR_RETURN(AzblobSettings settings, read_azblob_settings(std::move(environment), parsed));
  return std::unique_ptr<ObjectStore>(
      std::make_unique<AzblobStore>(std::move(parsed), std::move(settings), tuning));
}

}  // namespace tradewind::objectstore
