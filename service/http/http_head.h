// The head of a request, out of the library that parses HTTP.
// Threads: pure function.
#pragma once

#include <boost/beast/http/message.hpp>

#include "service/http/http_message.h"

namespace pointsman::service {

HttpRequest ToRequest(const boost::beast::http::request_header<>& header);

}  // namespace pointsman::service
