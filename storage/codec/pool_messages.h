// Converts pools and arms to and from the Protobuf messages that records and events contain.
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

namespace pointsman::storage {

record::v1::Preference MessageOf(const Preference& preference);
record::v1::Arm MessageOf(const Arm& arm);
record::v1::Pool MessageOf(const Pool& pool);
Preference PreferenceOf(const record::v1::Preference& message);
Arm ArmOf(const record::v1::Arm& message);
Pool PoolOf(const record::v1::Pool& message);

// A stored enum. A number that is too large becomes 0, which no soundness check accepts.
template <class Enum>
Enum EnumOf(uint32_t stored) {
  return Enum{stored <= UINT8_MAX ? static_cast<uint8_t>(stored) : uint8_t{0}};
}

}  // namespace pointsman::storage
