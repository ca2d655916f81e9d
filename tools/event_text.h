// One event of the log as a line for people, or as one line of JSON for programs.
// Threads: pure functions; LogContext is a plain value.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "domain/event.h"

namespace pointsman {

// What the events of a pool's log up to some point say of its arms and settings, so that the next event can
// be told with names, and with what it changes.
class LogContext {
 public:
  // `is_from_start`: the log has every event; what was not met yet is new.
  explicit LogContext(bool is_from_start) : is_from_start_(is_from_start) {}

  // From elsewhere, for events of arms that were added before the log begins.
  void NoteName(const Arm& arm) { names_[arm.id] = arm.name; }
  void Note(const Event& event);

  bool is_from_start() const { return is_from_start_; }
  // "arm 7" for one that was never told.
  std::string NameOf(ArmId arm) const;
  const Arm* Before(ArmId arm) const;  // null: not met
  const PoolSettings* SettingsBefore() const { return pool_ ? &*pool_ : nullptr; }

 private:
  const bool is_from_start_;
  std::map<ArmId, std::string> names_;
  std::map<ArmId, Arm> arms_;
  std::optional<PoolSettings> pool_;
};

// "2026-11-24T21:53:18.668Z", in UTC.
std::string TimeText(Micros time);

// What an outcome says: "quality 1, latency_ms 800". Empty: nothing.
std::string OutcomeText(const Outcome& outcome);
nlohmann::ordered_json OutcomeJson(const Outcome& outcome);

// Without a line feed. `before`: what the events before this one say. Of JSON: times are in ms since the Unix
// epoch, enums are called as in the contract.
std::string EventText(const Event& event, const LogContext& before);
std::string EventJson(const std::string& pool, const Event& event, const LogContext& before);

}  // namespace pointsman
