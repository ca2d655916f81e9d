// The k best hits of a scan, kept in a bounded heap. Order: similarity descending, ties by key.
// Cost: O(1) for a hit that is not among the best, else O(log k); allocates once.
// Threads: a value; one owner at a time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace pointsman {

struct Hit {
  float similarity = 0;
  uint64_t key = 0;     // breaks ties, smaller first
  uint32_t source = 0;  // where the caller finds it again
  uint32_t row = 0;
};

class TopHits {
 public:
  explicit TopHits(std::size_t k) : k_(k) {}

  // Whether a hit of that similarity may be among the best; false for NaN.
  bool Wants(float similarity) const {
    return hits_.size() < k_ ? similarity == similarity
                             : k_ > 0 && similarity >= hits_.front().similarity;
  }

  void Add(const Hit& hit) {
    if (!Wants(hit.similarity)) return;
    if (hits_.size() == k_) {
      if (!IsBetter(hit, hits_.front())) return;
      std::pop_heap(hits_.begin(), hits_.end(), IsBetter);
      hits_.back() = hit;
    } else {
      hits_.push_back(hit);
    }
    std::push_heap(hits_.begin(), hits_.end(), IsBetter);
  }

  void Clear() { hits_.clear(); }
  std::size_t size() const { return hits_.size(); }

  // The hits, best first; the heap is spent.
  const std::vector<Hit>& Sorted() {
    std::sort_heap(hits_.begin(), hits_.end(), IsBetter);
    return hits_;
  }

 private:
  static bool IsBetter(const Hit& a, const Hit& b) {
    return a.similarity != b.similarity ? a.similarity > b.similarity : a.key < b.key;
  }

  std::size_t k_;
  std::vector<Hit> hits_;  // a heap with the worst in front
};

}  // namespace pointsman
