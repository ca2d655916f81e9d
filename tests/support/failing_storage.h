// A storage that fails on purpose, wrapped around another one. Tests make operation k fail for k = 1, 2, ...
// and check that the caller returns a status and stays replayable.
// Threads: the plan may be shared; otherwise as the storage inside.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "storage/api/storage.h"

namespace pointsman::tests {

// Which operations fail. Writes and reads of both stores are counted together, from 1.
class FailurePlan {
 public:
  // Operation `k` fails (0: none). If it is a write, later writes to the same store fail as well,
  // as on a broken disk; a failed read, snapshot or backup fails once.
  void FailOperation(int64_t k) { fails_at_.store(k); }
  // Number of operations so far.
  int64_t operations() const { return operations_.load(); }
  // Called before each snapshot is written, to delay it. Set it before the storage is used.
  std::function<void()> before_snapshot;
  // Called with each committed batch.
  std::function<void(const storage::LogBatch&)> after_commit;
  // Counts an operation, and returns whether it must fail.
  bool CountAndAsk() { return ++operations_ == fails_at_.load(); }

 private:
  std::atomic<int64_t> fails_at_{0};
  std::atomic<int64_t> operations_{0};
};

storage::Storage MakeFailingStorage(storage::Storage inner, std::shared_ptr<FailurePlan> plan);

}  // namespace pointsman::tests
