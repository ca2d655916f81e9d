// A small random generator as a value. Its stream depends on its seed alone and is the same with every
// compiler and standard library (that of std::*_distribution is not).
// Threads: a value; one owner at a time.
// Source: xoshiro256**, Blackman and Vigna 2018; seeding by SplitMix64, Steele et al. 2014.
#pragma once

#include <array>
#include <cstdint>

namespace pointsman {

// 53 of the bits, as a number in [0, 1).
inline double ToUnit(uint64_t bits) { return static_cast<double>(bits >> 11) * 0x1.0p-53; }

class Rng {
 public:
  explicit Rng(uint64_t seed);

  uint64_t Next();
  // In [0, 1), 53 bits.
  double Uniform();
  // In [0, n); n >= 1. Unbiased.
  uint64_t Below(uint64_t n);
  // Standard normal, by the polar method.
  double Normal();

 private:
  std::array<uint64_t, 4> state_;
};

}  // namespace pointsman
