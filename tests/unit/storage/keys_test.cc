#include "storage/codec/keys.h"

#include <gtest/gtest.h>

#include <compare>
#include <tuple>

#include "base/rng.h"
#include "samples.h"

namespace pointsman::storage {
namespace {

// Small numbers and ones at the edges of bytes, so that equal and neighbouring ones are common.
template <class T>
T SampleNumber(Rng& rng) {
  const uint64_t kEdges[] = {0, 1, 255, 256, 257, 65535, 65536, UINT32_MAX - 2, UINT64_MAX};
  const uint64_t number = rng.Below(3) == 0 ? rng.Next() : kEdges[rng.Below(std::size(kEdges))];
  return T{static_cast<std::underlying_type_t<T>>(number)};
}

enum class SequenceNumber : uint64_t {};

std::strong_ordering Order(const std::string& a, const std::string& b) {
  return a.compare(b) <=> 0;  // of unsigned bytes, as RocksDB compares keys
}

TEST(Keys, SequenceKeysSortAsTheirNumbers) {
  Rng rng(1);
  for (int i = 0; i < 20000; ++i) {
    const auto a = std::tuple(SampleNumber<PoolId>(rng), SampleNumber<SequenceNumber>(rng));
    const auto b = std::tuple(SampleNumber<PoolId>(rng), SampleNumber<SequenceNumber>(rng));
    const auto encode = [](const auto& key) {
      return EncodeSequenceKey(std::get<0>(key), static_cast<Sequence>(std::get<1>(key)));
    };
    ASSERT_EQ(a <=> b, Order(encode(a), encode(b))) << "pair " << i;
  }
}

TEST(Keys, FeedbackKeysSortAsPoolThenIdThenArm) {
  Rng rng(2);
  for (int i = 0; i < 50000; ++i) {
    const auto sample = [&] {
      return std::tuple(PoolId{static_cast<uint32_t>(rng.Below(3))}, SampleBytes(rng, 4),
                        SampleNumber<ArmId>(rng));
    };
    const auto encode = [](const auto& key) {
      return EncodeFeedbackKey(std::get<0>(key), std::get<1>(key), std::get<2>(key));
    };
    const auto a = sample();
    const auto b = rng.Below(4) == 0 ? a : sample();
    ASSERT_EQ(a <=> b, Order(encode(a), encode(b))) << "pair " << i;
  }
}

TEST(Keys, DecisionKeysSortAsPoolThenId) {
  Rng rng(3);
  for (int i = 0; i < 20000; ++i) {
    const auto a = std::pair(SampleNumber<PoolId>(rng), SampleBytes(rng, 3));
    const auto b = std::pair(SampleNumber<PoolId>(rng), SampleBytes(rng, 3));
    ASSERT_EQ(a <=> b,
              Order(EncodeDecisionKey(a.first, a.second), EncodeDecisionKey(b.first, b.second)))
        << "pair " << i;
  }
}

TEST(Keys, DecodeGivesBackWhatWasEncodedAndNothingElse) {
  const std::string key = EncodeSequenceKey(PoolId{0x01020304}, 0x05060708090a0b0c);
  EXPECT_EQ(key, "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c");
  const auto decoded = DecodeSequenceKey(key);
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->first, PoolId{0x01020304});
  EXPECT_EQ(decoded->second, 0x05060708090a0b0cu);
  EXPECT_EQ(DecodePoolKey(key.substr(0, 4)), PoolId{0x01020304});
  EXPECT_FALSE(DecodeSequenceKey(key.substr(1)).has_value());
  EXPECT_FALSE(DecodeSequenceKey(key + "x").has_value());
  EXPECT_FALSE(DecodePoolKey(key).has_value());
}

TEST(Keys, EndOfAPoolLiesBetweenItsKeysAndThoseOfTheNext) {
  for (const uint32_t pool : {0u, 1u, 255u, 256u, UINT32_MAX - 1}) {
    const std::string end = EncodePoolEnd(PoolId{pool});
    EXPECT_LT(EncodeSequenceKey(PoolId{pool}, UINT64_MAX), end);
    EXPECT_LT(EncodeFeedbackKey(PoolId{pool}, std::string(200, '\xff'), ArmId{UINT32_MAX}), end);
    EXPECT_GE(EncodeSequenceKey(PoolId{pool + 1}, 0), end);
  }
}

}  // namespace
}  // namespace pointsman::storage
