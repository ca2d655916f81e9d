#include "retrieval/remote/circuit_breaker.h"

#include <gtest/gtest.h>

namespace pointsman::retrieval {
namespace {

using std::chrono::milliseconds;
using State = CircuitBreaker::State;

class Breaker : public ::testing::Test {
 protected:
  void Fail(int times) {
    for (int i = 0; i < times; ++i) breaker_.Failed(now_);
  }
  // From now until the probe.
  milliseconds Rest() const {
    return std::chrono::duration_cast<milliseconds>(*breaker_.ProbeAt() - now_);
  }
  CircuitBreaker::Time now_{std::chrono::hours(1)};
  CircuitBreaker breaker_{{3, milliseconds(100), milliseconds(400)}, 7};
};

TEST_F(Breaker, StaysClosedWhileFailuresAreNotInARow) {
  for (int i = 0; i < 10; ++i) {
    Fail(2);
    breaker_.Succeeded();
  }
  EXPECT_TRUE(breaker_.is_closed());
  EXPECT_FALSE(breaker_.ProbeAt());
}

TEST_F(Breaker, OpensAfterFailuresInARowAndClosesWithASuccessfulProbe) {
  Fail(3);
  EXPECT_EQ(breaker_.state(), State::kOpen);
  breaker_.BeginProbe();
  EXPECT_EQ(breaker_.state(), State::kHalfOpen);
  breaker_.Succeeded();
  EXPECT_TRUE(breaker_.is_closed());
}

TEST_F(Breaker, RestsTwiceAsLongAfterEachProbeThatFailsUpToItsMost) {
  Fail(3);
  for (const int64_t least : {100, 200, 400, 400}) {
    EXPECT_GE(Rest().count(), least);
    EXPECT_LE(Rest().count(), least * 3 / 2);
    breaker_.BeginProbe();
    breaker_.Failed(now_);
    EXPECT_EQ(breaker_.state(), State::kOpen);
  }
  breaker_.BeginProbe();
  breaker_.Succeeded();
  Fail(3);
  EXPECT_LE(Rest().count(), 150);  // from the start again
}

TEST_F(Breaker, IsNotClosedByACallFromBeforeItOpened) {
  Fail(3);
  breaker_.Succeeded();
  EXPECT_EQ(breaker_.state(), State::kOpen);
}

}  // namespace
}  // namespace pointsman::retrieval
