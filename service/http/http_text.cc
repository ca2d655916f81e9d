#include "service/http/http_text.h"

#include <array>
#include <ctime>

#include "absl/strings/ascii.h"
#include "base/strings.h"

namespace pointsman::service {
namespace {

const char* Phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Payload Too Large";
    case 415:
      return "Unsupported Media Type";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 499:
      return "Client Closed Request";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "Error";
  }
}

std::string HttpDate() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  std::array<char, 40> text{};
  std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc);
  return text.data();
}

}  // namespace

std::string FaultOf(const HttpRequest& request, unsigned version) {
  if (version != 10 && version != 11) return "the version must be HTTP/1.1";
  if (request.path.empty() || request.path.front() != '/') {
    return "the target must be a path that begins with '/'";
  }
  int hosts = 0, lengths = 0, encodings = 0;
  for (const auto& [name, value] : request.headers) {
    hosts += name == "host" ? 1 : 0;
    lengths += name == "content-length" ? 1 : 0;
    encodings += name == "transfer-encoding" ? 1 : 0;
  }
  if (hosts > 1 || (hosts == 0 && version == 11)) return "there must be one Host header";
  // Another server on the way may have read the other of the two.
  if (lengths > 1) return "there is more than one Content-Length";
  if (lengths > 0 && encodings > 0) return "there is both a Content-Length and a Transfer-Encoding";
  if (encodings > 0 && (encodings > 1 || absl::AsciiStrToLower(ToAbsl(
                                             request.header("transfer-encoding"))) != "chunked")) {
    return "the only Transfer-Encoding that is read is chunked";
  }
  return "";
}

std::string ResponseText(const HttpResponse& response, bool is_kept, bool is_head) {
  std::string text = Cat("HTTP/1.1 ", response.status, " ", Phrase(response.status),
                         "\r\nDate: ", HttpDate(), "\r\nX-Content-Type-Options: nosniff\r\n");
  if (!response.type.empty()) text += Cat("Content-Type: ", response.type, "\r\n");
  for (const auto& [name, value] : response.headers) text += Cat(name, ": ", value, "\r\n");
  if (response.status != 204 && response.status != 304) {
    text += Cat("Content-Length: ", response.body.size(), "\r\n");
  }
  if (!is_kept) text += "Connection: close\r\n";
  text += "\r\n";
  if (!is_head) text += response.body;
  return text;
}

}  // namespace pointsman::service
