#include "tools/price_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pointsman::tools {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kTable = R"({
  "sample_spec": {"input_cost_per_token": "the cost", "mode": "one of chat, embedding"},
  "gpt-4o-mini": {"input_cost_per_token": 1.5e-07, "output_cost_per_token": 6e-07,
                  "cache_read_input_token_cost": 7.5e-08, "max_input_tokens": 128000,
                  "max_output_tokens": 16384, "max_tokens": 16384, "mode": "chat",
                  "litellm_provider": "openai", "supports_vision": true,
                  "supports_function_calling": true, "supports_audio_input": false},
  "gemini/gemini-1.5-pro": {"input_cost_per_token": 1.25e-06, "output_cost_per_token": 5e-06,
                            "input_cost_per_token_above_128k_tokens": 2.5e-06,
                            "output_cost_per_token_above_128k_tokens": 1e-05,
                            "max_input_tokens": 2097152, "mode": "chat"},
  "local": {"mode": "chat", "max_tokens": 4096},
  "half": {"mode": "chat", "input_cost_per_token": 1e-06},
  "text-embedding-3-small": {"input_cost_per_token": 2e-08, "mode": "embedding"}
})";

TEST(PriceTable, MakesArmsWithPricesLimitsAndTags) {
  const auto listed = ArmsOfPriceTable(kTable, "prices.json", {"gpt-4o*"});
  ASSERT_TRUE(listed.ok()) << listed.status();
  ASSERT_EQ(listed->arms.size(), 1u);
  const v1::Arm& arm = listed->arms[0];
  EXPECT_EQ(arm.name(), "gpt-4o-mini");
  EXPECT_EQ(arm.usd_per_1m_input(), 0.15);
  EXPECT_EQ(arm.usd_per_1m_output(), 0.6);
  EXPECT_EQ(arm.usd_per_1m_cached_input(), 0.075);
  EXPECT_EQ(arm.context_tokens_max(), 128000);
  EXPECT_EQ(arm.output_tokens_max(), 16384);
  EXPECT_THAT(arm.tags(), ElementsAre("vision", "tools"));
}

TEST(PriceTable, ReadsPricesAboveANumberOfTokens) {
  const auto listed = ArmsOfPriceTable(kTable, "prices.json", {"gemini/*"});
  ASSERT_TRUE(listed.ok()) << listed.status();
  ASSERT_EQ(listed->arms[0].price_tiers_size(), 1);
  const v1::PriceTier& tier = listed->arms[0].price_tiers(0);
  EXPECT_EQ(tier.above_input_tokens(), 128000);
  EXPECT_EQ(tier.usd_per_1m_input(), 2.5);
  EXPECT_EQ(tier.usd_per_1m_output(), 10);
  EXPECT_FALSE(tier.has_usd_per_1m_cached_input());
}

TEST(PriceTable, LeavesOutWhatIsNoChatModelAndKeepsUnknownPricesUnknown) {
  const auto listed = ArmsOfPriceTable(kTable, "prices.json", {});
  ASSERT_TRUE(listed.ok()) << listed.status();
  std::vector<std::string> names;
  for (const v1::Arm& arm : listed->arms) {
    names.push_back(arm.name());
    if (arm.name() == "local" || arm.name() == "half") {
      EXPECT_FALSE(arm.has_usd_per_1m_input());
      EXPECT_FALSE(arm.has_usd_per_1m_output());
    }
  }
  EXPECT_THAT(names, ElementsAre("gemini/gemini-1.5-pro", "gpt-4o-mini", "half", "local"));
}

TEST(PriceTable, SaysWhatItCannotRead) {
  const auto message = [](const std::string& json, const std::vector<std::string>& models) {
    const auto listed = ArmsOfPriceTable(json, "prices.json", models);
    return listed.ok() ? std::string("read") : std::string(listed.status().message());
  };
  EXPECT_THAT(message("[1]", {}), HasSubstr("prices.json: expected a JSON object"));
  EXPECT_THAT(message("{", {}), HasSubstr("prices.json: expected a JSON object"));
  EXPECT_THAT(message(kTable, {"gpt-5*"}), HasSubstr("no chat or completion model"));
  EXPECT_THAT(message(R"({"a": {"input_cost_per_token": -1, "output_cost_per_token": 1}})", {}),
              HasSubstr("prices.json: \"a\": input_cost_per_token is \"-1\""));
  EXPECT_THAT(message(R"({"a": {"input_cost_per_token": "free"}})", {}), HasSubstr("\"free\""));
}

TEST(PriceTable, NotesAPatternThatMatchesNothing) {
  const auto listed = ArmsOfPriceTable(kTable, "prices.json", {"local", "gpt-5*"});
  ASSERT_TRUE(listed.ok()) << listed.status();
  EXPECT_THAT(listed->notes, ElementsAre("no chat or completion model matches \"gpt-5*\""));
}

