// The OpenAPI description of the HTTP API, made by the build from the comments of the protos.
// Threads: constant data.
#pragma once

#include <string_view>

namespace pointsman {

std::string_view OpenApiJson();

}  // namespace pointsman
