#include "app/agent/metadata_service.h"

#include <utility>

#include "base/text.h"
#include "edge/io/http_client.h"

namespace tradewind::agent {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

constexpr std::string_view token_seconds = "21600";  // the longest that AWS gives
constexpr Duration token_life = hours(5);
constexpr int not_there = 404;
constexpr int no_longer = 401;

io::HttpClientOptions client_options(const MetadataTempo& tempo,
                                     std::shared_ptr<const io::Cancellation> cancellation) {
  io::HttpClientOptions options;
  options.connect_patience = tempo.patience;
  options.reply_patience = tempo.patience;
  options.body_bytes_max = metadata_bytes_max;
  options.cancellation = std::move(cancellation);
  return options;
}

class Asking : public MetadataService {
 public:
  Asking(const MetadataSource& source, MetadataTempo tempo,
         std::shared_ptr<const io::Cancellation> cancellation)
      : tempo_(tempo),
        host_(io::host_header(source.endpoint)),
        client_(source.endpoint, client_options(tempo, std::move(cancellation))) {}

 protected:
  // An answer of status 200, or of one that the caller knows what to do with.
  Result<io::HttpResponse> get(const std::string& target, std::vector<io::HttpHeader> headers,
                               std::initializer_list<int> also, Duration longer = Duration(0)) {
    io::HttpRequest request;
    request.target = target;
    request.headers = std::move(headers);
    return send(std::move(request), also, longer);
  }

  Result<io::HttpResponse> send(io::HttpRequest request, std::initializer_list<int> also,
                                Duration longer = Duration(0)) {
    request.headers.push_back({"Host", host_});
    TW_ASSIGN_OR_RETURN(io::HttpResponse answer, client_.send(request, tempo_.patience + longer));
    for (const int status : also) {
      if (answer.status == status) return answer;
    }
    if (answer.status == 200) return answer;
    return Error{Code::unavailable, "the metadata service answers " + std::to_string(answer.status) + " to " +
                                        request.method + " " + request.target};
  }

  const MetadataTempo tempo_;

 private:
  const std::string host_;
  io::HttpClient client_;
};

class Aws final : public Asking {
 public:
  using Asking::Asking;

  Result<MetadataWord> ask(Time now) override {
    MetadataWord word;
    TW_ASSIGN_OR_RETURN(const io::HttpResponse action, ask_for("spot/instance-action", now));
    if (action.status != not_there) {
      TW_ASSIGN_OR_RETURN(word.notice, aws_instance_action(action.body, now));
      return word;
    }
    TW_ASSIGN_OR_RETURN(const io::HttpResponse older, ask_for("spot/termination-time", now));
    if (older.status != not_there) {
      TW_ASSIGN_OR_RETURN(word.notice, aws_termination_time(older.body, now));
      return word;
    }
    TW_ASSIGN_OR_RETURN(const io::HttpResponse advice, ask_for("events/recommendations/rebalance", now));
    if (advice.status == not_there) return word;
    TW_ASSIGN_OR_RETURN(const Time at, aws_rebalance(advice.body));
    word.hint =
        "AWS recommends since " + format_utc(at) + " to leave this machine: an interruption is likely";
    return word;
  }
  Duration gap() const override { return tempo_.aws_gap; }

 private:
  // Version 2 of the service: a token first, so that no page that the job opens can ask it.
  Status renew_token(Time now) {
    if (!token_.empty() && now < token_until_) return {};
    io::HttpRequest request;
    request.method = "PUT";
    request.target = "/latest/api/token";
    request.headers = {{"X-aws-ec2-metadata-token-ttl-seconds", std::string(token_seconds)}};
    TW_ASSIGN_OR_RETURN(const io::HttpResponse answer, send(std::move(request), {}));
    token_ = std::string(trim(answer.body));
    token_until_ = now + token_life;
    return {};
  }

