#include "edge/objectstore/gcs/gcs_error.h"

#include <algorithm>
#include <array>
#include <optional>

namespace tradewind::objectstore {
namespace {

bool holds(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::string what(const GcsRefusal& refusal) {
  return "cannot " + std::string(refusal.purpose.verb) + " " +
         (refusal.key.empty() ? "bucket '" + refusal.bucket + "'"
                              : "gs://" + refusal.bucket + "/" + refusal.key);
}

// "forbidden: its sentence", or the status where there was no sentence.
std::string said(const GcsRefusal& refusal) {
  const cloud::GoogleProblem& problem = refusal.problem;
  const std::string message = problem.message.substr(0, 300);
  if (problem.reason.empty()) return message.empty() ? "status " + std::to_string(refusal.status) : message;
  return problem.reason + (message.empty() ? "" : ": " + message);
}

std::string asked_by(const GcsRefusal& refusal) {
  return "; asked by " + refusal.credential.source;
}

// The permission that the server says is missing, else the one that the call takes.
std::string permission_of(const GcsRefusal& refusal) {
  const std::string& text = refusal.problem.message;
  const std::size_t begin = text.find("storage.");
  if (begin == std::string::npos) return std::string(refusal.purpose.permission);
  const std::size_t end =
      text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.", begin);
  std::string name = text.substr(begin, end == std::string::npos ? end : end - begin);
  while (name.ends_with('.')) name.pop_back();
  return name.starts_with("storage.objects.") ? name : std::string(refusal.purpose.permission);
}

Error about_token(const GcsRefusal& refusal) {
  if (refusal.credential.token.empty()) {
    return {Code::unauthorized, what(refusal) + ": " + said(refusal) + asked_by(refusal),
            "drop anonymous=yes from the URL, and run gcloud auth application-default login"};
  }
  return {Code::unauthorized,
          what(refusal) + ": the server does not take the token of " + refusal.credential.source + " (" +
              said(refusal) + ")",
          refusal.credential.cure.empty() ? "sign in again: gcloud auth application-default login"
                                          : refusal.credential.cure};
}

Error denied(const GcsRefusal& refusal) {
  const std::string permission = permission_of(refusal);
  const std::string who = refusal.credential.member.empty() ? "WHO" : refusal.credential.member;
  const bool only_reads = permission == gcs_read.permission || permission == gcs_list.permission;
  return {Code::unauthorized, what(refusal) + ": " + said(refusal) + asked_by(refusal),
          "allow it " + permission + ": gcloud storage buckets add-iam-policy-binding gs://" +
              refusal.bucket + " --member=" + who + " --role=roles/storage." +
              (only_reads ? "objectViewer" : "objectUser") +
              ", which may take some minutes to hold; is there a bucket of that name?"};
}

Error missing(const GcsRefusal& refusal) {
  if (gcs_missing(refusal.problem) == GcsMissing::object) {
    return {Code::not_found, refusal.url + " holds no object '" + refusal.key + "'"};
  }
  return {Code::invalid_argument,
          what(refusal) + ": there is no bucket '" + refusal.bucket + "' at " + refusal.server,
          "create it (gcloud storage buckets create gs://" + refusal.bucket + "), or correct the URL"};
}

struct Known {
  std::string_view word;  // a reason, a detail, or part of the sentence
  Code means;
  std::string_view cure;
};

// What says something about the project, the bucket or the token rather than about permissions.
constexpr std::array known_words = {
    Known{"ACCESS_TOKEN_SCOPE_INSUFFICIENT", Code::unauthorized,
          "the machine's or token's scopes are too narrow: gcloud compute instances set-service-account "
          "--scopes=cloud-platform, or sign in again"},
    Known{"insufficientPermissions", Code::unauthorized,
          "the machine's or token's scopes are too narrow: gcloud compute instances set-service-account "
          "--scopes=cloud-platform, or sign in again"},
    Known{"accountDisabled", Code::unauthorized,
          "link a billing account to the bucket's project: gcloud billing projects link PROJECT"},
    Known{"BILLING_DISABLED", Code::unauthorized,
          "link a billing account to the project: gcloud billing projects link PROJECT"},
    Known{"billing account", Code::unauthorized,
          "link a billing account to the bucket's project: gcloud billing projects link PROJECT"},
    Known{"SERVICE_DISABLED", Code::unauthorized,
          "switch the API on: gcloud services enable storage.googleapis.com"},
    Known{"accessNotConfigured", Code::unauthorized,
          "switch the API on: gcloud services enable storage.googleapis.com"},
    Known{"userProjectMissing", Code::invalid_argument,
          "its requester pays: add project=PROJECT to the URL, one that you may bill"},
    Known{"requester pays", Code::invalid_argument,
          "its requester pays: add project=PROJECT to the URL, one that you may bill"},
    Known{"userProjectAccessDenied", Code::unauthorized,
          "the identity may not bill that project: give it roles/serviceusage.serviceUsageConsumer there"},
    Known{"USER_PROJECT_DENIED", Code::unauthorized,
          "the identity may not bill that project: give it roles/serviceusage.serviceUsageConsumer there"},
    Known{"userProjectInvalid", Code::invalid_argument, "correct project= in the URL"},
    Known{"retentionPolicyNotMet", Code::unauthorized,
          "the bucket's retention policy keeps the object as it is until its time has come"},
    Known{"objectUnderActiveHold", Code::unauthorized,
          "the object is held: gcloud storage objects update --no-temporary-hold"},
    Known{"orgPolicyConstraintFailed", Code::unauthorized, "a policy of the organisation forbids it"},
    Known{"cloudKms", Code::unauthorized,
          "the key that the bucket encrypts with cannot be used: look at it in Cloud KMS"},
    Known{"SECURITY_POLICY_VIOLATED", Code::unauthorized,
          "a service perimeter keeps this machine out (VPC Service Controls)"},
    Known{"vpcServiceControls", Code::unauthorized,
          "a service perimeter keeps this machine out (VPC Service Controls)"},
    Known{"quotaExceeded", Code::quota_exceeded, "raise the quota, or wait until it is counted anew"},
    Known{"uploadTooLarge", Code::invalid_argument, "objects have at most 5 TiB"},
};

std::optional<Error> about_known(const GcsRefusal& refusal) {
  const cloud::GoogleProblem& problem = refusal.problem;
  for (const Known& known : known_words) {
    const bool found = problem.reason.starts_with(known.word) || problem.detail == known.word ||
                       holds(problem.message, known.word);
    if (found)
      return Error{known.means, what(refusal) + ": " + said(refusal) + asked_by(refusal),
                   std::string(known.cure)};
  }
  return std::nullopt;
}

// rateLimitExceeded, userRateLimitExceeded
bool is_hurried(const cloud::GoogleProblem& problem) {
  return problem.reason.ends_with("ateLimitExceeded");
}

Error passing(const GcsRefusal& refusal) {
  const bool hurried = refusal.status == 429 || is_hurried(refusal.problem);
  return {Code::unavailable, what(refusal) + ": " + refusal.server + " answers " + said(refusal),
          hurried ? "an object may be replaced once a second; ask less often" : ""};
}

}  // namespace

GcsMissing gcs_missing(const cloud::GoogleProblem& problem) {
  if (holds(problem.message, "No such object")) return GcsMissing::object;
  const bool bucket =
      holds(problem.message, "bucket does not exist") || holds(problem.message, "No such bucket");
  return bucket ? GcsMissing::bucket : GcsMissing::unclear;
}

Error gcs_error(const GcsRefusal& refusal) {
  const int status = refusal.status;
  if (status == 404) return missing(refusal);
  if (status >= 400 && status < 500) {
    if (const std::optional<Error> error = about_known(refusal)) return *error;
  }
  if (status == 401) return about_token(refusal);
  if (status >= 500 || status == 429 || status == 408 || status == 409 || is_hurried(refusal.problem))
    return passing(refusal);
  if (status == 403) return denied(refusal);
  if (holds(refusal.problem.message, "doesn't match calculated")) {
    return {Code::unavailable, what(refusal) + ": its bytes changed on the way to " + refusal.server,
            "try again; look for a proxy in between"};
  }
  if (status >= 300 && status < 400) {
    return {Code::invalid_argument,
            what(refusal) + ": " + refusal.server + " sends elsewhere (" + said(refusal) + ")",
            "does the endpoint lead to Cloud Storage, or to a proxy or page of sign-on before it?"};
  }
  return {Code::invalid_argument, what(refusal) + ": " + refusal.server + " answers " + said(refusal)};
}

}  // namespace tradewind::objectstore
