// Parsing of calls and prices on the command line.
#include "tools/attempt.h"

#include <gtest/gtest.h>

#include "tools/arm_options.h"

namespace pointsman::tools {
namespace {

TEST(Attempt, ReadsItsPartsFromTheEndSoThatNamesMayHoldColons) {
  struct Case {
    const char* text;
    const char* arm;
    v1::ErrorKind kind;
    double latency_ms, cost_usd;  // below 0: unset
  };
  const Case cases[] = {
      {"gpt", "gpt", v1::ERROR_KIND_UNSPECIFIED, -1, -1},
      {"gpt:timeout", "gpt", v1::TIMEOUT, -1, -1},
      {"gpt:RATE_LIMITED", "gpt", v1::RATE_LIMITED, -1, -1},
      {"gpt:content-filter:12", "gpt", v1::CONTENT_FILTER, 12, -1},
      {"gpt:timeout:30000:0.002", "gpt", v1::TIMEOUT, 30000, 0.002},
      {"gpt::800", "gpt", v1::ERROR_KIND_UNSPECIFIED, 800, -1},
      {"gpt:provider::0.5", "gpt", v1::PROVIDER, -1, 0.5},
      {"ollama/llama3:70b", "ollama/llama3:70b", v1::ERROR_KIND_UNSPECIFIED, -1, -1},
      {"registry:llama3:70:", "registry:llama3:70", v1::ERROR_KIND_UNSPECIFIED, -1, -1},
      {"ollama/llama3:70b:timeout:9", "ollama/llama3:70b", v1::TIMEOUT, 9, -1},
  };
  for (const Case& c : cases) {
    const auto attempt = ParseAttempt(c.text);
    ASSERT_TRUE(attempt.ok()) << c.text << attempt.status();
    EXPECT_EQ(attempt->arm(), c.arm) << c.text;
    EXPECT_EQ(attempt->error_kind(), c.kind) << c.text;
    EXPECT_EQ(attempt->has_latency_ms() ? attempt->latency_ms() : -1, c.latency_ms) << c.text;
    EXPECT_EQ(attempt->has_cost_usd() ? attempt->cost_usd() : -1, c.cost_usd) << c.text;
  }
  for (const char* wrong : {"", "gpt:timout:30000", "gpt:timeout:abc", "gpt:timeout:9:x"}) {
    EXPECT_FALSE(ParseAttempt(wrong).ok()) << wrong;
  }
}

TEST(PriceTier, ReadsPricesAndLeavesEmptyOnesUnset) {
  const auto tier = ParsePriceTier("200000:2.5:15:0.25");
  ASSERT_TRUE(tier.ok());
  EXPECT_EQ(tier->above_input_tokens(), 200000);
  EXPECT_EQ(tier->usd_per_1m_input(), 2.5);
  EXPECT_EQ(tier->usd_per_1m_output(), 15);
  EXPECT_EQ(tier->usd_per_1m_cached_input(), 0.25);
  const auto part = ParsePriceTier("200000::15");
  ASSERT_TRUE(part.ok());
  EXPECT_FALSE(part->has_usd_per_1m_input());
  EXPECT_FALSE(part->has_usd_per_1m_cached_input());
  for (const char* text :
       {"", "x", "1", "1:2", "0:1:2", "-5:1:2", "1:-2:3", "1:2:3:4:5", "1:a:3"}) {
    EXPECT_FALSE(ParsePriceTier(text).ok()) << text;
  }
}

}  // namespace
}  // namespace pointsman::tools
