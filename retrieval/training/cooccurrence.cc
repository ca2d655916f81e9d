#include "retrieval/training/cooccurrence.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace pointsman::retrieval {
namespace {

// Counts pairs in whole numbers, so that sums do not depend on order. A pair at distance o adds
// window + 1 - o.
class PairCounter {
 public:
  PairCounter(const Corpus& corpus, const CooccurrenceOptions& options)
      : corpus_(corpus),
        options_(options),
        block_rows_(static_cast<uint32_t>(std::clamp<uint64_t>(
            options.block_bytes / (sizeof(uint32_t) * options.vocabulary), 1, options.vocabulary))),
        block_(std::size_t{block_rows_} * options.vocabulary) {
    starts_.push_back(0);
  }

  void CountAll(const std::function<void(double)>& show) {
    for (uint32_t first = 0; first < options_.vocabulary; first += block_rows_) {
      const uint32_t end = std::min(options_.vocabulary, first + block_rows_);
      std::fill(block_.begin(), block_.end(), 0);
      CountBlock(first, end);
      TakeBlock(first, end);
      show(static_cast<double>(end) / options_.vocabulary);
    }
  }

  std::vector<uint64_t> starts_;
  std::vector<uint32_t> columns_;
  std::vector<uint32_t> counts_;

 private:
  void CountBlock(uint32_t first, uint32_t end) {
    uint64_t begin = 0;
    for (const uint64_t line_end : corpus_.ends) {
      for (uint64_t at = begin; at < line_end; ++at) {
        const uint32_t token = corpus_.tokens[at];
        if (token < first || token >= end) continue;
        uint32_t* row = block_.data() + std::size_t{token - first} * options_.vocabulary;
        const uint64_t from = at - std::min<uint64_t>(at - begin, options_.window);
        const uint64_t to = std::min<uint64_t>(line_end, at + options_.window + 1);
        for (uint64_t i = from; i < to; ++i) {
          const uint64_t distance = i < at ? at - i : i - at;
          if (distance != 0)
            row[corpus_.tokens[i]] += options_.window + 1 - static_cast<uint32_t>(distance);
        }
      }
      begin = line_end;
    }
  }

  void TakeBlock(uint32_t first, uint32_t end) {
    for (uint32_t r = first; r < end; ++r) {
      const uint32_t* row = block_.data() + std::size_t{r - first} * options_.vocabulary;
      for (uint32_t c = 0; c < options_.vocabulary; ++c) {
        if (row[c] < least_) continue;
        columns_.push_back(c);
        counts_.push_back(row[c]);
      }
      starts_.push_back(columns_.size());
      while (columns_.size() > options_.pairs_max) DropRarest();
    }
  }

  // Raises the least count for all pairs alike. The counts are symmetric, so what is left is symmetric too.
  void DropRarest() {
    ++least_;
    uint64_t to = 0, at = 0;
    for (std::size_t r = 1; r < starts_.size(); ++r) {
      for (; at < starts_[r]; ++at) {
        if (counts_[at] < least_) continue;
        columns_[to] = columns_[at];
        counts_[to++] = counts_[at];
      }
      starts_[r] = to;
    }
    columns_.resize(to);
    counts_.resize(to);
  }

  const Corpus& corpus_;
  const CooccurrenceOptions& options_;
  const uint32_t block_rows_;
  std::vector<uint32_t> block_;
  uint32_t least_ = 1;
};

}  // namespace

SparseMatrix PositiveMutualInformation(const Corpus& corpus, const CooccurrenceOptions& options,
                                       const std::function<void(double)>& show) {
  PairCounter counter(corpus, options);
  counter.CountAll(show);
  const uint32_t v = options.vocabulary;
  std::vector<double> sums(v), log_context(v);
  double smoothed_total = 0;
  for (uint32_t r = 0; r < v; ++r) {
    for (uint64_t i = counter.starts_[r]; i < counter.starts_[r + 1]; ++i) {
      sums[r] += counter.counts_[i];
    }
    smoothed_total += std::pow(sums[r], options.context_smoothing);
  }
  for (uint32_t c = 0; c < v; ++c) {
    log_context[c] = options.context_smoothing * std::log(sums[c]) - std::log(smoothed_total);
  }
  SparseMatrix matrix;
  matrix.starts = {0};
  for (uint32_t r = 0; r < v; ++r) {
    const double log_row = std::log(sums[r]);
    for (uint64_t i = counter.starts_[r]; i < counter.starts_[r + 1]; ++i) {
      const uint32_t c = counter.columns_[i];
      const double information =
          std::log(static_cast<double>(counter.counts_[i])) - log_row - log_context[c];
      if (!(information > 0)) continue;
      matrix.columns.push_back(c);
      matrix.values.push_back(static_cast<float>(information));
    }
    matrix.starts.push_back(matrix.columns.size());
  }
  return matrix;
}

}  // namespace pointsman::retrieval
