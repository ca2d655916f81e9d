// Pools and arms to and from their Protobuf messages, which pool and arm records and events hold.
// Threads: pure.
#pragma once

#include <cstdint>

#include "domain/arm.h"
#include "domain/types.h"

namespace pointsman::record::v1 {
class Arm;
class Pool;
class Preference;
}  // namespace pointsman::record::v1

namespace pointsman {

record::v1::Preference MessageOf(const Preference& preference);
record::v1::Arm MessageOf(const Arm& arm);
record::v1::Pool MessageOf(const Pool& pool);
Preference PreferenceOf(const record::v1::Preference& message);
Arm ArmOf(const record::v1::Arm& message);
Pool PoolOf(const record::v1::Pool& message);

// An enum as stored; a number that no enum of ours has becomes 0, which no soundness check passes.
template <class Enum>
Enum EnumOf(uint32_t stored) {
  return Enum{stored <= UINT8_MAX ? static_cast<uint8_t>(stored) : uint8_t{0}};
}

}  // namespace pointsman
