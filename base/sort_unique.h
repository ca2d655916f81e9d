// Sorts a vector's values and drops repeated ones.
// Threads: pure.
#pragma once

#include <algorithm>

namespace pointsman {

template <class Values>
void SortUnique(Values& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

}  // namespace pointsman
