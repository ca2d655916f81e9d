// A little of everything that an engine does, on a storage that may fail at any moment. Everything
// acknowledged is remembered and must be there when the folder is opened again.
// Threads: one.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "engine/engine.h"
#include "storage/api/storage.h"

namespace pointsman::tests {

class EngineScenario {
 public:
  explicit EngineScenario(uint64_t seed) : seed_(seed) {}

  engine::EngineOptions Options() const;
  // Scenarios of even seeds keep the whole log; the others drop what their snapshots cover.
  bool keeps_log() const { return seed_ % 2 == 0; }
  // Opens an engine on `storage` and works with it for `rounds`. Any unexpected answer is a test failure.
  // False: the engine did not open.
  bool Run(storage::Storage storage, int rounds, const std::string& backup_folder = "");
  // What a healthy engine on the same folder must hold.
  void ExpectAllAcknowledged(storage::Storage storage);

  ManualClock& clock() { return clock_; }
  std::size_t acknowledged() const { return acknowledged_.size(); }

 private:
  struct Told {
    std::string decision_id;
    std::string feedback_id;
    Sequence sequence = 0;
  };
  bool MakePool(engine::Engine& engine);
  void Round(engine::Engine& engine);
  void Tell(engine::Engine& engine, engine::FeedbackInput input);
  void ExpectProjectionsOfTheLog(const storage::EventLog& log) const;

  const uint64_t seed_;
  uint64_t count_ = 0;
  bool is_pool_made_ = false;
  ManualClock clock_{1'700'000'000 * kMicrosPerSecond};
  std::vector<Told> acknowledged_;
};

}  // namespace pointsman::tests
