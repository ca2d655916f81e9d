#include "base/siphash.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace pointsman {
namespace {

// Key 00 01 .. 0f and input 00 01 .. 0e: the worked example of the paper's appendix A.
TEST(SipHash, GivesThePapersTestVector) {
  std::string input;
  for (char c = 0; c < 15; ++c) input += c;
  EXPECT_EQ(SipHash({0x0706050403020100ull, 0x0f0e0d0c0b0a0908ull}, input), 0xa129ca6149be45e5ull);
}

TEST(SipHash, DependsOnTheKey) {
  EXPECT_NE(SipHash({1, 2}, "decision"), SipHash({1, 3}, "decision"));
}

TEST(Checksum, ChangesWithEveryBitAndEveryLength) {
  const std::string text = "a stored record of some length";
  std::set<uint64_t> seen{Checksum(text)};
  for (std::size_t bit = 0; bit < text.size() * 8; ++bit) {
    std::string flipped = text;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_TRUE(seen.insert(Checksum(flipped)).second) << "bit " << bit;
  }
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_TRUE(seen.insert(Checksum(text.substr(0, size))).second) << "size " << size;
  }
}

}  // namespace
}  // namespace pointsman
