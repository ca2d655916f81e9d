#include "retrieval/remote/embedding_cache.h"

#include <gtest/gtest.h>

#include <string>

namespace pointsman::retrieval {
namespace {

constexpr SipKey kKey{1, 2};

Embedding Vector(float value, std::size_t size = 10) {
  return std::make_shared<const std::vector<float>>(size, value);
}
TextKey Key(int i) { return KeyOf(kKey, std::to_string(i)); }

TEST(EmbeddingCache, FindsWhatWasPut) {
  EmbeddingCache cache(10000);
  cache.Put(Key(1), Vector(1));
  ASSERT_NE(cache.Find(Key(1)), nullptr);
  EXPECT_EQ((*cache.Find(Key(1)))[0], 1);
  EXPECT_EQ(cache.Find(Key(2)), nullptr);
  EXPECT_EQ(cache.Find(KeyOf({1, 3}, "1")), nullptr);
}

TEST(EmbeddingCache, ForgetsTheLeastRecentlyUsedAndNeverHoldsMoreThanItsBytes) {
  EmbeddingCache cache(2000);  // ten of 190
  for (int i = 0; i < 1000; ++i) {
    cache.Put(Key(i), Vector(static_cast<float>(i)));
    ASSERT_NE(cache.Find(Key(0)), nullptr) << i;  // used all the time
    ASSERT_LE(cache.bytes(), 2000u);
  }
  EXPECT_EQ(cache.size(), 10u);
  EXPECT_NE(cache.Find(Key(999)), nullptr);
  EXPECT_EQ(cache.Find(Key(500)), nullptr);
}

TEST(EmbeddingCache, HoldsNothingThatIsLargerThanAll) {
  EmbeddingCache cache(100);
  cache.Put(Key(1), Vector(1));
  EXPECT_EQ(cache.size(), 0u);
  EXPECT_EQ(cache.bytes(), 0u);
}

}  // namespace
}  // namespace pointsman::retrieval
