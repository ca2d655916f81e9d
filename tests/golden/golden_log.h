// A stored log: the events of one pool, the decisions made meanwhile, and the secret that drew them, as
// stored records (storage/codec/records.h) in a gzip file. Beside it is a transcript for people: each
// decision with all digits, and what was learned in the end.
// Errors: kUnavailable for files that cannot be read or written, kDataLoss.
// Threads: pure functions.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/siphash.h"
#include "domain/event.h"
#include "domain/types.h"

namespace pointsman::tests {

struct GoldenLog {
  SipKey secret;
  std::vector<Event> events;
  std::vector<Decision> decisions;  // in the order in which they were made
};

absl::Status WriteGoldenLog(const GoldenLog& log, const std::string& path);
absl::StatusOr<GoldenLog> ReadGoldenLog(const std::string& path);

// Plays a fixed scenario over the shipped sample with the given quality model, on a real engine.
absl::StatusOr<GoldenLog> PlayGoldenLog(const std::string& quality_model);

// Every decision recomputed from its record and the state of its version; and the transcript: a line for each
// decision, one for each arm's figures, and the checksum of the last state.
struct Replayed {
  std::vector<Decision> decisions;
  std::vector<std::string> transcript;
};
absl::StatusOr<Replayed> Replay(const GoldenLog& log);

}  // namespace pointsman::tests
