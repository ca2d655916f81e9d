#include "base/gate.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace pointsman {
namespace {

TEST(Gate, RefusesNewcomersOnceClosed) {
  Gate gate;
  gate.Close();
  EXPECT_FALSE(gate.Enter());
}

TEST(Gate, WaitsForThoseInside) {
  Gate gate;
  std::atomic<bool> has_left{false};
  Gate::Pass pass = gate.Enter();
  ASSERT_TRUE(pass);
  std::thread worker([&, inside = std::move(pass)]() mutable {
    has_left = true;
    inside = Gate::Pass();
  });
  gate.Close();
  EXPECT_TRUE(has_left);
  EXPECT_EQ(gate.inside(), 0);
  worker.join();
}

}  // namespace
}  // namespace pointsman
