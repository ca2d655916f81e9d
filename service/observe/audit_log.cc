#include "service/observe/audit_log.h"

#include <spdlog/spdlog.h>

#include <chrono>
#include <utility>

#include "base/strings.h"
#include "service/observe/log.h"

namespace pointsman::service {
namespace {

constexpr std::size_t kWaiting = 4096;  // lines
constexpr std::size_t kChangesShown = 50;
constexpr std::size_t kTextMax = 300;  // bytes of one value
constexpr std::chrono::milliseconds kWait{1000};

bool IsRefused(const absl::Status& result) {
  return absl::IsUnauthenticated(result) || absl::IsPermissionDenied(result);
}

// One value as a JSON string. No content can end the string or the line.
std::string Shown(std::string_view text) {
  return Cat("\"", JsonEscaped(OneLine(text, kTextMax)), "\"");
}

void AddMember(const char* name, std::string_view value, std::string& object) {
  if (!value.empty()) object += Cat(",\"", name, "\":", Shown(value));
}

}  // namespace

std::string AuditText(const AuditEntry& entry, const absl::Status& result) {
  std::string object = Cat("{\"rpc\":", Shown(entry.rpc), ",\"who\":", Shown(entry.who));
  AddMember("pool", entry.pool, object);
  AddMember("target", entry.target, object);
  AddMember("result", absl::StatusCodeToString(result.code()), object);
  AddMember("error", ToStd(result.message()), object);
  if (entry.changes.empty()) return object + "}";
  object += ",\"changes\":[";
  for (std::size_t i = 0; i < entry.changes.size() && i < kChangesShown; ++i) {
    object += Cat(i == 0 ? "" : ",", Shown(entry.changes[i]));
  }
  object += "]";
  if (entry.changes.size() > kChangesShown) {
    object += Cat(",\"changes_not_shown\":", entry.changes.size() - kChangesShown);
  }
  return object + "}";
}

AuditLog::AuditLog(spdlog::logger& log, const Clock& clock)
    : log_(log), clock_(clock), lines_(log.clone(kAuditLogger)), queue_(kWaiting) {
  lines_->set_level(spdlog::level::trace);  // `log` decides
  thread_ = std::thread([this] { Loop(); });
}

AuditLog::~AuditLog() { Stop(); }

void AuditLog::Stop() {
  queue_.Close();
  if (thread_.joinable()) thread_.join();
}

bool AuditLog::TakeRefusal() {
  const Micros now = clock_.Now();
  MutexLock lock(mutex_);
  if (now < refusals_since_ || now - refusals_since_ >= kMicrosPerSecond) {
    refusals_since_ = now;
    refusals_ = 0;
  }
  if (++refusals_ <= kRefusalsPerSecond) return true;
  ++lost_;
  return false;
}

void AuditLog::Write(const AuditEntry& entry, const absl::Status& result) {
  const bool is_refused = IsRefused(result);
  const bool is_told = entry.is_change || is_refused;
  if (!log_.should_log(is_told ? spdlog::level::info : spdlog::level::debug)) return;
  if (is_refused && !TakeRefusal()) return;
  Line line{is_told, AuditText(entry, result)};
  if (queue_.TryPush(line)) return;
  MutexLock lock(mutex_);
  ++lost_;
}

void AuditLog::TellOfLost() {
  uint64_t lost = 0;
  {
    MutexLock lock(mutex_);
    std::swap(lost, lost_);
  }
  if (lost > 0) {
    log_.warn("{} admin calls have no audit line: too many came at once", lost);
  }
}

void AuditLog::Loop() {
  while (true) {
    const std::vector<Line> batch = queue_.PopBatch(kWaiting, kWait);
    for (const Line& line : batch) {
      lines_->log(line.is_told ? spdlog::level::info : spdlog::level::debug, line.text);
    }
    TellOfLost();
    if (batch.empty() && queue_.is_closed() && queue_.size() == 0) return;
  }
}

}  // namespace pointsman::service
