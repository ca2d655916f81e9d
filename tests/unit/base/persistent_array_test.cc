#include "base/persistent_array.h"

#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "base/rng.h"

namespace pointsman {
namespace {

TEST(PersistentArray, KeepsEveryOldVersionAsItWas) {
  // Given versions of an array beside a plain map each, edited at random.
  Rng rng(3);
  PersistentArray<int> array;
  std::map<std::size_t, int> model;
  std::vector<std::pair<PersistentArray<int>, std::map<std::size_t, int>>> versions;
  for (int edit = 0; edit < 50; ++edit) {
    PersistentArray<int> next = array;
    next.BeginEdit();
    for (int i = 0; i < 20; ++i) {
      const std::size_t at = rng.Below(1000);
      if (rng.Below(10) == 0) {
        next.Set(at, nullptr);
        model.erase(at);
      } else {
        next.Mutable(at) += static_cast<int>(rng.Below(100));
        model[at] = *next.Get(at);
      }
    }
    next.EndEdit();
    array = next;
    versions.emplace_back(array, model);
  }
  // Then each version still reads as its model says.
  for (const auto& [version, expected] : versions) {
    for (std::size_t at = 0; at < 1000; ++at) {
      const auto it = expected.find(at);
      const int* item = version.Get(at);
      ASSERT_EQ(item != nullptr, it != expected.end());
      if (item != nullptr) {
        ASSERT_EQ(*item, it->second);
      }
    }
  }
}

TEST(PersistentArray, CopiesAnItemOncePerEdit) {
  PersistentArray<int> array;
  array.BeginEdit();
  array.Mutable(5) = 1;
  array.EndEdit();
  PersistentArray<int> next = array;
  next.BeginEdit();
  int* first = &next.Mutable(5);
  EXPECT_NE(first, array.Get(5));
  EXPECT_EQ(first, &next.Mutable(5));
  next.EndEdit();
}

TEST(PersistentArray, SharesWhatAnEditDoesNotTouch) {
  PersistentArray<int> array;
  array.BeginEdit();
  array.Mutable(1) = 1;
  array.Mutable(999) = 2;
  array.EndEdit();
  PersistentArray<int> next = array;
  next.BeginEdit();
  next.Mutable(1) = 3;
  next.EndEdit();
  EXPECT_EQ(next.Get(999), array.Get(999));
  EXPECT_EQ(*array.Get(1), 1);
}

TEST(PersistentArrayDeathTest, RefusesWritesOutsideAnEdit) {
  PersistentArray<int> array;
  EXPECT_DEATH(array.Mutable(0), "CHECK failed");
}

}  // namespace
}  // namespace pointsman
