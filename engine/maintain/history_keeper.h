// Keeps the histories of pools over restarts.
// Operation: Save, a job of the scheduler, stores the history of each pool that has new entries. A crash costs what
//   was counted since.
// Errors: a history that cannot be stored is stored later; one that does not read back begins again. Nothing else
//   depends on it.
// Threads: one at a time.
#pragma once

#include <map>

#include "engine/pool/pool_table.h"
#include "storage/api/history.h"

namespace pointsman::engine {

class HistoryKeeper {
 public:
  static constexpr Micros kEvery = 10 * kMicrosPerSecond;

  HistoryKeeper(storage::HistoryStore& store, const PoolTable& pools)
      : store_(store), pools_(pools) {}

  void Load();
  void Save();

 private:
  storage::HistoryStore& store_;
  const PoolTable& pools_;
  std::map<PoolId, uint64_t> saved_;  // entries that are stored
};

}  // namespace pointsman::engine
