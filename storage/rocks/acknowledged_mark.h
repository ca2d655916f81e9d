// How far the log was acknowledged as synced: a number in a file of its own, raised after each synced write.
// Recovery stops at the first bad record. That is right for the unsynced end that a power loss tears. But if
// a disk damaged an earlier record, acknowledged writes would be lost silently: a log that ends before its
// mark has lost some.
// Durability: the mark is handed to the kernel, not synced. After a power loss it may be older
// than the log, never newer.
// Errors: kUnavailable if the file cannot be written; kDataLoss if it is malformed.
// Threads: any.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/mutex.h"

namespace pointsman::storage {

class AcknowledgedMark {
 public:
  // Opens the file. If it is missing, it is made and the mark is `initial`.
  static absl::StatusOr<std::unique_ptr<AcknowledgedMark>> Open(const std::string& path,
                                                                uint64_t initial);
  // The stored mark, without making the file or opening it for writing; 0 if there is none.
  static absl::StatusOr<uint64_t> Peek(const std::string& path);
  ~AcknowledgedMark();
  AcknowledgedMark(const AcknowledgedMark&) = delete;
  AcknowledgedMark& operator=(const AcknowledgedMark&) = delete;

  uint64_t value() const;
  // Never lowers it. Cost: one system call.
  absl::Status RaiseTo(uint64_t value);

 private:
  AcknowledgedMark(std::string path, int file) : path_(std::move(path)), file_(file) {}
  absl::Status Store(uint64_t value) REQUIRES_LOCK(mutex_);
  absl::StatusOr<std::optional<uint64_t>> Load() const;

  const std::string path_;
  const int file_;
  mutable Mutex mutex_;
  uint64_t value_ GUARDED_BY(mutex_) = 0;
};

}  // namespace pointsman::storage
