#include "service/http/http_head.h"

#include <boost/beast/http/fields.hpp>

#include "absl/strings/ascii.h"

namespace pointsman::service {

HttpRequest ToRequest(const boost::beast::http::request_header<>& header) {
  HttpRequest request;
  request.method = std::string(header.method_string());
  const std::string target(header.target());
  const auto question = target.find('?');
  request.path = target.substr(0, question);
  if (question != std::string::npos) request.query = target.substr(question + 1);
  for (const auto& field : header) {
    request.headers.emplace_back(
        absl::AsciiStrToLower({field.name_string().data(), field.name_string().size()}),
        std::string(field.value()));
  }
  return request;
}

}  // namespace pointsman::service
