// The text of HTTP/1.1: what is wrong with a request's head, and how an answer is written.
// Threads: pure, aside from the date.
#pragma once

#include <string>
#include <string_view>

#include "service/http/http_message.h"

namespace pointsman::service {

// Why a request that could be parsed must not be served; empty: nothing is wrong. `version`: 10 or 11.
std::string FaultOf(const HttpRequest& request, unsigned version);

// Head and body. `is_head`: without the body, as HEAD wants it.
std::string ResponseText(const HttpResponse& response, bool is_kept, bool is_head);

}  // namespace pointsman::service
