#include "service/http/pages.h"

#include <boost/asio/post.hpp>

#include "base/strings.h"
#include "openapi.h"
#include "service/http/console.h"

namespace pointsman::service {
namespace {

HttpResponse Text(int status, std::string body) {
  return {.status = status, .type = "text/plain; charset=utf-8", .body = std::move(body)};
}

constexpr char kPaths[] =
    "pointsmand answers here:\n"
    "  GET  /                                    the console, for browsers\n"
    "  POST /pointsman.v1.Router/Route           choose an arm; the body is JSON\n"
    "  POST /pointsman.v1.Router/Feedback        report how it went\n"
    "  POST /pointsman.v1.Admin/...              manage pools and arms\n"
    "  POST /pointsman.v1.Insight/...            what the router did, and why\n"
    "  POST /routing/v1/chat/completions         choose an arm for an OpenAI request\n"
    "  POST /routing/v1/feedback                 as Feedback\n"
    "  GET  /openapi.json                        all of it, described\n"
    "  GET  /metrics, /healthz, /readyz\n";

}  // namespace

void Pages::Serve(const std::shared_ptr<HttpExchange>& exchange) {
  const HttpRequest& request = exchange->request();
  if (request.method != "GET" && request.method != "HEAD") {
    HttpResponse refusal = Text(405, "this path is read with GET\n");
    refusal.headers.emplace_back("Allow", "GET, HEAD");
    return exchange->Respond(std::move(refusal));
  }
  const std::string& path = request.path;
  if (path == "/metrics") {
    if (const absl::Status may = sources_.may_read(request.header("authorization")); !may.ok()) {
      HttpResponse refusal = Text(401, Cat(ToStd(may.message()), "\n"));
      refusal.headers.emplace_back("WWW-Authenticate", "Bearer");
      return exchange->Respond(std::move(refusal));
    }
    boost::asio::post(slow_, [this, exchange] {
      exchange->Respond({.status = 200,
                         .type = "text/plain; version=0.0.4; charset=utf-8",
                         .body = sources_.metrics()});
    });
    return;
  }
  if (path == "/healthz" || path == "/readyz") {
    const std::string why = path == "/healthz" ? sources_.not_alive() : sources_.not_ready();
    return exchange->Respond(why.empty() ? Text(200, "ok\n") : Text(503, why + "\n"));
  }
  if (!sources_.has_api) {
    return exchange->Respond(
        Text(404, "unknown path; the paths are /metrics, /healthz and /readyz\n"));
  }
  if (path == "/openapi.json") {
    return exchange->Respond({.type = "application/json", .body = std::string(OpenApiJson())});
  }
  if (auto file = ConsoleAnswer(request)) return exchange->Respond(*std::move(file));
  if (path == "/") return exchange->Respond(Text(200, kPaths));
  exchange->Respond(Text(404, Cat("unknown path; ", kPaths)));
}

}  // namespace pointsman::service
