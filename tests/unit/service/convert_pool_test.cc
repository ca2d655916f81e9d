// Settings between the contract and the engine.
#include <gtest/gtest.h>

#include "service/api/convert.h"

namespace pointsman {
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

}  // namespace
}  // namespace pointsman
