// Reads the decision that a request of OpenAI's API asks for.
// The query is the last user turn, since that is what the conversation asks now: long system text and the
//   output of tools would drown it. X-Pointsman-Turns: N takes the last N user turns. Tokens are estimated over all
//   messages and tools. X-Pointsman-Preference: QUALITY,COST,LATENCY. `model`: auto, or pointsman/POOL.
// Errors: kInvalidArgument naming the field or the header.
// Threads: pure function.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "pointsman/v1/router.pb.h"
#include "service/http/http_message.h"

namespace pointsman::service {

// `notes`: parts of the request that are not used.
absl::StatusOr<v1::RouteRequest> RouteRequestOf(const HttpRequest& request,
                                                std::vector<std::string>& notes);

}  // namespace pointsman::service
