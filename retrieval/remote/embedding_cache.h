// The vectors of recently embedded texts; the least recently used is dropped first.
// Operation: keyed by 128 bits of a keyed hash (SipHash-2-4 under two keys) of the text. So the texts
//   themselves are not kept, and nobody without the key can make two texts collide.
// Cost: O(1) hashing and look-up; bytes_max of vectors, including about 150 bytes of overhead per entry.
// Threads: one owner, or under the owner's lock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "base/siphash.h"

namespace pointsman::retrieval {

// Unit norm; shared, never changed.
using Embedding = std::shared_ptr<const std::vector<float>>;

struct TextKey {
  uint64_t high = 0, low = 0;
  // NOLINTNEXTLINE(modernize-use-nullptr): clang-tidy means the 0 that the comparison is compared with.
  friend auto operator<=>(const TextKey&, const TextKey&) = default;
};
TextKey KeyOf(SipKey key, std::string_view text);

class EmbeddingCache {
 public:
  explicit EmbeddingCache(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  Embedding Find(TextKey key);  // null: not there
  void Put(TextKey key, Embedding embedding);
  std::size_t size() const { return entries_.size(); }
  std::size_t bytes() const { return bytes_; }

 private:
  using Order = std::list<std::pair<TextKey, Embedding>>;  // newest first
  static std::size_t BytesOf(const Embedding& embedding);

  const std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  Order order_;
  std::map<TextKey, Order::iterator> entries_;
};

}  // namespace pointsman::retrieval
