#include "engine/pool/pool_table.h"

#include <algorithm>

#include "base/strings.h"
#include "domain/names.h"
#include "engine/request/requests.h"

namespace pointsman::engine {

absl::StatusOr<std::shared_ptr<PoolRuntime>> PoolTable::Find(std::string_view name) const {
  if (auto pool = Get(name)) return pool;
  return WithReason(NotFound("there is no pool ", Quoted(name),
                             "; create it with `pointsman pool create` (PutPool)"),
                    reason::kPoolUnknown, "pool");
}

std::shared_ptr<PoolRuntime> PoolTable::Get(std::string_view name) const {
  const auto map = map_.Get();
  if (const auto it = map->find(name); it != map->end()) return it->second;
  // Pools from before names were normalised have keys as they were given.
  const auto same = std::find_if(map->begin(), map->end(), [&](const Map::value_type& entry) {
    return IsSameName(entry.first, name);
  });
  return same == map->end() ? nullptr : same->second;
}

void PoolTable::Put(std::shared_ptr<PoolRuntime> pool) {
  Map map = *map_.Get();
  map[pool->name()] = std::move(pool);
  map_.Set(std::make_shared<const Map>(std::move(map)));
}

void PoolTable::Remove(std::string_view name) {
  Map map = *map_.Get();
  if (const auto it = map.find(name); it != map.end()) map.erase(it);
  map_.Set(std::make_shared<const Map>(std::move(map)));
}

}  // namespace pointsman::engine
