// What queries are like in general: a sample against which the similarity of a query and a description is judged.
// It is a sample of short questions on many subjects that ships. Where the server cannot embed that itself, with a
// remote embedder, it is the pool's own past queries once there are 64 of them, renewed each time their number has
// doubled.
// Threads: from one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace pointsman::engine {

// The sample that ships.
std::span<const std::string_view> GeneralQueries();

class QueryBackground {
 public:
  // Notes a past query's vector. Returns whether the sample is due to be renewed.
  bool Add(std::span<const float> embedding);
  // The newest past queries, at most 256.
  const std::vector<std::vector<float>>& newest() const { return newest_; }

 private:
  std::vector<std::vector<float>> newest_;
  uint64_t count_ = 0;
};

}  // namespace pointsman::engine
