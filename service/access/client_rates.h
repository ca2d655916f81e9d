// Limits the rate of each client, with one token bucket per client.
//   A client that has been idle may send a burst at once, and then as much per second as the rate allows.
// Memory: 65,536 clients at most. The client that has been idle for the longest time is dropped first; it may
//   then send a burst again.
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

namespace pointsman::service {

class ClientRates {
 public:
  explicit ClientRates(std::size_t clients_max = 65536) : clients_max_(clients_max) {}

  struct Rate {
    int64_t per_second = 0;  // above 0
    int64_t burst = 0;       // size of a full bucket
  };
  // Takes `items` from the client's bucket. Returns nothing if the client may proceed; otherwise takes
  // nothing and returns how long the client has to wait. A call with more items than a burst is admitted when
  // the bucket is full, and leaves the bucket in debt.
  std::optional<Micros> Take(std::string_view client, int64_t items, Rate rate, Micros now);

 private:
  struct Bucket {
    std::string client;
    double level = 0;  // items that it may send; below 0: in debt
    Micros at = 0;     // time of `level`
  };
  Bucket& Find(std::string_view client, double full, Micros now) REQUIRES_LOCK(mutex_);

  const std::size_t clients_max_;
  Mutex mutex_;
  std::list<Bucket> buckets_ GUARDED_BY(mutex_);  // most recent client first
  // Keys point into the bucket's own name.
  std::unordered_map<std::string_view, std::list<Bucket>::iterator> by_client_ GUARDED_BY(mutex_);
};

}  // namespace pointsman::service
