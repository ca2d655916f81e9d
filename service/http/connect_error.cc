#include "service/http/connect_error.h"

#include <google/protobuf/util/json_util.h>

#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"
#include "base/strings.h"
#include "google/rpc/error_details.pb.h"
#include "service/api/status.h"

namespace pointsman::service {
namespace {

using Json = nlohmann::ordered_json;

template <class Detail>
bool DebugOf(const google::protobuf::Any& any, Json& debug) {
  Detail detail;
  if (!any.Is<Detail>() || !any.UnpackTo(&detail)) return false;
  std::string text;
  if (google::protobuf::util::MessageToJsonString(detail, &text).ok()) debug = Json::parse(text);
  return true;
}

Json DetailOf(const google::protobuf::Any& any) {
  std::string value = absl::Base64Escape(any.value());
  while (!value.empty() && value.back() == '=') value.pop_back();
  Json detail = {{"type", any.type_url().substr(any.type_url().rfind('/') + 1)}, {"value", value}};
  Json debug;
  if (DebugOf<google::rpc::ErrorInfo>(any, debug) || DebugOf<google::rpc::BadRequest>(any, debug) ||
      DebugOf<google::rpc::RetryInfo>(any, debug)) {
    detail["debug"] = debug;
  }
  return detail;
}

}  // namespace

std::string_view ConnectCode(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kCancelled:
      return "canceled";
    case absl::StatusCode::kInvalidArgument:
      return "invalid_argument";
    case absl::StatusCode::kDeadlineExceeded:
      return "deadline_exceeded";
    case absl::StatusCode::kNotFound:
      return "not_found";
    case absl::StatusCode::kAlreadyExists:
      return "already_exists";
    case absl::StatusCode::kPermissionDenied:
      return "permission_denied";
    case absl::StatusCode::kResourceExhausted:
      return "resource_exhausted";
    case absl::StatusCode::kFailedPrecondition:
      return "failed_precondition";
    case absl::StatusCode::kAborted:
      return "aborted";
    case absl::StatusCode::kOutOfRange:
      return "out_of_range";
    case absl::StatusCode::kUnimplemented:
      return "unimplemented";
    case absl::StatusCode::kInternal:
      return "internal";
    case absl::StatusCode::kUnavailable:
      return "unavailable";
    case absl::StatusCode::kDataLoss:
      return "data_loss";
    case absl::StatusCode::kUnauthenticated:
      return "unauthenticated";
    default:
      return "unknown";
  }
}

int HttpStatusOf(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kOk:
      return 200;
    case absl::StatusCode::kCancelled:
      return 499;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kOutOfRange:
      return 400;
    case absl::StatusCode::kDeadlineExceeded:
      return 504;
    case absl::StatusCode::kNotFound:
      return 404;
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kAborted:
      return 409;
    case absl::StatusCode::kPermissionDenied:
      return 403;
    case absl::StatusCode::kResourceExhausted:
      return 429;
    case absl::StatusCode::kUnimplemented:
      return 501;
    case absl::StatusCode::kUnavailable:
      return 503;
    case absl::StatusCode::kUnauthenticated:
      return 401;
    default:
      return 500;
  }
}

HttpResponse ErrorResponse(const absl::Status& status) {
  const google::rpc::Status rich = ToRich(status);
  Json body = {{"code", ConnectCode(status.code())}, {"message", rich.message()}};
  HttpResponse response{.status = HttpStatusOf(status.code()), .type = "application/json"};
  for (const auto& any : rich.details()) {
    body["details"].push_back(DetailOf(any));
    google::rpc::RetryInfo retry;
    if (any.UnpackTo(&retry)) {
      const auto& delay = retry.retry_delay();
      response.headers.emplace_back("Retry-After",
                                    Cat(delay.seconds() + (delay.nanos() > 0 ? 1 : 0)));
    }
  }
  if (absl::IsUnauthenticated(status)) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  // A message may quote bytes that are not UTF-8.
  response.body = body.dump(-1, ' ', false, Json::error_handler_t::replace);
  return response;
}

}  // namespace pointsman::service
