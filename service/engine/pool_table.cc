#include "service/engine/pool_table.h"

#include "base/strings.h"
#include "service/engine/requests.h"

namespace pointsman {

absl::StatusOr<std::shared_ptr<PoolRuntime>> PoolTable::Find(std::string_view name) const {
  const auto map = map_.Get();
  const std::string_view wanted = name.empty() ? std::string_view("default") : name;
  const auto it = map->find(wanted);
  if (it == map->end()) {
    return WithReason(NotFound("there is no pool ", Quoted(wanted), "; make it with PutPool"),
                      reason::kPoolUnknown, "pool");
  }
  return it->second;
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

}  // namespace pointsman
