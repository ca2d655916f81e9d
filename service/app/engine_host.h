// The engine of a server, and its recovery from a disk error.
// After a failed write, the storage accepts no writes until it is reopened, because the state of the disk is
//   unknown. When the disk can be written again, the host closes the engine and opens it from the folder, as
//   a restart does, while the server's ports stay open: calls do not wait, they are refused with a request to
//   retry. Until then Route continues with the learned state.
// Operation: call Look regularly. It tests the disk (disk_probe.h) after 1 s, 2 s, ... 30 s, and retries a
//   failed reopening at the same pace. If waiting cannot help (the disk lost acknowledged writes), or the
//   fault has lasted kGiveUpAfter, the server is no longer alive, and its operator should restart it.
// Threads: Open, Look and Close from one thread at a time; slot as it says; the rest from any.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "domain/live_limits.h"
#include "service/access/admission.h"
#include "service/api/engine_slot.h"
#include "service/app/config.h"

namespace spdlog {
class logger;
}

namespace pointsman::service {

class EngineHost {
 public:
  static constexpr std::chrono::seconds kPauseMin{1};
  static constexpr std::chrono::seconds kPauseMax{30};
  static constexpr std::chrono::minutes kGiveUpAfter{10};

  // All must outlive it.
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

  // Checks whether writes are accepted, and recovers if not.
  void Look(Admission& admission);
  bool is_well() const;
  // Why Route is not answered; empty: it is answered.
  std::string not_ready() const;
  // Why the server will not recover by itself; empty: it is healthy, or may recover.
  std::string not_alive() const;
  // Storage errors of earlier engines.
  uint64_t storage_errors_before() const;

  // Waits for the calls inside. False: some of them do not end.
  bool WaitForCalls(Admission& admission);
  // Ends the engine, which must no longer be in use.
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
  // Used by Look.
  std::chrono::seconds pause_ = kPauseMin;
  Time try_at_;
  Time well_since_;
  Time closed_at_;
  std::string told_;  // the last logged reason for waiting

  mutable Mutex mutex_;
  bool is_well_ GUARDED_BY(mutex_) = true;
  std::string not_ready_ GUARDED_BY(mutex_);
  std::string not_alive_ GUARDED_BY(mutex_);
  uint64_t errors_before_ GUARDED_BY(mutex_) = 0;
};

}  // namespace pointsman::service
