#include "service/http/openai_request.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace pointsman::service {
namespace {

using Json = nlohmann::json;

HttpRequest Request(const Json& body,
                    std::vector<std::pair<std::string, std::string>> headers = {}) {
  HttpRequest request;
  request.method = "POST";
  request.path = std::string("/routing/v1/chat/completions");
  request.headers = std::move(headers);
  request.body = body.dump();
  return request;
}

Json Message(const char* role, const Json& content) {
  return {{"role", role}, {"content", content}};
}

v1::RouteRequest RouteOf(const HttpRequest& request) {
  std::vector<std::string> notes;
  const auto route = RouteRequestOf(request, notes);
  EXPECT_TRUE(route.ok()) << route.status();
  return route.ok() ? *route : v1::RouteRequest();
}

TEST(OpenAiRequest, AsksForTheLastUserTurnAlone) {
  const Json messages = {Message("system", std::string(9000, 's')), Message("user", "first"),
                         Message("assistant", "yes"), Message("user", "second"),
                         Message("tool", std::string(9000, 't'))};
  const v1::RouteRequest route = RouteOf(Request({{"model", "auto"}, {"messages", messages}}));
  EXPECT_EQ(route.query(), "second");
  EXPECT_EQ(route.pool(), "");
  EXPECT_GT(route.input_tokens(), 1000) << "tokens are those of the whole";
  EXPECT_GE(route.constraints().context_tokens(), route.input_tokens());
}

TEST(OpenAiRequest, AsksForAsManyTurnsAsTheHeaderSays) {
  const Json messages = {Message("user", "one"), Message("user", "two"), Message("user", "three")};
  const Json body = {{"messages", messages}};
  EXPECT_EQ(RouteOf(Request(body, {{"x-pointsman-turns", "2"}})).query(), "two\nthree");
  EXPECT_EQ(RouteOf(Request(body, {{"x-pointsman-turns", "99"}})).query(), "one\ntwo\nthree");
}

TEST(OpenAiRequest, ReadsPartsPoolPreferenceAndLimits) {
  const Json parts = {{{"type", "text"}, {"text", "look"}},
                      {{"type", "image_url"}, {"image_url", {{"url", "data:"}}}},
                      {{"type", "text"}, {"text", "here"}}};
  std::vector<std::string> notes;
  const auto route = RouteRequestOf(Request({{"model", "pointsman/agents"},
                                             {"max_completion_tokens", 50},
                                             {"messages", {Message("user", parts)}}},
                                            {{"x-pointsman-preference", "0.8, 0.2,0"}}),
                                    notes);
  ASSERT_TRUE(route.ok()) << route.status();
  EXPECT_EQ(route->query(), "look\nhere");
  EXPECT_EQ(route->pool(), "agents");
  EXPECT_EQ(route->max_output_tokens(), 50);
  EXPECT_EQ(route->preference().quality(), 0.8);
  EXPECT_EQ(route->preference().cost(), 0.2);
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_NE(notes[0].find("not text"), std::string::npos);
}

TEST(OpenAiRequest, RefusesWhatItCannotRead) {
  const Json asked = {Message("user", "x")};
  std::vector<std::string> notes;
  for (const Json& body :
       {Json(1), Json::array(), Json::object(), Json{{"messages", 3}}, Json{{"messages", {3}}},
        Json{{"messages", {Message("system", "x")}}},
        Json{{"messages", asked}, {"model", "gpt-4o"}}, Json{{"messages", asked}, {"model", 4}},
        Json{{"messages", asked}, {"model", "pointsman/"}},
        Json{{"messages", asked}, {"max_tokens", "many"}},
        Json{{"messages", asked}, {"max_tokens", -4}}}) {
    EXPECT_FALSE(RouteRequestOf(Request(body), notes).ok()) << body;
  }
  for (const char* preference : {"", "1", "1,2", "1,2,3,4", "a,b,c", "1,,2", "1 2,3,4"}) {
    if (*preference == '\0') continue;
    EXPECT_FALSE(
        RouteRequestOf(Request({{"messages", asked}}, {{"x-pointsman-preference", preference}}),
                       notes)
            .ok())
        << preference;
  }
}

}  // namespace
}  // namespace pointsman::service
