#include "tools/json_text.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "engine/request/requests.h"
#include "pointsman/v1/admin.pb.h"

namespace pointsman::tools {
namespace {

TEST(ToJson, WritesNumbersAsNumbersAndChecksumsAsStrings) {
  v1::GetStatsResponse stats;
  stats.set_outcomes((uint64_t{1} << 53) + 1);
  stats.set_state_checksum(18446744073709551615u);
  stats.add_arms()->set_rate_limited_until_unix_ms(1700000000123);
  const auto json = ToJson(stats);
  EXPECT_EQ(json["outcomes"].dump(), "9007199254740993");
  EXPECT_EQ(json["decisions"].dump(), "0");
  EXPECT_EQ(json["state_checksum"], "18446744073709551615");
  EXPECT_EQ(json["arms"][0]["rate_limited_until_unix_ms"], 1700000000123);
}

TEST(ToJson, LeavesOutWhatIsNotKnownAndKeepsZeros) {
  v1::RankedArm arm;
  arm.mutable_expected()->set_quality(0.5);
  const auto json = ToJson(arm);
  EXPECT_FALSE(json["expected"].contains("cost_usd"));
  EXPECT_TRUE(json["expected"].contains("error_rate"));
  EXPECT_EQ(json["probability"], 0.0);
  EXPECT_EQ(json["reason"], "");
}

TEST(ToJson, WritesEnumsByTheirNames) {
  v1::Arm arm;
  arm.set_status(v1::PAUSED);
  arm.add_tags("chat");
  arm.add_price_tiers()->set_above_input_tokens(7);
  const auto json = ToJson(arm);
  EXPECT_EQ(json["status"], "PAUSED");
  EXPECT_EQ(json["tags"][0], "chat");
  EXPECT_EQ(json["price_tiers"][0]["above_input_tokens"], 7);
}

TEST(ErrorJson, IsOneLineWithCodeReasonFieldAndMessage) {
  const auto status =
      WithReason(absl::NotFoundError("there is no pool \"x\"\n"), reason::kPoolUnknown, "pool");
  const std::string text = ErrorJson("route", "host:1", status);
  EXPECT_EQ(text.find('\n'), text.size() - 1);
  const auto error = nlohmann::json::parse(text)["error"];
  EXPECT_EQ(error["command"], "route");
  EXPECT_EQ(error["code"], "NOT_FOUND");
  EXPECT_EQ(error["reason"], "POOL_UNKNOWN");
  EXPECT_EQ(error["field"], "pool");
  EXPECT_EQ(error["message"], "there is no pool \"x\"\n");
  EXPECT_EQ(error["server"], "host:1");
  EXPECT_NE(error["what_to_do"], "");
}

}  // namespace
}  // namespace pointsman::tools
