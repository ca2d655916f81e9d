// The token estimate, script by script: docs/design/routing.md, "Context windows".
#include "engine/request/token_estimate.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <string>

#include "base/rng.h"

namespace pointsman::engine {
namespace {

std::string Repeated(std::string_view text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

std::string Random(std::string_view alphabet, int length) {
  Rng rng(5);
  std::string out;
  for (int i = 0; i < length; ++i) out += alphabet[rng.Below(alphabet.size())];
  return out;
}

constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// What common tokenizers make of such texts lies in [least, most]: `expected` has to, and `at_most` must not be
// below `most`, nor more than `slack` times `least`.
struct Row {
  const char* name;
  std::string text;
  double least, most, slack;
};

TEST(ATokenEstimate, LiesWhereTokenizersDoByScript) {
  const Row rows[] = {
      {"English",
       Repeated("The committee will decide on the proposal before the end of the month. ", 50), 650,
       950, 3},
      {"short words", Repeated("a cat is on it ", 100), 450, 600, 2.5},
      {"German", Repeated("Die Verantwortlichen müssen über die Änderungen entscheiden. ", 50), 600,
       1000, 3.5},
      {"code", Repeated("for (int i = 0; i < count; ++i) total += values[i];\n", 50), 900, 1600,
       2.5},
      {"numbers", Repeated("1234567 ", 100), 250, 400, 3},
      {"Chinese", Repeated("今天天气很好我们去公园散步", 50), 500, 900, 2.7},
      {"Japanese", Repeated("今日はとても良い天気ですね。", 50), 500, 1000, 3},
      {"Korean", Repeated("오늘은 날씨가 매우 좋습니다 ", 50), 450, 950, 3},
      {"Russian", Repeated("Комитет примет решение до конца месяца ", 50), 500, 1000, 4},
      {"Greek", Repeated("Η επιτροπή θα αποφασίσει ", 50), 400, 1100, 4},
      {"Arabic", Repeated("ستقرر اللجنة قبل نهاية الشهر ", 50), 450, 1200, 4},
      {"Hindi", Repeated("समिति महीने के अंत से पहले निर्णय लेगी ", 50), 700, 1900, 4.5},
      {"Thai", Repeated("คณะกรรมการจะตัดสินใจก่อนสิ้นเดือน", 50), 800, 1900, 4.2},
      {"base64", Random(kBase64, 4000), 2600, 3200, 1.6},
      {"base64 in lines", Repeated(Random(kBase64, 76) + "\n", 50), 2500, 3200, 1.7},
      {"hexadecimal", Random("0123456789abcdef", 4000), 2000, 3200, 2.1},
      {"letters without a space", std::string(4000, 'x'), 500, 4000, 8},
      {"emoji", Repeated("\U0001F600", 100), 100, 300, 4.1},
      {"a family of emoji", Repeated("\U0001F468\u200d\U0001F469\u200d\U0001F467", 50), 350, 700,
       3.1},
      {"broken bytes", Repeated("\xff", 100), 100, 150, 2},
  };
  for (const Row& row : rows) {
    const TokenEstimate estimate = EstimateTokens(row.text);
    EXPECT_GE(estimate.expected, row.least) << row.name;
    EXPECT_LE(estimate.expected, row.most) << row.name;
    EXPECT_GE(estimate.at_most, estimate.expected) << row.name;
    EXPECT_LE(estimate.at_most, row.slack * row.least)
        << row.name << " expects " << estimate.expected;
  }
}

TEST(ATokenEstimate, TellsBytesOfDifferentScriptsApart) {
  const auto per_byte = [](const std::string& text) {
    return EstimateTokens(text).expected / static_cast<double>(text.size());
  };
  const double latin = per_byte(Repeated("international decisions considered ", 50));
  EXPECT_GT(per_byte(Random(kBase64, 3000)), 2.5 * latin);
  EXPECT_GT(per_byte(Repeated("今天", 500)), 1.2 * latin);
}

TEST(ATokenEstimate, IsOfTheWholeTextAndZeroForNone) {
  EXPECT_EQ(EstimateTokens(""), (TokenEstimate{0, 0}));
  EXPECT_EQ(EstimateTokens("x"), (TokenEstimate{1, 1}));
  EXPECT_EQ(EstimateTokens(" "), (TokenEstimate{1, 1}));
  const std::string text = "A question of some words, 12 of them or so; and 漢字. ";
  const TokenEstimate one = EstimateTokens(text), many = EstimateTokens(Repeated(text, 100));
  EXPECT_NEAR(many.expected, 100 * one.expected, 100);
  EXPECT_NEAR(many.at_most, 100 * one.at_most, 100);
}

// Any bytes: no crash, whole numbers, in order.
TEST(ATokenEstimate, HoldsForAnyBytes) {
  Rng rng(3);
  for (int i = 0; i < 2000; ++i) {
    std::string text(rng.Below(80), ' ');
    for (char& c : text) c = static_cast<char>(rng.Below(4) == 0 ? rng.Below(128) : rng.Below(256));
    const TokenEstimate estimate = EstimateTokens(text);
    EXPECT_GE(estimate.at_most, estimate.expected);
    EXPECT_LE(estimate.at_most, 1.5 * static_cast<double>(text.size()) + 1) << text.size();
    EXPECT_EQ(estimate.expected, std::floor(estimate.expected));
  }
}

TEST(ATokenEstimate, TakesTimeInProportionToTheText) {
  // Runs that begin again and again, which a scan from each would make quadratic.
  for (const std::string& text :
       {Repeated("a-", 4 << 20), std::string(8 << 20, '='), Repeated("ab ", 3 << 20)}) {
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_GT(EstimateTokens(text).at_most, 1e6);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
  }
}

}  // namespace
}  // namespace pointsman::engine
