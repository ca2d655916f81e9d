#include "retrieval/remote/text_batches.h"

#include <gtest/gtest.h>

namespace pointsman::retrieval {
namespace {

using std::chrono::milliseconds;

class Batches : public ::testing::Test {
 protected:
  void Add(int count, bool is_patient = false) {
    for (int i = 0; i < count; ++i) {
      batches_.Add({"text",
                    {},
                    0,
                    is_patient,
                    now_,
                    is_patient ? PendingText::Time::max() : now_ + milliseconds(100),
                    nullptr});
    }
  }
  std::size_t Take(std::size_t calls) { return batches_.Take(now_, calls).size(); }

  PendingText::Time now_{std::chrono::hours(1)};
  TextBatches batches_{{4, milliseconds(5), 2}};
};

TEST_F(Batches, SendALoneTextAtOnce) {
  Add(1);
  EXPECT_EQ(Take(0), 1u);
}

TEST_F(Batches, GatherTextsWhileACallIsOnItsWay) {
  Add(1);
  EXPECT_EQ(Take(1), 0u);
  EXPECT_EQ(batches_.NextAt(1, true), now_ + milliseconds(5));
  now_ += milliseconds(3);
  Add(1);
  now_ += milliseconds(2);
  EXPECT_EQ(Take(1), 2u);
}

TEST_F(Batches, SendAFullOneAtOnceAndNoMoreThanItsMost) {
  Add(6);
  EXPECT_EQ(Take(1), 4u);
  EXPECT_EQ(Take(1), 0u);
}

TEST_F(Batches, WaitWhileAsManyCallsAreOnTheirWayAsMayBe) {
  Add(6);
  EXPECT_EQ(Take(2), 0u);
  EXPECT_EQ(batches_.NextAt(2, true), now_ + milliseconds(100));  // until they expire
  now_ += milliseconds(100);
  EXPECT_EQ(batches_.TakeExpired(now_).size(), 6u);
  EXPECT_FALSE(batches_.NextAt(2, true));
}

TEST_F(Batches, SendPatientTextsWhenNoOtherWaits) {
  Add(2, /*is_patient=*/true);
  Add(1);
  EXPECT_TRUE(batches_.TakePatient(now_, 0).empty());
  EXPECT_EQ(Take(0), 1u);
  EXPECT_EQ(batches_.TakePatient(now_, 1).size(), 2u);
}

TEST_F(Batches, LetPatientTextsRestThatCameBack) {
  Add(2, /*is_patient=*/true);
  batches_.PutBack(batches_.TakePatient(now_, 0), now_ + milliseconds(50));
  EXPECT_TRUE(batches_.TakePatient(now_, 0).empty());
  EXPECT_EQ(batches_.NextAt(0, true), now_ + milliseconds(50));
  EXPECT_FALSE(batches_.NextAt(0, /*may_patient=*/false));
  now_ += milliseconds(50);
  EXPECT_EQ(batches_.TakePatient(now_, 0).size(), 2u);
}

}  // namespace
}  // namespace pointsman::retrieval
