// The decision ids that the server assigns: 32 hex digits. The first 64 bits are time and count. The last 64
// bits can be computed only with the secret, so an id cannot be guessed. An id that is no longer stored still
// tells when it was assigned, so "expired" and "never seen" are different answers.
// Replicas have the same secret. So the id of a replica also says who made it: the first 16 of the last 64 bits are its
// maker, and 48 bits depend on the secret.
// Threads: Next from any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/siphash.h"
#include "domain/types.h"

namespace pointsman::engine {

class DecisionIds {
 public:
  // `maker`: 0 for an engine on its own; else MakerOf the replica's name.
  explicit DecisionIds(SipKey secret, uint16_t maker = 0) : secret_(secret), maker_(maker) {}
  // Not 0. Two names may have the same maker; such replicas must not share a log.
  static uint16_t MakerOf(std::string_view replica);

  // Unique within a run. Across a restart too, if the clock has not fallen back below the last id's time and no
  // more than 10^6 ids were made in a millisecond.
  std::string Next(PoolId pool, Micros now);
  // When the server assigned this id for this pool, to the millisecond; nullopt for any other id.
  std::optional<Micros> GivenAt(PoolId pool, std::string_view id) const;

 private:
  uint64_t Tag(PoolId pool, uint64_t head, uint16_t maker) const;

  const SipKey secret_;
  const uint16_t maker_;
  std::atomic<uint64_t> last_head_{0};
};

}  // namespace pointsman::engine
