// Decision ids that we give: 32 hex digits, 64 bits of time and count, then 64 bits that only the
// holder of the secret can compute. So an id cannot be guessed, and one that is no longer stored
// still tells when it was given: expired and never seen are different answers.
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
  explicit DecisionIds(SipKey secret) : secret_(secret) {}

  // Unique as long as the clock does not fall behind by a restart's length at 10^6 ids a second.
  std::string Next(PoolId pool, Micros now);
  // When this id was given by us for this pool, to the millisecond; nullopt for any other id.
  std::optional<Micros> GivenAt(PoolId pool, std::string_view id) const;

 private:
  uint64_t Tag(PoolId pool, uint64_t head) const;

  const SipKey secret_;
  std::atomic<uint64_t> last_head_{0};
};

}  // namespace pointsman::engine
