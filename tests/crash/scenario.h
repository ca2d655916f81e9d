// What the killed writer writes, so that whoever opens the folder afterwards can check it.
// Threads: pure functions.
#pragma once

#include <string>

#include "base/rng.h"
#include "samples.h"
#include "storage/api/storage.h"

namespace pointsman::tests {

constexpr PoolId kCrashPool{1};
constexpr Sequence kSnapshotEvery = 16;

inline Event CrashEvent(Sequence sequence) {
  Rng rng(sequence);
  return storage::SampleEvent(rng, kCrashPool, sequence);
}

// Each event's batch contains a feedback record and an experience of the same number.
inline storage::FeedbackKey CrashFeedbackKey(Sequence sequence) {
  return {kCrashPool, "f" + std::to_string(sequence), ArmId{0}};
}

inline storage::FeedbackRecord CrashFeedback(Sequence sequence) {
  storage::FeedbackRecord record;
  record.quality_sequence = sequence;
  return record;
}

// Large, so that a few of them make RocksDB write its tables while it is being killed.
inline std::string CrashSnapshot(Sequence sequence) {
  return std::string(400000, static_cast<char>('a' + sequence % 26));
}

inline Decision CrashDecision(uint64_t number) {
  Rng rng(number);
  return storage::SampleDecision(rng, kCrashPool, "d" + std::to_string(number), 4, 16);
}

}  // namespace pointsman::tests
