// Orders and draws that follow from a seed.
// Threads: pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace pointsman::evaluation {

// The first `count` of the numbers 0 to size - 1 shuffled by the seed (Fisher and Yates).
std::vector<std::size_t> Shuffled(std::size_t size, std::size_t count, uint64_t seed);

}  // namespace pointsman::evaluation
