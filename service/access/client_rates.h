// How much each client may ask a second: a token bucket a client.
//   A client that was silent may ask a burst at once; then as much a second as the rate says.
// Memory: 65,536 clients at most; who was silent the longest is forgotten first, and may then ask a
//   burst anew.
// Cost: one lock and a look-up.
// Threads: any.
#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/mutex.h"
#include "domain/types.h"

namespace pointsman {

class ClientRates {
 public:
  explicit ClientRates(std::size_t clients_max = 65536) : clients_max_(clients_max) {}

  struct Rate {
    int64_t per_second = 0;  // above 0
    int64_t burst = 0;       // what a full bucket holds
  };
  // Takes `items` from the client's bucket. Nothing: it may go on; else how long it has to wait, and
  // nothing was taken. A call of more items than a burst is let in when the bucket is full, and leaves it in
  // debt.
  std::optional<Micros> Take(std::string_view client, int64_t items, Rate rate, Micros now);

 private:
  struct Bucket {
    std::string client;
    double level = 0;  // items it may ask; below 0: in debt
    Micros at = 0;     // when that was so
  };
  Bucket& Find(std::string_view client, double full, Micros now) REQUIRES_LOCK(mutex_);

  const std::size_t clients_max_;
  Mutex mutex_;
  std::list<Bucket> buckets_ GUARDED_BY(mutex_);  // who asked last stands first
  // Keys look into the bucket's own name.
  std::unordered_map<std::string_view, std::list<Bucket>::iterator> by_client_ GUARDED_BY(mutex_);
};

}  // namespace pointsman
