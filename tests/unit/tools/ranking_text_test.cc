#include "tools/ranking_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pointsman::tools {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(RankingTable, CallsWhatIsNotKnownUnknownAndNever0) {
  v1::RouteResponse response;
  response.add_ranking()->set_arm("mystery");
  const std::string unknown = RankingTable(response.ranking(), "arm");
  EXPECT_THAT(unknown, HasSubstr("unknown  unknown"));
  EXPECT_THAT(unknown, Not(HasSubstr("$0")));
  EXPECT_THAT(unknown, Not(HasSubstr("0 ms")));
  v1::Expected& expected = *response.mutable_ranking(0)->mutable_expected();
  expected.set_cost_usd(0);
  expected.set_latency_ms(0);
  const std::string known = RankingTable(response.ranking(), "arm");
  EXPECT_THAT(known, HasSubstr("$0.000000"));  // a known cost of 0 is not unknown
  EXPECT_THAT(known, HasSubstr("0 ms"));
}

TEST(Reasons, AreOneLineEach) {
  v1::RouteResponse response;
  response.add_ranking()->set_arm("a");
  response.mutable_ranking(0)->set_reason("two\nlines");
  response.add_ranking()->set_arm("b");
  EXPECT_EQ(Reasons(response.ranking()), "a: two\\x0alines\n");
}

}  // namespace
}  // namespace pointsman::tools
