#include "storage/rocks/acknowledged_mark.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/siphash.h"
#include "base/status_macros.h"
#include "base/strings.h"

namespace pointsman::storage {
namespace {

// The number and its checksum. Both lie in one sector, so they are written whole or not at all.
struct Stored {
  uint64_t value;
  uint64_t checksum;
};

uint64_t ChecksumOf(uint64_t value) {
  return Checksum({reinterpret_cast<const char*>(&value), sizeof(value)});
}

absl::Status Failed(const std::string& path, const char* doing) {
  return absl::UnavailableError(
      Cat("log: cannot ", doing, " ", Quoted(path, 1024), ": ", std::strerror(errno)));
}

}  // namespace

absl::StatusOr<std::unique_ptr<AcknowledgedMark>> AcknowledgedMark::Open(const std::string& path,
                                                                         uint64_t initial) {
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0) return Failed(path, "open");
  std::unique_ptr<AcknowledgedMark> mark(new AcknowledgedMark(path, file));
  ASSIGN_OR_RETURN(const std::optional<uint64_t> stored, mark->Load());
  MutexLock lock(mark->mutex_);
  if (stored) {
    mark->value_ = *stored;
    return mark;
  }
  RETURN_IF_ERROR(mark->Store(initial));
  if (fsync(file) != 0) return Failed(path, "sync");
  return mark;
}

absl::StatusOr<uint64_t> AcknowledgedMark::Peek(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0 && errno == ENOENT) return uint64_t{0};
  if (file < 0) return Failed(path, "open");
  const AcknowledgedMark mark(path, file);
  ASSIGN_OR_RETURN(const std::optional<uint64_t> stored, mark.Load());
  return stored.value_or(0);
}

AcknowledgedMark::~AcknowledgedMark() { close(file_); }

uint64_t AcknowledgedMark::value() const {
  MutexLock lock(mutex_);
  return value_;
}

absl::Status AcknowledgedMark::RaiseTo(uint64_t value) {
  MutexLock lock(mutex_);
  return value > value_ ? Store(value) : absl::OkStatus();
}

absl::Status AcknowledgedMark::Store(uint64_t value) {
  const Stored stored{value, ChecksumOf(value)};
  if (pwrite(file_, &stored, sizeof(stored), 0) != static_cast<ssize_t>(sizeof(stored))) {
    return Failed(path_, "write");
  }
  value_ = value;
  return absl::OkStatus();
}

absl::StatusOr<std::optional<uint64_t>> AcknowledgedMark::Load() const {
  Stored stored{};
  const ssize_t size = pread(file_, &stored, sizeof(stored), 0);
  if (size < 0) return Failed(path_, "read");
  if (size == 0) return std::optional<uint64_t>();  // just made
  if (size != static_cast<ssize_t>(sizeof(stored)) || stored.checksum != ChecksumOf(stored.value)) {
    return DataLoss("log: ", Quoted(path_, 1024),
                    " is malformed; remove it to start without the check for missing "
                    "acknowledged writes");
  }
  return std::optional(stored.value);
}

}  // namespace pointsman::storage
