// What kind of crash a write survives.
#pragma once

#include <cstdint>

namespace pointsman::storage {

// Holds once the call has returned. Always an explicit argument.
enum class Durability : uint8_t {
  kProcess = 1,  // death of this process (kill -9), not of the machine: given to the kernel
  kDisk = 2,     // power loss: synced
};

}  // namespace pointsman::storage
