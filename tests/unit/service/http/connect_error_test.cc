#include "service/http/connect_error.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "domain/errors.h"
#include "service/api/status.h"

namespace pointsman::service {
namespace {

using Json = nlohmann::json;

// The table of the Connect protocol.
TEST(ConnectError, HasTheProtocolsTable) {
  struct Row {
    absl::StatusCode code;
    const char* name;
    int http;
  };
  for (const Row& row : {Row{absl::StatusCode::kCancelled, "canceled", 499},
                         Row{absl::StatusCode::kUnknown, "unknown", 500},
                         Row{absl::StatusCode::kInvalidArgument, "invalid_argument", 400},
                         Row{absl::StatusCode::kDeadlineExceeded, "deadline_exceeded", 504},
                         Row{absl::StatusCode::kNotFound, "not_found", 404},
                         Row{absl::StatusCode::kAlreadyExists, "already_exists", 409},
                         Row{absl::StatusCode::kPermissionDenied, "permission_denied", 403},
                         Row{absl::StatusCode::kResourceExhausted, "resource_exhausted", 429},
                         Row{absl::StatusCode::kFailedPrecondition, "failed_precondition", 400},
                         Row{absl::StatusCode::kAborted, "aborted", 409},
                         Row{absl::StatusCode::kOutOfRange, "out_of_range", 400},
                         Row{absl::StatusCode::kUnimplemented, "unimplemented", 501},
                         Row{absl::StatusCode::kInternal, "internal", 500},
                         Row{absl::StatusCode::kUnavailable, "unavailable", 503},
                         Row{absl::StatusCode::kDataLoss, "data_loss", 500},
                         Row{absl::StatusCode::kUnauthenticated, "unauthenticated", 401}}) {
    const HttpResponse response = ErrorResponse(absl::Status(row.code, "why"));
    EXPECT_EQ(response.status, row.http) << row.name;
    const Json body = Json::parse(response.body);
    EXPECT_EQ(body["code"], row.name);
    EXPECT_EQ(body["message"], "why");
  }
}

TEST(ConnectError, SaysReasonFieldAndWhenToRetry) {
  const absl::Status status =
      WithRetryDelay(WithReason(absl::ResourceExhaustedError("too many"), reason::kClientRate),
                     1500 * kMicrosPerMs);
  const HttpResponse response = ErrorResponse(status);
  EXPECT_EQ(response.headers.size(), 1u);
  EXPECT_EQ(response.headers[0], std::pair(std::string("Retry-After"), std::string("2")));
  const Json details = Json::parse(response.body)["details"];
  ASSERT_EQ(details.size(), 2u);
  EXPECT_EQ(details[0]["type"], "google.rpc.ErrorInfo");
  EXPECT_EQ(details[0]["debug"]["reason"], "CLIENT_RATE");
  EXPECT_EQ(details[0]["value"].get<std::string>().find('='), std::string::npos);
  EXPECT_EQ(details[1]["debug"]["retryDelay"], "1.500s");
}

TEST(ConnectError, WritesAMessageThatIsNotUtf8) {
  const HttpResponse response = ErrorResponse(absl::InvalidArgumentError("got \xff\"\n"));
  EXPECT_FALSE(Json::parse(response.body, nullptr, false).is_discarded()) << response.body;
}

}  // namespace
}  // namespace pointsman::service
