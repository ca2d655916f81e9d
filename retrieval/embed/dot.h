// The inner product of two float vectors. Its bits depend on the values alone, not on their addresses, so
// equal vectors are equally similar wherever an index keeps them.
// Cost: O(d); four independent sums of four lanes hide the latency of the additions.
// Threads: a pure function.
#pragma once

#include <cstddef>
#include <cstring>

namespace pointsman::retrieval {

using FloatLanes = float __attribute__((vector_size(16)));

inline FloatLanes LoadLanes(const float* from) {
  FloatLanes lanes;
  std::memcpy(&lanes, from, sizeof lanes);  // one unaligned load
  return lanes;
}

inline float Dot(const float* a, const float* b, std::size_t d) {
  FloatLanes s0{}, s1{}, s2{}, s3{};
  std::size_t i = 0;
  for (; i + 16 <= d; i += 16) {
    s0 += LoadLanes(a + i) * LoadLanes(b + i);
    s1 += LoadLanes(a + i + 4) * LoadLanes(b + i + 4);
    s2 += LoadLanes(a + i + 8) * LoadLanes(b + i + 8);
    s3 += LoadLanes(a + i + 12) * LoadLanes(b + i + 12);
  }
  s0 = (s0 + s1) + (s2 + s3);
  float sum = (s0[0] + s0[1]) + (s0[2] + s0[3]);
  for (; i < d; ++i) sum += a[i] * b[i];
  return sum;
}

}  // namespace pointsman::retrieval
