// The audit: one line in the server's log for each admin call, including refused ones. It has the caller, the
// call, the pool, the changes with old and new values, and the result.
//   2026-01-31 12:00:00.000 info audit {"rpc":"PutArm","who":"ops@10.0.0.7","pool":"default",...}
// With the log format json, the same object is the line's member "audit". Calls that only read have the level
// debug, unless they were refused for lack of permission.
// Operation: a separate thread writes the lines in the order of Write, so that neither calls nor the log
//   writer wait for the log file. Lines that arrive faster than they can be written, and refusals beyond
//   kRefusalsPerSecond (a stranger must not be able to fill a disk), are only counted; the count is logged.
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

namespace pointsman::service {

struct AuditEntry {
  std::string rpc;                        // "PutArm"
  bool is_change = true;                  // false: it only reads
  std::string pool;                       // empty: none, or all
  std::string target;                     // in the pool: an arm, an import, a decision; or a backup
  std::string who = {};                   // TOKEN@ADDRESS; without a token, the address
  std::vector<std::string> changes = {};  // "usd_per_1m_input: 0.15 -> 0.3"
};

class AuditLog {
 public:
  static constexpr int64_t kRefusalsPerSecond = 20;

  // Both must outlive it.
  AuditLog(spdlog::logger& log, const Clock& clock);
  ~AuditLog();
  AuditLog(const AuditLog&) = delete;
  AuditLog& operator=(const AuditLog&) = delete;

  // Call it before the call is answered. A client that waits for each answer then has its lines in order.
  void Write(const AuditEntry& entry, const absl::Status& result);
  // Writes the waiting lines and ends. Idempotent. Later lines are not written.
  void Stop();

 private:
  struct Line {
    bool is_told = true;  // false: level debug
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

}  // namespace pointsman::service
