// The bytes of pools and arms inside a snapshot of learned state.
// Errors: decoders fail their reader for anything that their encoder did not write. Sizes are checked against
//   the bytes that are left before anything is allocated.
// Threads: pure functions.
#pragma once

#include "base/bytes.h"
#include "domain/arm.h"

namespace pointsman::learners {

void EncodePool(const Pool& pool, ByteWriter& out);
Pool DecodePool(ByteReader& in);  // by in.format()

void EncodeArm(const Arm& arm, ByteWriter& out);
Arm DecodeArm(ByteReader& in);

}  // namespace pointsman::learners
