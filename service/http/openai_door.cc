#include "service/http/openai_door.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "service/http/connect_error.h"
#include "service/http/http_call.h"
#include "service/http/openai_request.h"

namespace pointsman::service {
namespace {

using Json = nlohmann::ordered_json;

Json CandidatesOf(const v1::RouteResponse& response) {
  Json candidates = Json::array();
  for (const v1::RankedArm& ranked : response.ranking()) {
    Json candidate = {{"model", ranked.arm()},
                      {"probability", ranked.probability()},
                      {"utility", ranked.utility()},
                      {"expected_quality", ranked.expected().quality()}};
    if (ranked.expected().has_cost_usd()) {
      candidate["expected_cost_usd"] = ranked.expected().cost_usd();
    }
    if (ranked.expected().has_latency_ms()) {
      candidate["expected_latency_ms"] = ranked.expected().latency_ms();
    }
    candidates.push_back(std::move(candidate));
  }
  return candidates;
}

HttpResponse Answer(const v1::RouteResponse& response, const std::vector<std::string>& notes) {
  Json body = {{"object", "pointsman.decision"},
               {"model", response.arm()},
               {"decision_id", response.decision_id()},
               {"propensity", response.propensity()},
               {"inclusion", response.inclusion()},
               {"logged", response.logged()},
               {"fallbacks", Json::array()},
               {"candidates", CandidatesOf(response)},
               {"notes", notes}};
  for (const v1::FurtherArm& further : response.further()) {
    body["fallbacks"].push_back(further.arm());
  }
  for (const std::string& note : response.notes()) body["notes"].push_back(note);
  return {.type = "application/json",
          .body = body.dump(-1, ' ', false, Json::error_handler_t::replace)};
}

// OpenAI's clients look for `error`.
HttpResponse OpenAiError(const absl::Status& status) {
  HttpResponse response = ErrorResponse(status);
  Json body = Json::parse(response.body);
  body["error"] = {{"message", body["message"]}, {"type", body["code"]}, {"code", body["code"]}};
  response.body = body.dump(-1, ' ', false, Json::error_handler_t::replace);
  return response;
}

}  // namespace

HttpApp::Entry OpenAiDoor::AtHeaders(const HttpRequest& request) const {
  if (const absl::Status status = admission_.AtArrival(
          MethodOf(MethodId::kRoute).path, request.header("authorization"), request.connection);
      !status.ok()) {
    return {.refusal = OpenAiError(status)};
  }
  if (request.method != "POST") {
    HttpResponse refusal = OpenAiError(absl::UnimplementedError("this path is called with POST"));
    refusal.status = 405;
    refusal.headers.emplace_back("Allow", "POST");
    return {.refusal = std::move(refusal)};
  }
  if (!request.header("content-type").starts_with("application/json")) {
    HttpResponse refusal =
        OpenAiError(absl::UnimplementedError("the Content-Type must be application/json"));
    refusal.status = 415;
    return {.refusal = std::move(refusal)};
  }
  return {.refusal = std::nullopt,
          .body_bytes_max = static_cast<std::size_t>(limits_.Get().message_bytes_max)};
}

void OpenAiDoor::Serve(const std::shared_ptr<HttpExchange>& exchange) const {
  std::vector<std::string> notes;
  auto route = RouteRequestOf(exchange->request(), notes);
  if (!route.ok()) return exchange->Respond(OpenAiError(route.status()));
  ServeHttp(
      exchange, admission_, router_, &RouterCalls::Route, *std::move(route),
      [notes = std::move(notes)](const absl::Status& status, const v1::RouteResponse& response) {
        return status.ok() ? Answer(response, notes) : OpenAiError(status);
      });
}

}  // namespace pointsman::service
