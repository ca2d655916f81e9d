// The engine of a server, and its recovery from a disk that failed.
// After a failed write a storage takes no more until it has been opened again, since what the disk then holds
//   is not known. So, when the disk takes writes again, the host closes the engine and opens it from the
//   folder, as a restart does, while the server's ports stay open: calls wait nowhere, they are told to
//   come again. Until then Route goes on with what is learned.
// Operation: Look, now and then. Tries the disk (disk_probe.h) after 1 s, 2 s, ... 30 s, and as often
//   to open again if that fails. What cannot be mended by waiting (the disk lost acknowledged writes),
//   or has lasted kGiveUpAfter, is no longer alive: whoever runs the server should start it anew.
// Threads: Open, Look and Close from one thread at a time; slot as it says; the rest from any.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/clock.h"
#include "domain/live_limits.h"
#include "base/mutex.h"
#include "service/app/config.h"
#include "service/access/admission.h"
#include "service/api/engine_slot.h"

namespace spdlog {
class logger;
}

namespace pointsman {

class EngineHost {
 public:
  static constexpr std::chrono::seconds kPauseMin{1};
  static constexpr std::chrono::seconds kPauseMax{30};
  static constexpr std::chrono::minutes kGiveUpAfter{10};

  // All outlive it.
  EngineHost(const ServerConfig& config, const Clock& clock, spdlog::logger& log);

  absl::Status Open();
  const EngineSlot& slot() const { return slot_; }
  const LiveLimits& limits() const { return limits_; }
  // As Engine::ChangeLimits.
  std::vector<std::string> ChangeLimits(const Limits& wanted);

  // Runs `use` with the engine. False: there is none for now.
  template <class Use>
  bool With(Use use) const {
    MutexLock lock(mutex_);
    if (slot_.is_empty()) return false;
    use(*slot_);
    return true;
  }

  // Whether writes are taken, and what it does about it if not.
  void Look(Admission& admission);
  bool is_well() const;
  // Why Route is not answered; empty: it is.
  std::string not_ready() const;
  // Why it will not recover by itself; empty: it is well, or may.
  std::string not_alive() const;
  // Of engines before the present one.
  uint64_t storage_errors_before() const;

  // Waits for the calls inside. False: there are some that do not end.
  bool WaitForCalls(Admission& admission);
  // Ends the engine, which nobody uses any more.
  void Close();

 private:
  using Time = std::chrono::steady_clock::time_point;
  void Postpone(Time now);
  bool CloseToReopen(Admission& admission);
  void Reopen(Admission& admission, Time now);
  void NoteBroken(const absl::Status& status, Time now);

  const ServerConfig& config_;
  const Clock& clock_;
  spdlog::logger& log_;
  LiveLimits limits_;
  EngineSlot slot_;  // changed under the mutex, while no call is inside
  // These are Look's.
  std::chrono::seconds pause_ = kPauseMin;
  Time try_at_;
  Time well_since_;
  Time closed_at_;
  std::string told_;  // what was last logged of why it waits

  mutable Mutex mutex_;
  bool is_well_ GUARDED_BY(mutex_) = true;
  std::string not_ready_ GUARDED_BY(mutex_);
  std::string not_alive_ GUARDED_BY(mutex_);
  uint64_t errors_before_ GUARDED_BY(mutex_) = 0;
};

}  // namespace pointsman
