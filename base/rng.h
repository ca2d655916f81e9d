// A small random generator as a value: its stream depends on its seed alone, and is the same with
// every compiler and standard library (std::*_distribution is not).
// Threads: a value; one owner at a time.
// Source: xoshiro256**, Blackman and Vigna 2018; seeding by SplitMix64, Steele et al. 2014.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/siphash.h"
#include "base/types.h"

namespace pointsman {

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

// What a draw is for; written into the hash, so that no two uses share a draw.
enum class DrawPurpose : uint8_t { kChooseArm = 1, kPanel = 2, kShortlist = 3, kDecisionId = 4 };

// The 64 bits of a decision's draw: SipHash(secret, pool, decision id, purpose). A caller who
// chooses its own decision id cannot choose its arm without the secret.
uint64_t DrawBits(SipKey secret, PoolId pool, std::string_view decision_id, DrawPurpose purpose);
// The same as a uniform number in [0, 1).
double DrawUniform(SipKey secret, PoolId pool, std::string_view decision_id, DrawPurpose purpose);

}  // namespace pointsman
