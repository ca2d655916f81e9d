// The console: the files of console/dist, which are in the program. "/" is its page; the others are under /assets/.
// Anybody who reaches the port may read them. What they show comes from the API, with the viewer's own token.
// Threads: pure functions.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "service/http/http_message.h"

namespace pointsman::service {

// A file of console/dist. (Its data is in a file that cmake/console.cmake makes.)
struct ConsoleFile {
  std::string_view path;  // "/index.html"
  std::string_view gzip;  // its bytes, compressed
};
std::span<const ConsoleFile> ConsoleFiles();

// The answer to a GET or HEAD of one of the files; nothing for other paths. "/" answers only clients that read HTML.
std::optional<HttpResponse> ConsoleAnswer(const HttpRequest& request);

}  // namespace pointsman::service
