#include "service/access/client_rates.h"

#include <algorithm>
#include <cmath>

namespace pointsman::service {

std::optional<Micros> ClientRates::Take(std::string_view client, int64_t items, Rate rate,
                                        Micros now) {
  const auto full = static_cast<double>(rate.burst);
  const auto per_second = static_cast<double>(rate.per_second);
  MutexLock lock(mutex_);
  Bucket& bucket = Find(client, full, now);
  const double seconds =
      static_cast<double>(std::max<Micros>(now - bucket.at, 0)) / kMicrosPerSecond;
  bucket.level = std::min(full, bucket.level + per_second * seconds);
  bucket.at = now;
  const double needed = std::min(static_cast<double>(items), full);
  if (bucket.level < needed) {
    return static_cast<Micros>(std::ceil((needed - bucket.level) / per_second * kMicrosPerSecond));
  }
  bucket.level -= static_cast<double>(items);
  return std::nullopt;
}

ClientRates::Bucket& ClientRates::Find(std::string_view client, double full, Micros now) {
  const auto known = by_client_.find(client);
  if (known != by_client_.end()) {
    buckets_.splice(buckets_.begin(), buckets_, known->second);
    return buckets_.front();
  }
  if (buckets_.size() >= clients_max_) {
    by_client_.erase(buckets_.back().client);
    buckets_.pop_back();
  }
  buckets_.push_front({std::string(client), full, now});
  by_client_.emplace(buckets_.front().client, buckets_.begin());
  return buckets_.front();
}

}  // namespace pointsman::service
