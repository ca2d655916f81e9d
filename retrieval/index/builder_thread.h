// One background thread that builds when woken. It starts at the first Wake, so an index that
// never grows has no thread.
// Operation: call Wake any number of times. The destructor waits for a running step and joins the thread.
// Threads: Wake from any thread.
#pragma once

#include <functional>
#include <thread>

#include "base/mutex.h"

namespace pointsman::retrieval {

class BuilderThread {
 public:
  // `step` does one piece of work and says whether there may be more.
  explicit BuilderThread(std::function<bool()> step);
  ~BuilderThread();
  BuilderThread(const BuilderThread&) = delete;
  BuilderThread& operator=(const BuilderThread&) = delete;

  void Wake();

 private:
  void Run();
  bool WaitForWork();

  const std::function<bool()> step_;
  Mutex mutex_;
  CondVar changed_;
  bool is_woken_ GUARDED_BY(mutex_) = false;
  bool is_stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_ GUARDED_BY(mutex_);
};

}  // namespace pointsman::retrieval
