// Waits for what another process or thread will do and says to nobody.
// Threads: any.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

namespace pointsman {

// Fails the test if it has not come true in ten seconds.
template <class Condition>
void Until(const Condition& condition) {
  for (int i = 0; i < 2000 && !condition(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  ASSERT_TRUE(condition());
}

}  // namespace pointsman
