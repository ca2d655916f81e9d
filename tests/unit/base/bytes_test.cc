#include "base/bytes.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace pointsman {
namespace {

std::string Sample() {
  ByteWriter out;
  out.Put<uint32_t>(7);
  out.PutString("text");
  out.PutArray(std::span<const double>(std::vector<double>{1.5, -2.5}));
  out.Put<uint8_t>(1);
  return out.Take();
}

bool ReadsBack(std::string_view bytes) {
  ByteReader in(bytes);
  const bool is_same = in.Get<uint32_t>() == 7 && in.GetString() == "text" &&
                       in.GetArray<double>() == std::vector<double>{1.5, -2.5} && in.GetBool();
  return is_same && in.AtEnd();
}

TEST(ByteReader, ReadsWhatTheWriterWrote) { EXPECT_TRUE(ReadsBack(Sample())); }

TEST(ByteReader, RefusesEveryTruncation) {
  const std::string bytes = Sample();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(ReadsBack(std::string_view(bytes).substr(0, size))) << size;
  }
}

TEST(ByteReader, RefusesTrailingBytes) { EXPECT_FALSE(ReadsBack(Sample() + "x")); }

TEST(ByteReader, DoesNotAllocateForACountThatCannotBe) {
  ByteWriter out;
  out.Put<uint64_t>(UINT64_MAX);
  ByteReader array(out.bytes());
  EXPECT_TRUE(array.GetArray<double>().empty());
  EXPECT_FALSE(array.ok());
  ByteReader text(out.bytes());
  EXPECT_TRUE(text.GetString().empty());
  EXPECT_FALSE(text.ok());
  ByteReader count(out.bytes());
  EXPECT_EQ(count.GetCount(1), 0u);
  EXPECT_FALSE(count.ok());
}

TEST(ByteReader, StaysFailedAfterTheFirstBadRead) {
  ByteReader in("abc");
  EXPECT_EQ(in.Get<uint64_t>(), 0u);
  EXPECT_EQ(in.Get<uint8_t>(), 0u);
  EXPECT_FALSE(in.ok());
}

}  // namespace
}  // namespace pointsman
