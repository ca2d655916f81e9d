// The audit: a line of the server's log for each admin call, also for one that was refused: who called, what,
// about which pool, what it changed from what to what, and how it ended.
//   2026-01-31 12:00:00.000 info audit {"rpc":"PutArm","who":"ops@10.0.0.7","pool":"default",...}
// With the log's format json the same object is the line's member "audit". Calls that only read are of level
// debug, unless they were refused for want of a right.
// Operation: lines are written by a thread of its own, in the order of Write, so that no call and not the
//   log writer waits for the log file. What comes faster than it can be written, or is refused more
//   often than kRefusalsPerSecond (a stranger must not fill a disk), is counted and told.
// Threads: any.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "base/bounded_queue.h"
#include "base/clock.h"
#include "base/mutex.h"

namespace spdlog {
class logger;
}

namespace pointsman {

struct AuditEntry {
  std::string rpc;         // "PutArm"
  bool is_change = true;   // false: it only reads
  std::string pool;        // empty: none, or all
  std::string target;      // within the pool: an arm, an import, a decision; or a backup
  std::string who = {};    // TOKEN@ADDRESS; without a token, the address
  std::vector<std::string> changes = {};  // "usd_per_1m_input: 0.15 -> 0.3"
};

class AuditLog {
 public:
  static constexpr int64_t kRefusalsPerSecond = 20;

  // Both outlive it.
  AuditLog(spdlog::logger& log, const Clock& clock);
  ~AuditLog();
  AuditLog(const AuditLog&) = delete;
  AuditLog& operator=(const AuditLog&) = delete;

  // Before the call is answered, so that the lines of a client that waits for each answer are in its order.
  void Write(const AuditEntry& entry, const absl::Status& result);
  // Writes what waits, and ends; idempotent. What comes later is not written.
  void Stop();

 private:
  struct Line {
    bool is_told = true;  // else of level debug
    std::string text;
  };
  bool TakeRefusal();
  void Loop();
  void TellOfLost();

  spdlog::logger& log_;
  const Clock& clock_;
  const std::shared_ptr<spdlog::logger> lines_;
  BoundedQueue<Line> queue_;
  Mutex mutex_;
  Micros refusals_since_ GUARDED_BY(mutex_) = 0;
  int64_t refusals_ GUARDED_BY(mutex_) = 0;
  uint64_t lost_ GUARDED_BY(mutex_) = 0;
  std::thread thread_;
};

// The JSON object of a line.
std::string AuditText(const AuditEntry& entry, const absl::Status& result);

}  // namespace pointsman
