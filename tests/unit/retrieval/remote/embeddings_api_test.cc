#include "retrieval/remote/embeddings_api.h"

#include <gmock/gmock.h>

#include <random>

namespace pointsman::retrieval {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatEq;
using ::testing::HasSubstr;

std::string WhyNot(std::string_view body, std::size_t texts) {
  const auto answer = ParseEmbeddings(body, texts);
  return answer.ok() ? "" : std::string(answer.status().message());
}

TEST(EmbeddingsRequest, NamesModelAndTexts) {
  const std::string_view texts[] = {"one", "say \"two\""};
  EXPECT_EQ(EmbeddingsRequest("m", texts, 0),
            R"({"encoding_format":"float","input":["one","say \"two\""],"model":"m"})");
  EXPECT_THAT(EmbeddingsRequest("m", texts, 256), HasSubstr(R"("dimensions":256)"));
}

TEST(EmbeddingsRequest, ReplacesBytesThatAreNoUtf8) {
  const std::string_view texts[] = {"a\xff\xfe z"};
  EXPECT_THAT(EmbeddingsRequest("m", texts, 0), HasSubstr("\xEF\xBF\xBD"));
}

TEST(ParseEmbeddings, GivesUnitVectorsByTheirIndex) {
  const auto answer = ParseEmbeddings(
      R"({"data":[{"index":1,"embedding":[0,2]},{"index":0,"embedding":[3,4]}],"usage":{"total_tokens":7}})",
      2);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_THAT(answer->vectors[0], ElementsAre(FloatEq(0.6f), FloatEq(0.8f)));
  EXPECT_THAT(answer->vectors[1], ElementsAre(0, 1));
  EXPECT_EQ(answer->tokens, 7u);
}

TEST(ParseEmbeddings, GoesByTheOrderWithoutIndices) {
  const auto answer = ParseEmbeddings(R"({"data":[{"embedding":[1,0]},{"embedding":[0,1]}]})", 2);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_THAT(answer->vectors[1], ElementsAre(0, 1));
  EXPECT_EQ(answer->tokens, 0u);
}

TEST(ParseEmbeddings, SaysWhatIsWrongWithNonsense) {
  const struct {
    const char* body;
    const char* why;
  } cases[] = {
      {"", "not JSON"},
      {"<html>", "not JSON"},
      {"[]", "not an object"},
      {"{}", "no list `data`"},
      {R"({"data":5})", "no list `data`"},
      {R"({"data":[]})", "0 vectors for 1 texts"},
      {R"({"data":[5]})", "an item has no vector"},
      {R"({"data":[{"index":0}]})", "an item has no vector"},
      {R"({"data":[{"embedding":"AAAA"}]})", "not a list of numbers"},
      {R"({"data":[{"embedding":[]}]})", "not a list of numbers"},
      {R"({"data":[{"embedding":[1,"2"]}]})", "not a list of numbers"},
      {R"({"data":[{"embedding":[1,NaN]}]})", "not JSON"},
      {R"({"data":[{"embedding":[1,1e999]}]})", "not JSON"},
      {R"({"data":[{"embedding":[1e200,1e200]}]})", "huge"},
      {R"({"data":[{"embedding":[0,0]}]})", "zero norm"},
      {R"({"data":[{"index":1,"embedding":[1]}]})", "indices are not 0 to 0"},
      {R"({"data":[{"index":-1,"embedding":[1]}]})", "not a whole number"},
  };
  for (const auto& [body, why] : cases) EXPECT_THAT(WhyNot(body, 1), HasSubstr(why)) << body;
  EXPECT_THAT(WhyNot(R"({"data":[{"index":0,"embedding":[1]},{"index":0,"embedding":[1]}]})", 2),
              HasSubstr("indices"));
  EXPECT_THAT(WhyNot(R"({"data":[{"embedding":[1,0]},{"embedding":[1]}]})", 2),
              HasSubstr("differ in dimension"));
}

TEST(ParseEmbeddings, SurvivesAnyBytes) {
  const std::string good =
      R"({"data":[{"index":0,"embedding":[3,4]}],"usage":{"total_tokens":7},"error":{"message":"m"}})";
  std::mt19937 random(3);
  for (int i = 0; i < 20000; ++i) {
    std::string body = good;
    for (int edits = 1 + static_cast<int>(random() % 4); edits > 0; --edits) {
      const std::size_t at = random() % body.size();
      if (random() % 2 == 0) {
        body[at] = static_cast<char>(random() % 256);
      } else {
        body.erase(at, 1 + random() % 5);
      }
      if (body.empty()) body = "x";
    }
    const auto answer = ParseEmbeddings(body, 1);
    if (answer.ok()) {
      ASSERT_EQ(answer->vectors.size(), 1u);
      for (const float value : answer->vectors[0]) ASSERT_LE(std::abs(value), 1.0001f) << body;
    }
    ErrorText(body);
  }
  EXPECT_THAT(WhyNot(std::string(1 << 20, '['), 1), HasSubstr("not JSON"));
}

TEST(ErrorText, IsShortAndOnOneLine) {
  EXPECT_EQ(ErrorText(R"({"error":{"message":"no\nsuch model"}})"), "no such model");
  EXPECT_EQ(ErrorText(R"({"error":"plain"})"), "plain");
  EXPECT_EQ(ErrorText(R"({"message":"other"})"), "other");
  EXPECT_EQ(ErrorText(R"({"error":{"message":5}})"), "");
  EXPECT_EQ(ErrorText("no json"), "");
  EXPECT_EQ(ErrorText(R"({"error":")" + std::string(5000, 'x') + R"("})").size(), 200u);
}

}  // namespace
}  // namespace pointsman::retrieval
