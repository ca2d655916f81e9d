// Waits for a condition that another process or thread brings about without a notification.
// Threads: any.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

namespace pointsman::tests {

// Fails the test if the condition is still false after ten seconds.
template <class Condition>
void Until(const Condition& condition) {
  for (int i = 0; i < 2000 && !condition(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  ASSERT_TRUE(condition());
}

}  // namespace pointsman::tests
