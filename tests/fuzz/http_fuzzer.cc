// What a client sends to the HTTP port: the parsing of its head, what is refused, and the JSON of its body as every
// message that the port reads. Nothing may crash, and a message that was read is written and read again as itself.
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <string>
#include <vector>

#include "base/check.h"
#include "pointsman/v1/admin.pb.h"
#include "pointsman/v1/router.pb.h"
#include "service/http/connect_codec.h"
#include "service/http/http_head.h"
#include "service/http/http_text.h"
#include "service/http/openai_request.h"

namespace pointsman {
namespace {

namespace http = boost::beast::http;

constexpr uint32_t kHeaderBytesMax = 16 << 10;
constexpr uint64_t kBodyBytesMax = 1 << 20;

template <class Message>
void CheckMessage(const std::string& text, service::Codec codec) {
  Message message;
  if (!service::DecodeMessage(text, codec, message).ok()) return;
  const auto written = service::EncodeMessage(message, service::Codec::kJson);
  if (!written.ok()) return;  // a text that is not UTF-8, which only protobuf's bytes can bring
  Message again;
  POINTSMAN_CHECK(service::DecodeMessage(*written, service::Codec::kJson, again).ok());
}

void CheckBody(const service::HttpRequest& request) {
  for (const service::Codec codec : {service::Codec::kJson, service::Codec::kProto}) {
    CheckMessage<v1::RouteRequest>(request.body, codec);
    CheckMessage<v1::RouteBatchRequest>(request.body, codec);
    CheckMessage<v1::FeedbackRequest>(request.body, codec);
    CheckMessage<v1::PutPoolRequest>(request.body, codec);
    CheckMessage<v1::ImportOutcomesRequest>(request.body, codec);
  }
  std::vector<std::string> notes;
  const auto route = service::RouteRequestOf(request, notes);
  POINTSMAN_CHECK(!route.ok() || route->input_tokens() >= 0);
}

}  // namespace
}  // namespace pointsman

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  namespace http = boost::beast::http;
  http::request_parser<http::string_body> parser;
  parser.header_limit(pointsman::kHeaderBytesMax);
  parser.body_limit(pointsman::kBodyBytesMax);
  parser.eager(true);
  boost::system::error_code error;
  std::size_t at = 0;
  // In pieces, as a network delivers them.
  while (at < size && !parser.is_done()) {
    const std::size_t used =
        parser.put(boost::asio::buffer(data + at, std::min<std::size_t>(size - at, 1000)), error);
    at += used;
    if (error == http::error::need_more && at + 1000 < size && used > 0) error = {};
    if (error || used == 0) break;
  }
  if (!parser.is_header_done()) return 0;
  pointsman::service::HttpRequest request = pointsman::service::ToRequest(parser.get().base());
  (void)pointsman::service::FaultOf(request, parser.get().version());
  if (parser.is_done()) request.body = parser.get().body();
  pointsman::CheckBody(request);
  return 0;
}
