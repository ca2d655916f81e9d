// A storage that fails on purpose, around another one: tests make operation k fail for k = 1, 2,
// ... and see that whoever uses it answers with a status and stays replayable. Threads: the plan
// may be shared; otherwise as the storage inside.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "storage/api/storage.h"

namespace pointsman {

// Which operations fail. Writes and reads of both stores are counted together, from 1.
class FailurePlan {
 public:
  // Operation `k` fails (0: none). If it is a write, later writes to the same store fail as well,
  // as they would on a medium that broke; a failed read, snapshot or backup fails once.
  void FailOperation(int64_t k) { fails_at_.store(k); }
  // Operations asked for so far.
  int64_t operations() const { return operations_.load(); }
  // Called before each snapshot is written: holds it up. Set before the storage is used.
  std::function<void()> before_snapshot;
  // Called with each batch that was committed.
  std::function<void(const LogBatch&)> after_commit;
  // Counts one; whether it is the one to fail.
  bool CountAndAsk() { return ++operations_ == fails_at_.load(); }

 private:
  std::atomic<int64_t> fails_at_{0};
  std::atomic<int64_t> operations_{0};
};

Storage MakeFailingStorage(Storage inner, std::shared_ptr<FailurePlan> plan);

}  // namespace pointsman
