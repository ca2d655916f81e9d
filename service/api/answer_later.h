// For handlers whose result arrives later.
// Threads: the handler's; the answer is made on the engine's.
#pragma once

#include "absl/status/statusor.h"
#include "service/api/call.h"
#include "service/api/convert.h"

namespace pointsman::service {

// `begin` receives the callback for the result.
template <class Result, class Response, class Begin>
void AnswerLater(const CallPtr& call, Response& response, Begin begin) {
  begin([call, &response](const absl::StatusOr<Result>& result) {
    if (result.ok()) response = ToProto(*result);
    call->Finish(result.status());
  });
}

}  // namespace pointsman::service
