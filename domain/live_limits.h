// Limits that may change while they are read. A reader gets a reference that stays valid: every version is
// kept until the end, and there is one version per reload.
// Threads: Get from any; Set from any, one at a time.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "base/mutex.h"
#include "domain/limits.h"

namespace pointsman {

class LiveLimits {
 public:
  explicit LiveLimits(const Limits& limits) { Set(limits); }

  const Limits& Get() const { return *current_.load(std::memory_order_acquire); }

  void Set(const Limits& limits) {
    MutexLock lock(mutex_);
    versions_.push_back(std::make_unique<const Limits>(limits));
    current_.store(versions_.back().get(), std::memory_order_release);
  }

 private:
  std::atomic<const Limits*> current_ = nullptr;
  Mutex mutex_;
  std::vector<std::unique_ptr<const Limits>> versions_ GUARDED_BY(mutex_);
};

}  // namespace pointsman
