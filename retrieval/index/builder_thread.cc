#include "retrieval/index/builder_thread.h"

#include <utility>

#include "base/background.h"

namespace pointsman::retrieval {

BuilderThread::BuilderThread(std::function<bool()> step) : step_(std::move(step)) {}

BuilderThread::~BuilderThread() {
  std::thread thread;
  {
    MutexLock lock(mutex_);
    is_stopping_ = true;
    thread.swap(thread_);
    changed_.NotifyAll();
  }
  if (thread.joinable()) thread.join();
}

void BuilderThread::Wake() {
  MutexLock lock(mutex_);
  if (is_stopping_) return;
  is_woken_ = true;
  if (!thread_.joinable()) thread_ = std::thread([this] { Run(); });
  changed_.NotifyOne();
}

bool BuilderThread::WaitForWork() {
  MutexLock lock(mutex_);
  while (!is_woken_ && !is_stopping_) changed_.Wait(mutex_);
  is_woken_ = false;
  return !is_stopping_;
}

void BuilderThread::Run() {
  GiveWay();
  while (WaitForWork()) {
    if (!step_()) continue;
    MutexLock lock(mutex_);
    is_woken_ = true;
  }
}

}  // namespace pointsman::retrieval
