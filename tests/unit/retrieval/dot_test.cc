#include "retrieval/embed/dot.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/rng.h"
#include "retrieval/index/top_hits.h"

namespace pointsman::retrieval {
namespace {

TEST(Dot, AgreesWithDoublePrecisionAtEveryLength) {
  Rng rng(3);
  for (std::size_t d = 0; d <= 130; ++d) {
    std::vector<float> a(d), b(d);
    double expected = 0;
    for (std::size_t i = 0; i < d; ++i) {
      a[i] = static_cast<float>(rng.Normal());
      b[i] = static_cast<float>(rng.Normal());
      expected += double{a[i]} * b[i];
    }
    EXPECT_NEAR(Dot(a.data(), b.data(), d), expected, 1e-4) << "d = " << d;
  }
}

TEST(Dot, HasTheSameBitsWhereverTheVectorLies) {
  Rng rng(4);
  constexpr std::size_t kDimension = 67;
  std::vector<float> a(kDimension + 8), b(kDimension + 8);
  for (std::size_t i = 0; i < kDimension; ++i) a[i] = static_cast<float>(rng.Normal());
  const std::vector<float> query(a.begin(), a.begin() + kDimension);
  const float expected = Dot(query.data(), query.data(), kDimension);
  for (std::size_t shift = 0; shift < 8; ++shift) {
    std::copy(query.begin(), query.end(), b.begin() + static_cast<std::ptrdiff_t>(shift));
    EXPECT_EQ(Dot(query.data(), b.data() + shift, kDimension), expected) << "shift " << shift;
  }
}

TEST(TopHits, KeepsTheBestWithTiesByKey) {
  Rng rng(5);
  for (int round = 0; round < 200; ++round) {
    const std::size_t k = rng.Below(8);
    std::vector<Hit> all;
    const Ties ties = round % 2 == 0 ? Ties::kSmallerKeyFirst : Ties::kLargerKeyFirst;
    TopHits hits(k, ties);
    for (uint64_t n = rng.Below(30); n > 0; --n) {
      all.push_back(
          {static_cast<float>(rng.Below(4)) - 2, static_cast<uint32_t>(rng.Next() % 100)});
      hits.Add(all.back());
    }
    std::sort(all.begin(), all.end(), [ties](const Hit& a, const Hit& b) {
      if (a.similarity != b.similarity) return a.similarity > b.similarity;
      return ties == Ties::kSmallerKeyFirst ? a.key < b.key : a.key > b.key;
    });
    all.resize(std::min(k, all.size()));
    const std::vector<Hit> kept = hits.Sorted();
    ASSERT_EQ(kept.size(), all.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
      EXPECT_EQ(kept[i].similarity, all[i].similarity);
      EXPECT_EQ(kept[i].key, all[i].key);
    }
  }
}

}  // namespace
}  // namespace pointsman::retrieval
