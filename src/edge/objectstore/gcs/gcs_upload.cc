#include "edge/objectstore/gcs/gcs_upload.h"

#include <algorithm>
#include <optional>

#include "edge/cloud/service_address.h"

namespace tradewind::objectstore {
namespace {

constexpr std::size_t chunk_unit = std::size_t{256} << 10;  // all chunks but the last are multiples of it
constexpr int sessions_max = 3;

// As much as other stores have on their way at once: each chunk costs a round trip.
std::size_t chunk_bytes_of(const StoreTuning& tuning) {
  const std::size_t wished = tuning.part_bytes * std::max(tuning.parts_at_once, 1U);
  return std::max(wished / chunk_unit, std::size_t{1}) * chunk_unit;
}

// One session: from its URL to the answer that ends it.
class Session {
 public:
  Session(GcsClient& client, const std::string& key, std::string_view bytes, std::string target)
      : client_(client),
        key_(key),
        bytes_(bytes),
        target_(std::move(target)),
        chunk_bytes_(chunk_bytes_of(client.tuning())) {}

  // Until the object is there, or the server refuses it. Waits begin anew with each chunk that arrives.
  Result<GcsAnswer> run() {
    std::optional<cloud::Attempts> tried(client_.attempts());
    for (;;) {
      tried->begin();
      Result<GcsAnswer> answer = client_.attempt(asks_ ? question() : next_chunk());
      if (!answer.ok()) {
        asks_ = unknown_ = true;
        const std::optional<Error> error = tried->failed(answer.error());
        if (error) return client_.connection_error(*error);
        continue;
      }
      if (answer->response.status == 308) {
        TW_ASSIGN_OR_RETURN(const bool moved, take_note(*answer));
        if (moved) {
          tried.emplace(client_.attempts());
          continue;
        }
        if (tried->wait()) continue;
        return stuck();
      }
      if (!answer->done() && GcsClient::passes(*answer) && !is_final_refusal(*answer)) {
        asks_ = true;
        unknown_ = unknown_ || answer->response.status >= 500;
        if (tried->wait()) continue;
      }
      answer->earlier_unknown = unknown_;
      return answer;
    }
  }

 private:
  // Bytes that differ from their sum are refused at the end: asking again is no use, sending anew is.
  static bool is_final_refusal(const GcsAnswer& answer) { return answer.response.status == 400; }

  GcsCall next_chunk() {
    const std::string_view chunk = bytes_.substr(arrived_, chunk_bytes_);
    return {gcs_write,
            "PUT",
            key_,
            target_,
            {},
            {{"Content-Range", "bytes " + std::to_string(arrived_) + "-" +
                                   std::to_string(arrived_ + chunk.size() - 1) + "/" +
                                   std::to_string(bytes_.size())}},
            chunk};
  }

  // How much has arrived?
  GcsCall question() const {
    return {gcs_write, "PUT", key_,
            target_,   {},    {{"Content-Range", "bytes */" + std::to_string(bytes_.size())}}};
  }

  // Whether more has arrived than was known before. corrupt: it cannot be.
  Result<bool> take_note(const GcsAnswer& answer) {
    const std::optional<std::uint64_t> arrived = parse_gcs_received(answer.header("Range"));
    if (!arrived || *arrived > bytes_.size()) {
      return Error{Code::corrupt, to_text(client_.url()) + ": an upload of '" + key_ +
                                      "' is said to have arrived otherwise than it was sent"};
    }
    const bool moved = *arrived > arrived_;
    arrived_ = static_cast<std::size_t>(*arrived);
    // All of it is there, and it is no object yet: it will be.
    asks_ = arrived_ == bytes_.size();
    return moved && !asks_;
  }

  Error stuck() const {
    return {Code::unavailable, to_text(client_.url()) + ": the upload of '" + key_ + "' does not get on"};
  }

  GcsClient& client_;
  const std::string& key_;
  const std::string_view bytes_;
  const std::string target_;
  const std::size_t chunk_bytes_;
  std::size_t arrived_ = 0;
  bool asks_ = false;     // before anything is sent, the server is asked how much it has
  bool unknown_ = false;  // whether an earlier request had its effect
};

// The session's URL, at our own server whatever host it names: no byte goes elsewhere than the URL of the
// store says.
Result<std::string> session_target(const GcsClient& client, const GcsAnswer& answer) {
  Result<cloud::ServiceAddress> address = cloud::parse_service_address(answer.header("Location"), "Location");
  if (!address.ok()) {
    return Error{Code::corrupt, to_text(client.url()) + " began an upload without saying where"};
  }
  return std::move(address->target);
}

// What was sent is of no more use: the session has ended, or its bytes differ from their sum.
bool is_gone(const GcsAnswer& answer) {
  const int status = answer.response.status;
  return status == 404 || status == 410 || (status == 400 && GcsClient::passes(answer));
}

}  // namespace

Result<GcsAnswer> put_resumably(GcsClient& client, const std::string& key, std::string_view bytes,
                                const GcsDraft& draft, const cloud::Query& conditions) {
  const std::string text = gcs_draft_text(draft);
  GcsCall begin{gcs_write, "POST", key, client.upload_path(), conditions};
  begin.query.emplace_back("uploadType", "resumable");
  begin.headers = {{"Content-Type", "application/json; charset=UTF-8"},
                   {"X-Upload-Content-Type", "application/octet-stream"},
                   {"X-Upload-Content-Length", std::to_string(bytes.size())}};
  begin.body = text;
  bool unknown = false;  // of any session so far
  for (int sessions = 1;; ++sessions) {
    TW_ASSIGN_OR_RETURN(GcsAnswer begun, client.call(begin));
    begun.earlier_unknown = unknown;  // a session that was begun twice has done nothing
    if (!begun.done()) return begun;
    TW_ASSIGN_OR_RETURN(std::string target, session_target(client, begun));
    TW_ASSIGN_OR_RETURN(GcsAnswer answer, Session(client, key, bytes, std::move(target)).run());
    unknown = unknown || answer.earlier_unknown;
    answer.earlier_unknown = unknown;
    if (!is_gone(answer)) return answer;
    // A session that is gone may have ended as an object.
    unknown = unknown || answer.response.status != 400;
    if (sessions < sessions_max) continue;
    if (answer.response.status == 400) return answer;
    return Error{Code::unavailable, to_text(client.url()) + ": the server loses what is sent of '" + key +
                                        "', " + std::to_string(sessions) + " times"};
  }
}

}  // namespace tradewind::objectstore
