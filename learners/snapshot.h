// The bytes of pools and arms inside a snapshot of learned state.
// Errors: decoders fail their reader for anything their encoder did not write; sizes are checked
//   against what is left before anything is allocated.
// Threads: pure functions.
#pragma once

#include "base/arm.h"
#include "base/bytes.h"

namespace pointsman {

// The format of the snapshots that hold this pool: the oldest one that has all of its settings, so
// that a pool without the later ones has the bytes, and the checksum, that it always had.
int SnapshotFormat(const PoolSettings& settings);
void EncodePool(const Pool& pool, ByteWriter& out);
Pool DecodePool(ByteReader& in, int format);

void EncodeArm(const Arm& arm, ByteWriter& out);
Arm DecodeArm(ByteReader& in);

}  // namespace pointsman
