#include "service/http/openai_request.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/status_macros.h"
#include "base/strings.h"
#include "engine/request/token_estimate.h"
#include "engine/request/validate.h"

namespace pointsman::service {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kPoolPrefix = "pointsman/";
constexpr uint32_t kArms = 3;  // the chosen one, and what to try if it fails

template <class Number>
bool ReadNumber(std::string_view text, Number& value) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  return parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
}

absl::Status ReadPreference(std::string_view text, v1::Preference& preference) {
  std::vector<double> weights;
  std::string_view rest = text;
  while (true) {
    const auto comma = rest.find(',');
    double weight = 0;
    if (!ReadNumber(rest.substr(0, comma), weight)) break;
    weights.push_back(weight);
    if (comma == std::string_view::npos) {
      if (weights.size() != 3) break;
      preference.set_quality(weights[0]);
      preference.set_cost(weights[1]);
      preference.set_latency(weights[2]);
      return absl::OkStatus();
    }
    rest.remove_prefix(comma + 1);
  }
  return InvalidArgument(
      "the header X-Pointsman-Preference must be QUALITY,COST,LATENCY, for example 0.8,0.2,0, got ",
      Quoted(text));
}

// The text of a message: its content is a string, or a list of parts.
std::string TextOf(const Json& message, bool& has_other_parts) {
  const auto content = message.find("content");
  if (content == message.end()) return "";
  if (content->is_string()) return content->get<std::string>();
  std::string text;
  if (!content->is_array()) return text;
  for (const Json& part : *content) {
    const auto written = part.is_object() ? part.find("text") : part.end();
    if (part.is_object() && written != part.end() && written->is_string()) {
      text += (text.empty() ? "" : "\n") + written->get<std::string>();
    } else {
      has_other_parts = true;
    }
  }
  return text;
}

absl::Status ReadPool(const Json& body, v1::RouteRequest& route) {
  const auto model = body.find("model");
  if (model == body.end()) return absl::OkStatus();
  const std::string name = model->is_string() ? model->get<std::string>() : "";
  if (name == "auto") return absl::OkStatus();
  if (name.starts_with(kPoolPrefix) && name.size() > kPoolPrefix.size()) {
    route.set_pool(name.substr(kPoolPrefix.size()));
    return absl::OkStatus();
  }
  return engine::BadField("model",
                          Cat("must be auto, or pointsman/POOL with the name of a pool, got ",
                              Quoted(name.empty() ? model->dump() : name)));
}

absl::Status ReadMessages(const Json& body, int64_t turns, v1::RouteRequest& route,
                          std::vector<std::string>& notes) {
  const auto messages = body.find("messages");
  if (messages == body.end() || !messages->is_array()) {
    return engine::BadField("messages", "must be a list of messages");
  }
  std::vector<std::string> asked;
  bool has_other_parts = false;
  double tokens = 0, tokens_at_most = 0;
  const auto count = [&](const std::string& text) {
    const engine::TokenEstimate estimate = engine::EstimateTokens(text);
    tokens += estimate.expected;
    tokens_at_most += estimate.at_most;
  };
  for (const Json& message : *messages) {
    if (!message.is_object()) return engine::BadField("messages", "each must be an object");
    std::string text = TextOf(message, has_other_parts);
    count(text);
    const auto role = message.find("role");
    if (role != message.end() && *role == "user") asked.push_back(std::move(text));
  }
  if (asked.empty()) return engine::BadField("messages", "there is none with the role user");
  if (has_other_parts) notes.emplace_back("parts of messages that are not text were not looked at");
  if (const auto tools = body.find("tools"); tools != body.end()) {
    count(tools->dump(-1, ' ', false, Json::error_handler_t::replace));
  }
  std::string query;
  for (std::size_t i =
           asked.size() - std::min<std::size_t>(asked.size(), static_cast<std::size_t>(turns));
       i < asked.size(); ++i) {
    query += (query.empty() ? "" : "\n") + asked[i];
  }
  route.set_query(std::move(query));
  route.set_input_tokens(static_cast<int64_t>(tokens));
  route.mutable_constraints()->set_context_tokens(static_cast<int64_t>(tokens_at_most) +
                                                  route.max_output_tokens());
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::RouteRequest> RouteRequestOf(const HttpRequest& request,
                                                std::vector<std::string>& notes) {
  const Json body = Json::parse(request.body, nullptr, /*allow_exceptions=*/false);
  if (body.is_discarded() || !body.is_object()) {
    return InvalidArgument("the body is not a JSON object");
  }
  v1::RouteRequest route;
  route.set_arm_count(kArms);
  RETURN_IF_ERROR(ReadPool(body, route));
  if (const auto preference = request.header("x-pointsman-preference"); !preference.empty()) {
    RETURN_IF_ERROR(ReadPreference(preference, *route.mutable_preference()));
  }
  int64_t turns = 1;
  if (const auto text = request.header("x-pointsman-turns");
      !text.empty() && (!ReadNumber(text, turns) || turns < 1)) {
    return InvalidArgument(
        "the header X-Pointsman-Turns must be a whole number of at least 1, got ", Quoted(text));
  }
  for (const char* name : {"max_completion_tokens", "max_tokens"}) {
    const auto most = body.find(name);
    if (most == body.end() || most->is_null() || route.max_output_tokens() > 0) continue;
    if (!most->is_number_integer() || *most < 0) {
      return engine::BadField(name, "must be a whole number of at least 0");
    }
    route.set_max_output_tokens(most->get<int64_t>());
  }
  if (!request.header("x-pointsman-session").empty()) {
    notes.emplace_back("X-Pointsman-Session was not used: this version does not route by session");
  }
  RETURN_IF_ERROR(ReadMessages(body, turns, route, notes));
  return route;
}

}  // namespace pointsman::service
