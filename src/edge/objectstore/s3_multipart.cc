#include "edge/objectstore/s3_multipart.h"

#include <algorithm>
#include <vector>

#include "edge/io/hash.h"
#include "edge/objectstore/parallel_parts.h"

namespace tradewind::objectstore {
namespace {

constexpr std::size_t parts_max = 10'000;
constexpr S3Purpose s3_abort{"abort an upload to", "s3:AbortMultipartUpload"};

class Upload {
 public:
  Upload(S3Client& client, const std::string& key, std::string_view bytes, std::string id)
      : client_(client),
        key_(key),
        bytes_(bytes),
        id_(std::move(id)),
        part_bytes_(std::max(client.tuning().part_bytes, bytes.size() / (parts_max - 1) + 1)),
        etags_((bytes.size() + part_bytes_ - 1) / part_bytes_) {}

  Status send_all() {
    return send_parts(etags_.size(), client_.tuning().parts_at_once,
                      [this](std::size_t index) { return send(index); });
  }

  Status complete() {
    const std::string body = s3_completion(etags_);
    S3Call call{s3_write, "POST", key_, {{"uploadId", id_}}};
    call.body = body;
    TW_ASSIGN_OR_RETURN(S3Answer answer, client_.call(call));
    // It may say 200 first, and find out later that it failed.
    if (answer.done()) answer.problem = parse_s3_problem(answer.response.body);
    if (answer.done() && answer.problem.code.empty()) return {};
    if (answer.done()) answer.response.status = answer.problem.code == "InternalError" ? 500 : 400;
    // Completed by an earlier attempt whose answer was lost, the upload is no more.
    if (answer.earlier_unknown && answer.problem.code == "NoSuchUpload" && is_there()) return {};
    if (answer.problem.code == "NoSuchUpload") {
      return Error{Code::unavailable,
                   to_text(client_.url()) + ": whether '" + key_ + "' was replaced is not known",
                   "write it again"};
    }
    return client_.error_of(call, answer);
  }

  void abort() {
    // Best effort: what is left is the lifecycle rule's.
    (void)client_.call({s3_abort, "DELETE", key_, {{"uploadId", id_}}});
  }

 private:
  std::string_view part(std::size_t index) const { return bytes_.substr(index * part_bytes_, part_bytes_); }

  Status send(std::size_t index) {
    S3Call call{s3_write, "PUT", key_, {{"partNumber", std::to_string(index + 1)}, {"uploadId", id_}}};
    call.body = part(index);
    TW_ASSIGN_OR_RETURN(const S3Answer answer, client_.call(call));
    if (!answer.done()) return client_.error_of(call, answer);
    etags_[index] = std::string(answer.header("ETag"));
    if (etags_[index].empty()) return Error{Code::corrupt, "the store took a part without naming its ETag"};
    return {};
  }

  // The ETag of an object in parts: the MD5 of its parts' MD5s, and their number.
  bool is_there() {
    std::string digests;
    for (std::size_t i = 0; i < etags_.size(); ++i) digests += io::md5(part(i));
    const std::string expected =
        "\"" + io::hex(io::md5(digests)) + "-" + std::to_string(etags_.size()) + "\"";
    const Result<S3Answer> head = client_.call({s3_read, "HEAD", key_});
    return head.ok() && head->done() && head->header("ETag") == expected;
  }

  S3Client& client_;
  const std::string& key_;
  const std::string_view bytes_;
  const std::string id_;
  const std::size_t part_bytes_;
  std::vector<std::string> etags_;  // each written by the one thread that sends it
};

}  // namespace

Status put_in_parts(S3Client& client, const std::string& key, std::string_view bytes) {
  S3Call begin{s3_write, "POST", key, {{"uploads", ""}}, {{"Content-Type", "application/octet-stream"}}};
  TW_ASSIGN_OR_RETURN(const S3Answer answer, client.call(begin));
  if (!answer.done()) return client.error_of(begin, answer);
  TW_ASSIGN_OR_RETURN(std::string id, parse_s3_upload_id(answer.response.body));
  Upload upload(client, key, bytes, std::move(id));
  Status done = upload.send_all();
  if (done.ok()) done = upload.complete();
  if (!done.ok()) upload.abort();
  return done;
}

}  // namespace tradewind::objectstore
