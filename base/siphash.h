// SipHash-2-4: a keyed 64-bit hash. Without the key nobody can find an input for a wanted output, so with a
// secret key it turns decision ids into sampling draws. With a fixed key it is our checksum.
// Cost: about 1 ns a byte for short inputs; no allocation.
// Threads: pure functions.
// Source: Aumasson and Bernstein 2012, "SipHash: a fast short-input PRF", section 2.
#pragma once

#include <cstdint>
#include <string_view>

namespace pointsman {

struct SipKey {
  uint64_t k0 = 0;
  uint64_t k1 = 0;
  friend bool operator==(const SipKey&, const SipKey&) = default;
};

uint64_t SipHash(SipKey key, std::string_view bytes);

// The checksum of stored records and snapshots: SipHash under a fixed public key.
uint64_t Checksum(std::string_view bytes);

}  // namespace pointsman
