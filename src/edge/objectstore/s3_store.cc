#include "edge/objectstore/s3_store.h"

#include <algorithm>

#include "base/text.h"
#include "edge/cloud/service_address.h"
#include "edge/io/hash.h"
#include "edge/objectstore/head_answer.h"
#include "edge/objectstore/percent_path.h"
#include "edge/objectstore/prefixed_key.h"
#include "edge/objectstore/s3_multipart.h"
#include "edge/objectstore/sound_read.h"
#include "edge/objectstore/store_words.h"

namespace tradewind::objectstore {
namespace {

constexpr const char* mark_header = "x-amz-meta-tradewind-write";
constexpr std::size_t page_max = 1000;

std::string_view unquoted(std::string_view etag) {
  return etag.size() > 2 && etag.front() == '"' ? etag.substr(1, etag.size() - 2) : etag;
}

bool is_md5(std::string_view text) {
  return text.size() == 32 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// Whether a whole object is what its server says that it is. An ETag is an MD5 only of what was sent in one
// part and is not encrypted with a key of its own.
bool is_whole(const S3Answer& answer) {
  const std::string& body = answer.response.body;
  const std::string_view checksum = answer.header("x-amz-checksum-sha256");
  if (!checksum.empty() && checksum.find('-') == std::string_view::npos)
    return io::base64(io::sha256(body)) == checksum;
  const std::string_view etag = unquoted(answer.header("ETag"));
  const bool plain = answer.header("x-amz-server-side-encryption-customer-algorithm").empty() &&
                     !answer.header("x-amz-server-side-encryption").starts_with("aws:kms");
  return !plain || !is_md5(etag) || io::hex(io::md5(body)) == etag;
}

class S3Store final : public ObjectStore {
 public:
  S3Store(S3Url url, cloud::AwsSettings settings, StoreTuning tuning, std::string text)
      : client_(std::move(url), std::move(settings), tuning),
        text_(std::move(text)),
        amazon_(!client_.url().endpoint) {}

  std::string url() const override { return text_; }

  Status put(std::string_view key, std::string_view bytes, PutCondition condition) override {
    TW_ASSIGN_OR_RETURN(const std::string full, full_key(key));
    if (condition == PutCondition::always && bytes.size() >= client_.tuning().multipart_from) {
      return put_in_parts(client_, full, bytes);
    }
    S3Call call{s3_write, "PUT", full};
    call.body = bytes;
    call.headers.push_back({"Content-Type", "application/octet-stream"});
    call.with_checksum = amazon_;
    std::string mark;
    if (condition == PutCondition::if_absent) {
      mark = cloud::random_mark();
      call.headers.push_back({"If-None-Match", "*"});
      call.headers.push_back({mark_header, mark});
    }
    TW_ASSIGN_OR_RETURN(const S3Answer answer, client_.call(call));
    if (answer.done()) return {};
    if (answer.response.status == 412) {
      return answer.earlier_unknown ? settle(full, bytes, mark) : Status(object_exists(text_, full));
    }
    return client_.error_of(call, answer);
  }

  Result<std::string> get(std::string_view key, ByteRange range) override {
    TW_ASSIGN_OR_RETURN(const std::string full, full_key(key));
    if (range.length == std::uint64_t{0}) {
      TW_ASSIGN_OR_RETURN(const ObjectInfo there, stat(key));
      return std::string();
    }
    return read_sound(text_, full, [&]() -> Result<CheckedRead> {
      TW_ASSIGN_OR_RETURN(S3Answer answer, get_once(full, range));
      const bool sound = !is_whole_object(range) || is_whole(answer);
      return CheckedRead{std::move(answer.response.body), sound};
    });
  }

  Result<ObjectInfo> stat(std::string_view key) override {
    TW_ASSIGN_OR_RETURN(const std::string full, full_key(key));
    TW_ASSIGN_OR_RETURN(const S3Answer answer, head(full));
    return object_info_of(answer.response.headers, key, text_ + ": object '" + full + "'");
  }

  Result<ObjectPage> list(std::string_view prefix, std::string_view after, std::size_t limit) override {
    const std::string folder = client_.url().prefix.empty() ? "" : client_.url().prefix + "/";
    const std::size_t wanted = std::max<std::size_t>(limit, 1);
    ObjectPage page;
    std::string token;
    do {
      S3Call call{s3_list, "GET", ""};
      call.query = {{"list-type", "2"},
                    {"encoding-type", "url"},
                    {"max-keys", std::to_string(std::min(page_max, wanted - page.objects.size()))},
                    {"prefix", folder + std::string(prefix)}};
      if (!after.empty()) call.query.emplace_back("start-after", folder + std::string(after));
      if (!token.empty()) call.query.emplace_back("continuation-token", token);
      TW_ASSIGN_OR_RETURN(const S3List part, list_once(call));
      for (const S3Entry& entry : part.entries) {
        if (!entry.key.starts_with(folder)) continue;
        std::string key = entry.key.substr(folder.size());
        if (check_key(key).ok()) {
          page.objects.push_back({std::move(key), entry.size_bytes, entry.modified_at});
        } else {
          leave_out(page, key);
        }
      }
      token = part.truncated ? part.next_token : "";
    } while (!token.empty() && page.objects.size() < wanted);
    page.more = !token.empty();
    if (limit == 0) page = {{}, page.more || !page.objects.empty(), {}};
    return page;
  }

  Status remove(std::string_view key) override {
    TW_ASSIGN_OR_RETURN(const std::string full, full_key(key));
    const S3Call call{s3_remove, "DELETE", full};
    TW_ASSIGN_OR_RETURN(const S3Answer answer, client_.call(call));
    if (answer.done()) return {};
    const Error error = client_.error_of(call, answer);
    return error.code == Code::not_found ? Status() : Status(error);
  }

  // At Amazon a region, since what leaves one is paid for; else an endpoint.
  std::string copy_domain() const override {
    const S3Url& url = client_.url();
    return url.endpoint ? "s3 " + io::to_text(*url.endpoint) : "s3 " + client_.region();
  }

  std::optional<CopySource> copy_source(std::string_view key) override {
    const Result<std::string> full = full_key(key);
    if (!full.ok()) return std::nullopt;
    S3Call call{s3_read, "HEAD", *full};
    if (amazon_) call.headers.push_back({"x-amz-checksum-mode", "ENABLED"});
    const Result<S3Answer> answer = client_.call(call);
    if (!answer.ok() || !answer->done()) return std::nullopt;
    const Result<ObjectInfo> info = object_info_of(answer->response.headers, key, text_);
    if (!info.ok()) return std::nullopt;
    CopySource source{
        "/" + client_.url().bucket + "/" + percent_encoded_path(*full), info->size_bytes, {}, {}};
    source.version = std::string(answer->header("ETag"));
    source.checksum = std::string(answer->header("x-amz-checksum-sha256"));
    if (source.checksum.empty() && is_md5(unquoted(source.version))) source.checksum = source.version;
    return source;
  }

  bool copy_within(const CopySource& source, std::string_view key) override {
    const Result<std::string> full = full_key(key);
    if (!full.ok()) return false;
    S3Call call{s3_write, "PUT", *full};
    call.headers.push_back({"x-amz-copy-source", source.path});
    call.headers.push_back({"x-amz-copy-source-if-match", source.version});
    if (amazon_) call.headers.push_back({"x-amz-checksum-algorithm", "SHA256"});
    const Result<S3Answer> answer = client_.call(call);
    if (!answer.ok() || !answer->done()) return false;
    const S3Copied copied = parse_s3_copied(answer->response.body);
    return copied.sha256 == source.checksum || unquoted(copied.etag) == unquoted(source.checksum);
  }

 private:
  Result<std::string> full_key(std::string_view key) const { return prefixed_key(client_.url().prefix, key); }

  // The object is there, and an earlier attempt of ours may have made it: was it we?
  Status settle(const std::string& full, std::string_view bytes, const std::string& mark) {
    const Result<S3Answer> there = head(full);
    if (!there.ok()) return outcome_unknown(text_, full, there.error().message);
    const std::string_view theirs = there->header(mark_header);
    if (!theirs.empty()) return theirs == mark ? Status() : Status(object_exists(text_, full));
    const Result<S3Answer> content = get_once(full, {});
    if (!content.ok()) return outcome_unknown(text_, full, content.error().message);
    return content->response.body == bytes ? Status() : Status(object_exists(text_, full));
  }

  Result<S3Answer> get_once(const std::string& full, ByteRange range) {
    S3Call call{s3_read, "GET", full};
    const bool whole = is_whole_object(range);
    if (whole && amazon_) call.headers.push_back({"x-amz-checksum-mode", "ENABLED"});
    if (!whole) call.headers.push_back({"Range", range_header(range)});
    TW_ASSIGN_OR_RETURN(S3Answer answer, client_.call(call));
    if (answer.response.status == 416) {  // begins beyond the end
      answer.response.body.clear();
      return answer;
    }
    if (!answer.done()) return client_.error_of(call, answer);
    if (!whole && answer.response.status == 200) {  // a server that knows no ranges
      std::string& body = answer.response.body;
      body = range.offset >= body.size()
                 ? ""
                 : body.substr(range.offset, range.length.value_or(std::string::npos));
    }
    return answer;
  }

  // HEAD has no body that says what is wrong: then the first byte is asked for, whose refusal has one.
  Result<S3Answer> head(const std::string& full) {
    TW_ASSIGN_OR_RETURN(S3Answer answer, client_.call({s3_read, "HEAD", full}));
    if (answer.done()) return answer;
    const S3Call first{s3_read, "GET", full, {}, {{"Range", "bytes=0-0"}}};
    TW_ASSIGN_OR_RETURN(answer, client_.call(first));
    if (answer.done() || answer.response.status == 416) return answer;
    return client_.error_of(first, answer);
  }

  Result<S3List> list_once(const S3Call& call) {
    TW_ASSIGN_OR_RETURN(const S3Answer answer, client_.call(call));
    if (!answer.done()) return client_.error_of(call, answer);
    return parse_s3_list(answer.response.body);
  }

  S3Client client_;
  const std::string text_;
  const bool amazon_;
};

// The endpoint and region that the URL leaves out. A region that nobody said is not shown: it is a guess.
Status complete(S3Url& url, const cloud::AwsSettings& settings) {
  if (!url.endpoint) {
    for (const char* name : {"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"}) {
      const std::string text = settings.variable(name);
      if (text.empty() || url.endpoint) continue;
      TW_ASSIGN_OR_RETURN(url.endpoint, cloud::parse_endpoint(text, name));
    }
    const std::string text = settings.value("endpoint_url");
    if (!url.endpoint && !text.empty()) {
      TW_ASSIGN_OR_RETURN(url.endpoint, cloud::parse_endpoint(text, "endpoint_url of the profile"));
    }
  }
  for (const std::string& region :
       {settings.variable("AWS_REGION"), settings.variable("AWS_DEFAULT_REGION"), settings.value("region")}) {
    if (url.region.empty()) url.region = region;
  }
  return {};
}

}  // namespace

Result<std::string> s3_read_url(std::string_view url, cloud::Variables environment, std::string_view key,
                                Duration lifetime) {
  TW_ASSIGN_OR_RETURN(S3Url parsed, parse_s3_url(url));
  TW_ASSIGN_OR_RETURN(cloud::AwsSettings settings,
                      cloud::read_aws_settings(std::move(environment), parsed.profile));
  TW_RETURN_IF_ERROR(complete(parsed, settings));
  if (parsed.region.empty()) parsed.region = "us-east-1";
  TW_ASSIGN_OR_RETURN(const std::string full, prefixed_key(parsed.prefix, key));
  return S3Client(std::move(parsed), std::move(settings), {}).read_url(full, lifetime);
}

Result<std::unique_ptr<ObjectStore>> open_s3_store(std::string_view url, cloud::Variables environment,
                                                   StoreTuning tuning) {
  TW_ASSIGN_OR_RETURN(S3Url parsed, parse_s3_url(url));
  TW_ASSIGN_OR_RETURN(cloud::AwsSettings settings,
                      cloud::read_aws_settings(std::move(environment), parsed.profile));
  TW_RETURN_IF_ERROR(complete(parsed, settings));
  std::string text = to_text(parsed);
  if (parsed.region.empty()) parsed.region = "us-east-1";
  return std::unique_ptr<ObjectStore>(
      std::make_unique<S3Store>(std::move(parsed), std::move(settings), tuning, std::move(text)));
}

}  // namespace tradewind::objectstore
