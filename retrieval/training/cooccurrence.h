// Which tokens of a vocabulary occur near which others, as positive pointwise mutual information.
// Shapes: a corpus is token ids 0 .. v-1, line after line; the matrix is v by v in compressed rows.
// Cost: one pass over the corpus per block of rows, 2 * window steps per token in all; memory is the block
//   and 8 bytes per pair kept.
// Threads: plain values and pure functions.
// Source: Levy, Goldberg and Dagan 2015, "Improving distributional similarity with lessons learned
//   from word embeddings", section 3.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace pointsman::retrieval {

struct Corpus {
  std::vector<uint32_t> tokens;  // all lines, one after the other
  std::vector<uint64_t> ends;    // of each line, as an index into `tokens`
};

struct SparseMatrix {
  std::vector<uint64_t> starts;  // v + 1; row r is [starts[r], starts[r+1])
  std::vector<uint32_t> columns;
  std::vector<float> values;
};

struct CooccurrenceOptions {
  uint32_t vocabulary = 0;
  uint32_t window = 10;
  double context_smoothing = 0.75;
  uint64_t pairs_max = 0;
  uint64_t block_bytes = 0;
};

// `show` gets the share done, 0 to 1.
SparseMatrix PositiveMutualInformation(const Corpus& corpus, const CooccurrenceOptions& options,
                                       const std::function<void(double)>& show);

}  // namespace pointsman::retrieval
