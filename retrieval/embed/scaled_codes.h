// Adds a row of int8 codes, times a scale, to a vector of floats.
// Cost: O(d), four lanes at a time; at -O2 the compiler does not vectorise it by itself.
// Threads: a pure function.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "retrieval/embed/dot.h"

namespace pointsman::retrieval {

inline void AddScaled(const int8_t* codes, float scale, float* out, std::size_t d) {
  using CodeLanes = int8_t __attribute__((vector_size(4)));
  std::size_t i = 0;
  for (; i + 4 <= d; i += 4) {
    CodeLanes four;
    std::memcpy(&four, codes + i, sizeof four);
    const FloatLanes sum = LoadLanes(out + i) + scale * __builtin_convertvector(four, FloatLanes);
    std::memcpy(out + i, &sum, sizeof sum);
  }
  for (; i < d; ++i) out[i] += scale * static_cast<float>(codes[i]);
}

}  // namespace pointsman::retrieval
