#include "evaluation/replay/parallel.h"

#include <algorithm>
#include <thread>
#include <vector>

#include "base/mutex.h"

namespace pointsman::evaluation {

absl::Status ForEachTask(std::size_t count, std::size_t threads,
                         const std::function<absl::Status(std::size_t)>& task,
                         const std::function<void(std::size_t done)>& on_done) {
  if (threads == 0) threads = std::max(1u, std::thread::hardware_concurrency());
  Mutex mutex;
  std::size_t next = 0, done = 0, failed_at = count;
  absl::Status failure;
  const auto work = [&] {
    for (;;) {
      std::size_t mine = 0;
      {
        MutexLock lock(mutex);
        if (next == count || failed_at < count) return;
        mine = next++;
      }
      const absl::Status status = task(mine);
      MutexLock lock(mutex);
      ++done;
      if (!status.ok() && mine < failed_at) {
        failed_at = mine;
        failure = status;
      }
      if (on_done) on_done(done);
    }
  };
  std::vector<std::thread> workers;
  for (std::size_t i = 1; i < std::min(threads, count); ++i) workers.emplace_back(work);
  work();
  for (std::thread& worker : workers) worker.join();
  return failure;
}

}  // namespace pointsman::evaluation
