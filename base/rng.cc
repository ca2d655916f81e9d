#include "base/rng.h"

#include <bit>
#include <cmath>

namespace pointsman {
namespace {

uint64_t SplitMix(uint64_t& x) {
  uint64_t z = (x += 0x9e3779b97f4a7c15ull);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return z ^ (z >> 31);
}

}  // namespace

Rng::Rng(uint64_t seed) : state_{} {
  for (uint64_t& word : state_) word = SplitMix(seed);
}

uint64_t Rng::Next() {
  const uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const uint64_t t = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

double Rng::Uniform() { return ToUnit(Next()); }

uint64_t Rng::Below(uint64_t n) {
  const uint64_t limit = n * (UINT64_MAX / n);
  uint64_t bits = Next();
  while (bits >= limit) bits = Next();
  return bits % n;
}

double Rng::Normal() {
  double x = 0, y = 0, r = 0;
  do {
    x = 2 * Uniform() - 1;
    y = 2 * Uniform() - 1;
    r = x * x + y * y;
  } while (r >= 1 || r == 0);
  return x * std::sqrt(-2 * std::log(r) / r);
}

}  // namespace pointsman
