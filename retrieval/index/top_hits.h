// The k best hits of a scan. Order: similarity descending, ties by key, in the direction that `Ties` says.
// Operation: hits are collected until there are twice k; then all but the best k are dropped. A hit is one
//   integer that sorts as hits do, because a scan compares far more hits than it keeps.
// Cost: O(1) a hit on average; allocates once.
// Threads: a value; one owner at a time.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <vector>

namespace pointsman::retrieval {

struct Hit {
  float similarity = 0;
  uint32_t key = 0;  // breaks ties
};

enum class Ties : uint8_t { kSmallerKeyFirst, kLargerKeyFirst };

class TopHits {
 public:
  explicit TopHits(std::size_t k, Ties ties = Ties::kSmallerKeyFirst)
      : k_(k), flip_(ties == Ties::kSmallerKeyFirst ? ~uint32_t{0} : 0) {
    hits_.reserve(Room());
  }

  // Whether a hit of that similarity may be among the best; false for NaN.
  bool Wants(float similarity) const { return similarity >= worst_; }

  void Add(const Hit& hit) {
    if (!Wants(hit.similarity)) return;
    if (hits_.size() == Room()) DropAllButBest();
    hits_.push_back(Pack(hit));
  }

  void Clear() {
    hits_.clear();
    worst_ = kLeast;
  }
  std::size_t size() const { return std::min(k_, hits_.size()); }

  // The hits, best first.
  std::vector<Hit> Sorted() {
    DropAllButBest();
    std::sort(hits_.begin(), hits_.end(), std::greater<>());
    std::vector<Hit> sorted;
    sorted.reserve(hits_.size());
    for (const uint64_t packed : hits_) sorted.push_back(Unpack(packed));
    return sorted;
  }

 private:
  static constexpr float kLeast = -std::numeric_limits<float>::infinity();
  static constexpr uint32_t kSign = 0x80000000;

  // Floats as unsigned integers in the same order: positive ones above, negative ones reversed.
  uint64_t Pack(const Hit& hit) const {
    const auto bits = std::bit_cast<uint32_t>(hit.similarity + 0.0f);  // -0 becomes 0
    const uint32_t ordered = (bits & kSign) != 0 ? ~bits : bits | kSign;
    return uint64_t{ordered} << 32 | (hit.key ^ flip_);
  }
  Hit Unpack(uint64_t packed) const {
    const auto ordered = static_cast<uint32_t>(packed >> 32);
    const uint32_t bits = (ordered & kSign) != 0 ? ordered & ~kSign : ~ordered;
    return {std::bit_cast<float>(bits), static_cast<uint32_t>(packed) ^ flip_};
  }
  std::size_t Room() const { return 2 * k_ + 1; }

  void DropAllButBest() {
    if (k_ == 0) hits_.clear();
    if (hits_.size() <= k_) return;
    const auto last = hits_.begin() + static_cast<std::ptrdiff_t>(k_ - 1);
    std::nth_element(hits_.begin(), last, hits_.end(), std::greater<>());
    worst_ = Unpack(*last).similarity;
    hits_.resize(k_);
  }

  const std::size_t k_;
  const uint32_t flip_;
  std::vector<uint64_t> hits_;
  float worst_ = kLeast;  // of the best k, as of the last drop
};

}  // namespace pointsman::retrieval
