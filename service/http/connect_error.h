// Errors as the Connect protocol writes them: an HTTP status, and a JSON object with code, message and details.
// Threads: pure functions.
// Source: the Connect protocol, https://connectrpc.com/docs/protocol (unary error response).
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "service/http/http_message.h"

namespace pointsman::service {

// "invalid_argument" and so on.
std::string_view ConnectCode(absl::StatusCode code);
int HttpStatusOf(absl::StatusCode code);

// With Retry-After where the error says when to retry, and WWW-Authenticate where a token is missing.
HttpResponse ErrorResponse(const absl::Status& status);

}  // namespace pointsman::service
