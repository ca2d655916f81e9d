// One event of the log as a line for people, or as one line of JSON for programs.
// Threads: pure functions; LogContext is a plain value.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "domain/event.h"

namespace pointsman::tools {

// The arms and settings of a pool as of some point in its log, so that the next event can be shown with names
// and with what it changes.
class LogContext {
 public:
  // `is_from_start`: the log has every event, so an arm that was not seen yet is new.
  explicit LogContext(bool is_from_start) : is_from_start_(is_from_start) {}

  // For arms that were added before the log begins; their names come from elsewhere.
  void NoteName(const Arm& arm) { names_[arm.id] = arm.name; }
  void Note(const Event& event);

  bool is_from_start() const { return is_from_start_; }
  // "arm 7" for an unknown arm.
  std::string NameOf(ArmId arm) const;
  const Arm* Before(ArmId arm) const;  // null: not seen
  const PoolSettings* SettingsBefore() const { return pool_ ? &*pool_ : nullptr; }

 private:
  const bool is_from_start_;
  std::map<ArmId, std::string> names_;
  std::map<ArmId, Arm> arms_;
  std::optional<PoolSettings> pool_;
};

// "2026-11-24T21:53:18.668Z", in UTC.
std::string TimeText(Micros time);

// The fields of an outcome: "quality 1, latency_ms 800". Empty: no field is set.
std::string OutcomeText(const Outcome& outcome);
nlohmann::ordered_json OutcomeJson(const Outcome& outcome);

// Without a line feed. `before`: the state before this event. In JSON, times are in ms since the Unix epoch,
// and enums have the contract's names.
std::string EventText(const Event& event, const LogContext& before);
std::string EventJson(const std::string& pool, const Event& event, const LogContext& before);

}  // namespace pointsman::tools
