// The maintenance of an engine: named jobs that run periodically, and tasks that run once.
// Operation: a job belongs to a lane. Jobs of the writer's lane run on the log writer between two turns,
//   because they append to the log or must not overlap a write. The writer calls RunDue for them. Jobs and
//   tasks of the aside lane run one after another on a low-priority thread of the scheduler. With
//   Writing::kInline they run on the caller's thread.
// Errors: a job returns whether it has more to do at once. It reports its failures itself.
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
  // Returns true if the job has more to do at once.
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

  // Runs the jobs of the lane that are due. Returns true if one of them has more to do at once.
  bool RunDue(Lane lane);
  // Makes a job of the aside lane due now. With Writing::kInline it runs inside this call.
  void Wake(const std::string& name);
  // Runs a task once, on the aside lane. Returns false if the scheduler is stopping; then the task does not
  // run.
  bool RunOnce(std::function<void()> task);
  // Finishes the tasks and ends the thread. Idempotent.
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
  std::vector<Entry> jobs_;  // each runs on its lane alone; its figures are guarded
  std::vector<std::function<void()>> tasks_ GUARDED_BY(mutex_);
  bool is_stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace pointsman::engine
