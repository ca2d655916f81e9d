// What the engine reports about pools, decisions and the log.
// Threads: plain values.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "domain/arm.h"
#include "domain/event.h"
#include "domain/types.h"

namespace pointsman::engine {

struct PoolInfo {
  Pool pool;
  uint32_t arms_active = 0;
  uint32_t arms_paused = 0;
  Sequence snapshot_version = 0;
  std::string problem;  // why the pool cannot embed queries; empty: it can
};

struct PutPoolOutput {
  PoolInfo info;
  bool is_new = false;
  std::vector<std::string> changes;
  std::vector<std::string> arms_not_named;
  std::vector<std::string> notes;
};

struct Explanation {
  Decision decision;
  std::vector<std::string> candidate_names;  // by candidate
  std::vector<std::string> chosen_names;     // by chosen arm
  std::vector<std::pair<std::string, Outcome>> outcomes;
};

// A learned outcome, as recorded in the log.
struct LoggedOutcome {
  Sequence sequence = 0;
  Micros time = 0;
  std::string arm;
  std::map<std::string, double> features;  // features sent with the query
  OutcomeEvent event;
};
// An arm that started fresh: what it learned before no longer counts.
struct LoggedReset {
  Sequence sequence = 0;
  std::string arm;
  std::string inherit_from;  // the arm whose learned figures became its prior; empty: none
  double inherit_strength = 0;
};
struct OutcomePage {
  std::vector<LoggedOutcome> outcomes;
  std::vector<LoggedReset> resets;
  Sequence next = 0;            // where the next page begins; 0: no more pages
  Sequence first_sequence = 0;  // the oldest event that the log still has
};

}  // namespace pointsman::engine
