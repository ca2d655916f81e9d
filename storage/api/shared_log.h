// A log that several replicas share: one order of messages, the same for every reader. It is asked for two things,
// order and no loss of what it acknowledged. Everything else is made of them (engine/replica/replica.h).
// Errors: kUnavailable if it cannot be reached or has no leader now; kResourceExhausted if it is full.
// Threads: Append from any thread; the others from one at a time.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "domain/types.h"

namespace pointsman::storage {

struct SharedMessage {
  uint64_t position = 0;  // from 1, without gaps
  Micros time = 0;        // given by the log, the same for every reader; may step back
  std::string bytes;
};

// The messages that are still there. Without any, `last` is `first` - 1.
struct SharedRange {
  uint64_t first = 1;
  uint64_t last = 0;
};

class SharedLog {
 public:
  virtual ~SharedLog() = default;

  // Gets the message's position, or why it was not acknowledged. After an error the message may be in the log
  // or not.
  using Appended = std::function<void(const absl::StatusOr<uint64_t>&)>;
  // `done` runs once, perhaps on a thread of the log's. It must not block.
  virtual void Append(std::string bytes, Appended done) = 0;
  // The messages after `after`, in order, at most `count_max`. Waits at most `wait` for the first one; nothing came
  // if the result is empty. Errors: kOutOfRange if the message after `after` is no longer there.
  virtual absl::StatusOr<std::vector<SharedMessage>> Read(uint64_t after, std::size_t count_max,
                                                          std::chrono::milliseconds wait) = 0;
  virtual absl::StatusOr<SharedRange> Range() = 0;
  // Drops the messages before `first_kept`.
  virtual absl::Status DropBefore(uint64_t first_kept) = 0;
};

}  // namespace pointsman::storage
