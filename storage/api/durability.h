// How much of a crash a write survives.
#pragma once

#include <cstdint>

namespace pointsman {

// Once the call has returned. Always an explicit argument.
enum class Durability : uint8_t {
  kProcess = 1,  // the death of this process (kill -9), not of the machine: handed to the kernel
  kDisk = 2,     // power loss: synced
};

}  // namespace pointsman
