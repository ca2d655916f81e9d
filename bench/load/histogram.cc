#include "bench/load/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace pointsman::bench {

// Values below 2^kBits have a bucket each; above, the leading kBits + 1 bits choose it.
std::size_t Histogram::BucketOf(uint64_t ns) {
  const int width = static_cast<int>(std::bit_width(ns));
  if (width <= kBits) return ns;
  const int shift = width - kBits - 1;
  return (static_cast<std::size_t>(shift) << kBits) + (ns >> shift);
}

double Histogram::MiddleOf(std::size_t bucket) {
  if (bucket >> kBits <= 1) return static_cast<double>(bucket);
  const auto shift = static_cast<int>((bucket >> kBits) - 1);
  const double low =
      std::ldexp(static_cast<double>(bucket - (static_cast<std::size_t>(shift) << kBits)), shift);
  return low + std::ldexp(0.5, shift);
}

void Histogram::Add(uint64_t ns) {
  buckets_[std::min(BucketOf(ns), kBuckets - 1)].fetch_add(1, std::memory_order_relaxed);
  count_.fetch_add(1, std::memory_order_relaxed);
  uint64_t max = max_.load(std::memory_order_relaxed);
  while (ns > max && !max_.compare_exchange_weak(max, ns, std::memory_order_relaxed)) {
  }
}

void Histogram::Add(const Histogram& other) {
  for (std::size_t i = 0; i < kBuckets; ++i) {
    buckets_[i].fetch_add(other.buckets_[i].load(std::memory_order_relaxed),
                          std::memory_order_relaxed);
  }
  count_.fetch_add(other.count(), std::memory_order_relaxed);
  max_.store(std::max(max_.load(), other.max_.load()), std::memory_order_relaxed);
}

void Histogram::Clear() {
  for (auto& bucket : buckets_) bucket.store(0, std::memory_order_relaxed);
  count_.store(0, std::memory_order_relaxed);
  max_.store(0, std::memory_order_relaxed);
}

double Histogram::PercentileUs(double share) const {
  const uint64_t all = count();
  if (all == 0) return 0;
  const auto wanted = static_cast<uint64_t>(
      std::max(1.0, std::ceil(std::clamp(share, 0.0, 1.0) * static_cast<double>(all))));
  uint64_t seen = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    seen += buckets_[i].load(std::memory_order_relaxed);
    if (seen >= wanted) return std::min(MiddleOf(i) / 1000, MaxUs());
  }
  return MaxUs();
}

}  // namespace pointsman::bench
