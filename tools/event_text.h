// One event of the log as a line for people, or as one line of JSON for programs.
// Threads: pure functions; ArmNames is a plain value.
#pragma once

#include <map>
#include <string>

#include "base/event.h"

namespace pointsman {

// What arms are called. Events name them by id; an arm event tells the name.
class ArmNames {
 public:
  void Note(const Event& event);
  void Note(const Arm& arm) { names_[arm.id] = arm.name; }
  // "arm 7" for one that was never told.
  std::string Of(ArmId arm) const;

 private:
  std::map<ArmId, std::string> names_;
};

// "2026-11-24T21:53:18.668Z", in UTC.
std::string TimeText(Micros time);

// Without a line feed. `names`: as of this event.
std::string EventText(const Event& event, const ArmNames& names);
std::string EventJson(const std::string& pool, const Event& event, const ArmNames& names);

}  // namespace pointsman
