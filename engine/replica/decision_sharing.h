// Decisions are stored where they are made, and sent to the other replicas in batches, so that feedback may reach any
// of them, and so that nothing waits for a replica that is gone.
// Operation: Made queues decisions that were just recorded. They are sent 64 at a time, or after 10 ms. Decisions of
//   other replicas are stored as they come. At the start, what this replica decided within the last minute is sent
//   again: its process may have ended before it was sent. A decision that comes twice is stored once.
// Losses: what the log does not acknowledge is sent again, a second later. The newest 65,536 decisions are kept for that.
//   Feedback on others must then reach the replica that decided.
// Threads: Made from any thread. With Writing::kInline there are no threads: Made sends, and Receive stores.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "engine/engine.h"
#include "engine/pool/pool_table.h"
#include "engine/replica/replica.h"
#include "storage/api/storage.h"

namespace pointsman::engine {

class DecisionSharing {
 public:
  // `from`: how far the shared decisions were stored. `on_stored` gets how far they are now, from the reading thread.
  DecisionSharing(const ReplicaOptions& options, Writing writing, uint64_t run,
                  storage::DecisionStore& store, uint64_t from,
                  std::function<void(uint64_t)> on_stored);
  ~DecisionSharing() { Stop(); }
  DecisionSharing(const DecisionSharing&) = delete;
  DecisionSharing& operator=(const DecisionSharing&) = delete;

  void Start();
  void Stop();
  void Made(std::span<const Decision> decisions);
  // Sends what was decided within the last minute.
  void SendAgain(const PoolTable& pools, Micros now);
  // Stores what has come. Returns the number of messages.
  absl::StatusOr<std::size_t> Receive(std::chrono::milliseconds wait);

 private:
  void SendLoop();
  void ReceiveLoop();
  // What waits to be sent. The log may answer after this object is gone.
  struct Queue {
    Mutex mutex;
    CondVar came;
    std::deque<Decision> decisions GUARDED_BY(mutex);
    std::vector<Decision> failed GUARDED_BY(mutex);  // sent again a little later
    bool is_stopping GUARDED_BY(mutex) = false;

    void Push(std::span<const Decision> more) REQUIRES_LOCK(mutex);
  };
  // Takes the next batch; empty: nothing came, or it is stopping.
  std::vector<Decision> NextBatch();
  void Send(const std::vector<Decision>& batch);

  const ReplicaOptions options_;
  const Writing writing_;
  const uint64_t run_;
  storage::DecisionStore& store_;
  const std::function<void(uint64_t)> on_stored_;
  uint64_t position_;  // the reader's
  const std::shared_ptr<Queue> queue_ = std::make_shared<Queue>();
  std::thread sender_, receiver_;
};

}  // namespace pointsman::engine