  Result<io::HttpResponse> ask_for(const std::string& what, Time now) {
    TW_RETURN_IF_ERROR(renew_token(now));
    Result<io::HttpResponse> answer =
        get("/latest/meta-data/" + what, {{"X-aws-ec2-metadata-token", token_}}, {not_there, no_longer});
    if (!answer.ok() || answer->status != no_longer) return answer;
    token_.clear();
    return Error{Code::unavailable, "the metadata service does not take its own token any longer"};
  }

  std::string token_;  // a secret of this machine's
  Time token_until_;
};

class Google final : public Asking {
 public:
  using Asking::Asking;

  Result<MetadataWord> ask(Time now) override {
    MetadataWord word;
    TW_ASSIGN_OR_RETURN(const io::HttpResponse event, ask_for("maintenance-event", "", Duration(0)));
    TW_ASSIGN_OR_RETURN(word.notice, google_maintenance(event.body, now));
    if (word.notice) return word;
    // Open until something changes, so that the word comes at once.
    const std::string wait =
        etag_.empty()
            ? ""
            : "?wait_for_change=true&last_etag=" + etag_ + "&timeout_sec=" +
                  std::to_string(std::chrono::ceil<std::chrono::seconds>(tempo_.google_gap).count());
    TW_ASSIGN_OR_RETURN(const io::HttpResponse taken, ask_for("preempted", wait, tempo_.google_gap));
    etag_ = std::string(io::header_of(taken.headers, "ETag"));
    TW_ASSIGN_OR_RETURN(word.notice, google_preempted(taken.body, now, tempo_.google_lead));
    return word;
  }
  // The question itself waits; without a tag of the last answer it does not.
  Duration gap() const override { return etag_.empty() ? Duration(tempo_.google_gap / 10) : milliseconds(1); }

 private:
  Result<io::HttpResponse> ask_for(const std::string& what, const std::string& query, Duration longer) {
    return get("/computeMetadata/v1/instance/" + what + query, {{"Metadata-Flavor", "Google"}}, {}, longer);
  }

  std::string etag_;
};

class Azure final : public Asking {
 public:
  using Asking::Asking;

  Result<MetadataWord> ask(Time now) override {
    if (name_.empty()) {
      TW_ASSIGN_OR_RETURN(
          const io::HttpResponse answer,
          get("/metadata/instance/compute/name?api-version=2021-02-01&format=text", flavor(), {}));
      name_ = std::string(trim(answer.body));
    }
    TW_ASSIGN_OR_RETURN(const io::HttpResponse events, get(std::string(events_path), flavor(), {}));
    TW_ASSIGN_OR_RETURN(event_, azure_event(events.body, name_, now));
    MetadataWord word;
    if (event_) word.notice = event_->notice;
    return word;
  }
  Status approve() override {
    if (!event_ || event_->id.empty()) return {};
    io::HttpRequest request;
    request.method = "POST";
    request.target = std::string(events_path);
    request.headers = flavor();
    request.headers.push_back({"Content-Type", "application/json"});
    request.body = azure_approval(*event_);
    TW_ASSIGN_OR_RETURN([[maybe_unused]] const io::HttpResponse answer, send(std::move(request), {}));
    return {};
  }
  Duration gap() const override { return tempo_.azure_gap; }

 private:
  static constexpr std::string_view events_path = "/metadata/scheduledevents?api-version=2020-07-01";
  static std::vector<io::HttpHeader> flavor() { return {{"Metadata", "true"}}; }

  std::string name_;
  std::optional<AzureEvent> event_;
};

}  // namespace

std::unique_ptr<MetadataService> metadata_service(const MetadataSource& source, const MetadataTempo& tempo,
                                                  std::shared_ptr<const io::Cancellation> cancellation) {
  switch (source.kind) {
    case MetadataKind::azure:
      return std::make_unique<Azure>(source, tempo, std::move(cancellation));
    case MetadataKind::gcp:
      return std::make_unique<Google>(source, tempo, std::move(cancellation));
    case MetadataKind::aws:
      break;
  }
  return std::make_unique<Aws>(source, tempo, std::move(cancellation));
}

}  // namespace tradewind::agent