constexpr const char* kConfig = R"(
model_list:
  - model_name: small
    litellm_params: {model: openai/gpt-4o-mini, api_key: os.environ/KEY}
  - model_name: small
    litellm_params: {model: azure/other-deployment}
  - model_name: own
    litellm_params: {model: hosted_vllm/llama}
    model_info: {input_cost_per_token: 1e-7, output_cost_per_token: 2e-7, max_input_tokens: 8192,
                 description: answers questions about our products}
  - model_name: azure-mini
    litellm_params: {model: azure/my-deployment, input_cost_per_token: 2e-7}
    model_info: {base_model: gpt-4o-mini}
  - model_name: "openai/*"
    litellm_params: {model: "openai/*"}
  - model_name: embedder
    litellm_params: {model: openai/text-embedding-3-small}
litellm_settings: {drop_params: true}
)";

TEST(PriceTable, MakesAnArmPerModelNameOfAProxy) {
  const auto listed = ArmsOfProxyConfig(kConfig, "config.yaml", {}, kTable, "prices.json");
  ASSERT_TRUE(listed.ok()) << listed.status();
  ASSERT_EQ(listed->arms.size(), 3u);
  EXPECT_EQ(listed->arms[0].name(), "small");
  EXPECT_EQ(listed->arms[0].usd_per_1m_input(), 0.15);
  EXPECT_EQ(listed->arms[1].name(), "own");
  EXPECT_EQ(listed->arms[1].usd_per_1m_output(), 0.2);
  EXPECT_EQ(listed->arms[1].description(), "answers questions about our products");
  EXPECT_EQ(listed->arms[2].name(), "azure-mini");
  EXPECT_EQ(listed->arms[2].usd_per_1m_input(), 0.2) << "the config's own price counts";
  EXPECT_EQ(listed->arms[2].context_tokens_max(), 128000) << "of the base model";
  EXPECT_THAT(listed->notes, ElementsAre("prices.json has no model \"hosted_vllm/llama\" (own)",
                                         "\"openai/*\" stands for many models and is left out"));
}

TEST(PriceTable, ReadsAProxyConfigWithoutATable) {
  const auto listed = ArmsOfProxyConfig(kConfig, "config.yaml", {"own", "small"}, "", "");
  ASSERT_TRUE(listed.ok()) << listed.status();
  ASSERT_EQ(listed->arms.size(), 2u);
  EXPECT_FALSE(listed->arms[0].has_usd_per_1m_input());
}

TEST(PriceTable, SaysWhereAProxyConfigIsWrong) {
  const auto message = [](const std::string& yaml) {
    const auto listed = ArmsOfProxyConfig(yaml, "config.yaml", {}, "", "");
    return listed.ok() ? std::string("read") : std::string(listed.status().message());
  };
  EXPECT_THAT(message("a: 1"), HasSubstr("config.yaml: it has no list `model_list`"));
  EXPECT_THAT(message("just words"), HasSubstr("config.yaml"));
  EXPECT_THAT(message(""), HasSubstr("config.yaml"));
  EXPECT_THAT(message("model_list:\n  - model_name: a\n  - {}\n"), HasSubstr("config.yaml:3:"));
  EXPECT_THAT(message("a: [1"), HasSubstr("this is not YAML"));
}

TEST(PriceTable, TakesQualitiesAsPriors) {
  auto listed = ArmsOfPriceTable(kTable, "prices.json", {});
  ASSERT_TRUE(listed.ok());
  const auto notes = SetPriorQualities(
      "arm,quality\ngpt-4o-mini,0.63\r\n\"gemini/gemini-1.5-pro\",0.72\nnobody,0.5\n", "means.csv",
      15, listed->arms);
  ASSERT_TRUE(notes.ok()) << notes.status();
  EXPECT_THAT(*notes, ElementsAre("means.csv:4: no arm is named \"nobody\""));
  EXPECT_EQ(listed->arms[0].prior_quality(), 0.72);
  EXPECT_EQ(listed->arms[1].prior_quality(), 0.63);
  EXPECT_EQ(listed->arms[1].prior_strength(), 15);
  EXPECT_FALSE(listed->arms[2].has_prior_quality());
  for (const char* row : {"gpt-4o-mini,63", "gpt-4o-mini", "gpt-4o-mini,nan", "gpt-4o-mini,-0.1"}) {
    const auto wrong =
        SetPriorQualities(std::string("arm,quality\n") + row + "\n", "means.csv", 15, listed->arms);
    ASSERT_FALSE(wrong.ok()) << row;
    EXPECT_THAT(std::string(wrong.status().message()), HasSubstr("means.csv:2:"));
  }
}

TEST(MatchesPattern, LetsAStarStandForAnyText) {
  EXPECT_TRUE(MatchesPattern("gpt-4o", "gpt-4o"));
  EXPECT_FALSE(MatchesPattern("gpt-4o", "gpt-4o-mini"));
  EXPECT_TRUE(MatchesPattern("gpt-4o*", "gpt-4o"));
  EXPECT_TRUE(MatchesPattern("*mini*", "gpt-4o-mini-2024"));
  EXPECT_TRUE(MatchesPattern("a*b*c", "aXbbYc"));
  EXPECT_FALSE(MatchesPattern("a*b*c", "aXbbY"));
  EXPECT_TRUE(MatchesPattern("*", ""));
  EXPECT_FALSE(MatchesPattern("", "a"));
}

}  // namespace
}  // namespace pointsman::tools
