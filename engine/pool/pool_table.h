// The pools that serve, by name. Readers take an immutable version; the log writer replaces it.
// Threads: const methods from any thread; Put and Remove from the log writer.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "base/published.h"
#include "engine/pool/pool_runtime.h"

namespace pointsman::engine {

class PoolTable {
 public:
  using Map = std::map<std::string, std::shared_ptr<PoolRuntime>, std::less<>>;

  PoolTable() : map_(std::make_shared<const Map>()) {}

  // Names are compared as in names.h. Errors: kNotFound POOL_UNKNOWN.
  absl::StatusOr<std::shared_ptr<PoolRuntime>> Find(std::string_view name) const;
  // The same without an error: null if there is none.
  std::shared_ptr<PoolRuntime> Get(std::string_view name) const;
  std::shared_ptr<const Map> all() const { return map_.Get(); }
  void Put(std::shared_ptr<PoolRuntime> pool);
  void Remove(std::string_view name);

 private:
  Published<Map> map_;
};

}  // namespace pointsman::engine
