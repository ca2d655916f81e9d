#include "evaluation/data/shuffled.h"

#include <numeric>
#include <utility>

#include "base/rng.h"

namespace pointsman::evaluation {

std::vector<std::size_t> Shuffled(std::size_t size, std::size_t count, uint64_t seed) {
  std::vector<std::size_t> order(size);
  std::iota(order.begin(), order.end(), std::size_t{0});
  Rng rng(seed);
  for (std::size_t i = size; i > 1; --i) std::swap(order[i - 1], order[rng.Below(i)]);
  order.resize(count);
  return order;
}

}  // namespace pointsman::evaluation
