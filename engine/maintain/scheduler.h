// The maintenance of an engine: named jobs that come round, and tasks that come once.
// Operation: a job belongs to a lane. Jobs of the writer's lane run on the log writer, between two turns, since they
//   append to the log or must not meet a write; the writer calls RunDue. Jobs and tasks of the aside lane run one
//   after the other on a thread of the scheduler, which gives way to others; with Writing::kInline they run on the
//   caller's thread.
// Errors: a job answers whether more is left to do at once; what fails is its own to report.
// Threads: Add before Start; all else from any thread.
#pragma once

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "engine/engine.h"

namespace pointsman::engine {

class Scheduler {
 public:
  enum class Lane : uint8_t { kWriter, kAside };
  // True: there is more to do at once.
  using Job = std::function<bool(Micros now)>;
  struct Figures {
    std::string name;
    uint64_t runs = 0;
    double seconds = 0;  // all runs together
  };

  Scheduler(Writing writing, const Clock& clock) : writing_(writing), clock_(clock) {}
  ~Scheduler() { Stop(); }
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  void Add(std::string name, Lane lane, Micros every, Job job);
  void Start();

  // Runs the jobs of the lane that are due. True: one of them has more to do at once.
  bool RunDue(Lane lane);
  // Has the aside lane look at its jobs now; with Writing::kInline here.
  void Wake(const std::string& name);
  // Once, on the aside lane. False: it is stopping, and the task is not run.
  bool RunOnce(std::function<void()> task);
  // Finishes the tasks, and ends. Idempotent.
  void Stop();

  std::vector<Figures> figures() const;

 private:
  struct Entry {
    std::string name;
    Lane lane{};
    Micros every = 0;
    Job job;
    Micros ran_at = 0;
    bool wants_more = false;
    bool is_woken = false;
    uint64_t runs = 0;
    double seconds = 0;
  };
  bool Run(Entry& entry, Micros now);
  void Loop();

  const Writing writing_;
  const Clock& clock_;
  mutable Mutex mutex_;
  CondVar wake_;
  std::vector<Entry> jobs_;  // each is run by its lane alone; its figures are guarded
  std::vector<std::function<void()>> tasks_ GUARDED_BY(mutex_);
  bool is_stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace pointsman::engine
