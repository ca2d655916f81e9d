// Settings between the contract and the engine.
#include <gtest/gtest.h>

#include "service/api/convert.h"

namespace pointsman::service {
namespace {

TEST(ConvertPool, ChangesTheWeightOfAClientOnlyWhenItIsNamed) {
  PoolSettings present;
  EXPECT_EQ(ToProto(present).client_weight_per_hour(), 0);
  present.client_weight_per_hour = 20;
  EXPECT_EQ(Edited(present, {})->client_weight_per_hour, 20);
  v1::PoolSettings wanted;
  wanted.set_client_weight_per_hour(2.5);
  EXPECT_EQ(Edited(present, wanted)->client_weight_per_hour, 2.5);
  wanted.set_client_weight_per_hour(0);
  EXPECT_EQ(Edited(present, wanted)->client_weight_per_hour, 0);
}

TEST(ConvertPool, GivesBackWhatItWasGiven) {
  PoolSettings settings;
  settings.client_weight_per_hour = 12.5;
  settings.missing_feedback = MissingFeedback::kQuality;
  settings.missing_quality = 0.25;
  settings.features = {{"length", 1, 2, 0.5}};
  settings.default_preference = {0.5, 0.25, 0.25};
  const auto again = Edited(PoolSettings{}, ToProto(settings));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(*again, settings);
}

std::string RefusalOf(const v1::PoolSettings& message) {
  return std::string(Edited(PoolSettings{}, message).status().message());
}

TEST(ConvertPool, SaysWhatIsWrong) {
  v1::PoolSettings window, kind, feedback, silence;
  window.set_feedback_window_s(0);
  EXPECT_EQ(RefusalOf(window), "settings.feedback_window_s: must be from 1 to 31622400 s");
  kind.set_latency_kind(static_cast<v1::LatencyKind>(3));
  EXPECT_EQ(RefusalOf(kind), "settings.latency_kind: unknown kind of latency 3");
  feedback.set_missing_feedback(static_cast<v1::MissingFeedback>(-1));
  EXPECT_EQ(RefusalOf(feedback), "settings.missing_feedback: unknown value -1");
  silence.set_missing_feedback(v1::DEFAULT_QUALITY);
  EXPECT_EQ(
      RefusalOf(silence),
      "settings.missing_quality: is required with missing_feedback DEFAULT_QUALITY: it is the "
      "quality to assume without feedback");
}

}  // namespace
}  // namespace pointsman::service
