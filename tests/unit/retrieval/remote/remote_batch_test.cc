#include "retrieval/remote/remote_batch.h"

#include <gtest/gtest.h>

namespace pointsman::retrieval {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class Retry : public ::testing::Test {
 protected:
  Retry() {
    batch_.texts.push_back({"text", {}, 0, false, now_, now_ + milliseconds(400), nullptr});
    fault_.may_pass = true;
  }
  // Milliseconds from now; -1: none.
  int64_t After(double uniform = 0.999) const {
    const auto at = RetryAt(batch_, fault_, 2, now_, uniform);
    return at ? std::chrono::duration_cast<milliseconds>(*at - now_).count() : -1;
  }
  PendingText::Time now_{std::chrono::hours(1)};
  Batch batch_;
  Fault fault_;
};

TEST_F(Retry, WaitsARandomPartOfATimeThatDoubles) {
  EXPECT_EQ(After(0), 0);
  EXPECT_EQ(After(), 49);
  batch_.retries = 1;
  EXPECT_EQ(After(), 99);
}

TEST_F(Retry, EndsAfterItsMostAndWithFaultsThatLast) {
  batch_.retries = 2;
  EXPECT_EQ(After(), -1);
  batch_.retries = 0;
  fault_.may_pass = false;
  EXPECT_EQ(After(), -1);
}

TEST_F(Retry, DoesWhatTheServerAskedForUnlessThatIsTooLate) {
  fault_.retry_after = seconds(0);
  EXPECT_EQ(After(), 0);
  fault_.retry_after = seconds(1);
  EXPECT_EQ(After(), -1);
  batch_.texts.front().deadline = now_ + seconds(2);
  EXPECT_EQ(After(), 1000);
}

}  // namespace
}  // namespace pointsman::retrieval
