#include "engine/maintain/history_keeper.h"

namespace pointsman::engine {

void HistoryKeeper::Load() {
  for (const auto& [name, pool] : *pools_.all()) {
    const auto bytes = store_.ReadHistory(pool->id());
    if (bytes.ok() && !bytes->empty()) pool->history().Decode(*bytes);
  }
}

void HistoryKeeper::Save() {
  for (const auto& [name, pool] : *pools_.all()) {
    const uint64_t entries = pool->history().entries();
    if (entries == saved_[pool->id()]) continue;
    if (store_.PutHistory(pool->id(), pool->history().Encode()).ok()) saved_[pool->id()] = entries;
  }
}

}  // namespace pointsman::engine
