// Latencies in buckets of equal relative width, as in HdrHistogram: 128 per doubling, so every percentile is
// exact to 0.8% from 128 ns to centuries, for any number of values.
// Shapes: values are nanoseconds.
// Cost: Add is one atomic addition; 57 KB.
// Threads: Add from any number of threads; reads see the values added before.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace pointsman::bench {

class Histogram {
 public:
  void Add(uint64_t ns);
  void Add(const Histogram& other);
  void Clear();

  uint64_t count() const { return count_.load(std::memory_order_relaxed); }
  // The value below which a share of all values lies, in microseconds; 0 if there is none.
  double PercentileUs(double share) const;
  double MaxUs() const { return static_cast<double>(max_.load(std::memory_order_relaxed)) / 1000; }

 private:
  static constexpr int kBits = 7;
  static constexpr std::size_t kBuckets = std::size_t{64 - kBits + 1} << kBits;

  static std::size_t BucketOf(uint64_t ns);
  static double MiddleOf(std::size_t bucket);

  std::array<std::atomic<uint64_t>, kBuckets> buckets_{};
  std::atomic<uint64_t> count_ = 0;
  std::atomic<uint64_t> max_ = 0;
};

}  // namespace pointsman::bench
