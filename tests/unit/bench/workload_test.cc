#include "bench/load/workload.h"

#include <gtest/gtest.h>

#include <set>

#include "base/strings.h"
#include "tests/paths.h"

namespace pointsman::bench {
namespace {

Workload Sample(std::size_t characters) {
  auto workload = Workload::Load(POINTSMAN_SOURCE_DIR "/deploy/sample", characters, 1);
  EXPECT_TRUE(workload.ok()) << workload.status();
  return *std::move(workload);
}

TEST(Workload, MakesAnyNumberOfDifferentTextsOfTheLengthAsked) {
  const Workload workload = Sample(300);
  std::set<std::string> texts;
  for (std::size_t i = 0; i < 5000; ++i) {
    const std::string text = workload.Text(i);
    EXPECT_LE(text.size(), 300u);
    EXPECT_GE(text.size(), 297u);
    EXPECT_TRUE(IsUtf8(text));
    texts.insert(text);
  }
  EXPECT_GT(texts.size(), 4900u);
  EXPECT_NEAR(static_cast<double>(Sample(30000).Text(7).size()), 30000, 4);
}

TEST(Workload, SaysTheSameTextAgain) { EXPECT_EQ(Sample(0).Text(123456), Sample(0).Text(123456)); }

TEST(Workload, GivesRecordedOutcomesToTheDatasArmsAndDrawnOnesToOthers) {
  const Workload workload = Sample(0);
  v1::FeedbackRequest known, made, again;
  workload.FillFeedback(3, workload.MakeArm(0).name(), known);
  EXPECT_TRUE(known.has_quality());
  workload.FillFeedback(3, "tool-77", made);
  workload.FillFeedback(3, "tool-77", again);
  EXPECT_TRUE(made.has_quality());
  EXPECT_EQ(made.quality(), again.quality());
}

TEST(Workload, MakesArmsBeyondTheDatas) {
  const Workload workload = Sample(0);
  EXPECT_NE(workload.MakeArm(5).name(), "tool-5");
  EXPECT_EQ(workload.MakeArm(500).name(), "tool-500");
  EXPECT_FALSE(workload.MakeArm(500).description().empty());
  EXPECT_LE(workload.MakeArm(500).description().size(), 200u);
}

}  // namespace
}  // namespace pointsman::bench
