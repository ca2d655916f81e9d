// Learns a lexicon from text: tokens that occur near the same tokens get similar vectors.
//
// Operation: Add every line (a document: a paragraph, a prompt), then Train once.
//   1. The most frequent tokens by number of lines are the vocabulary.
//   2. Co-occurrence within a line and a window; nearer counts more, very frequent tokens are thinned.
//   3. Positive pointwise mutual information with a smoothed context distribution.
//   4. Truncated singular value decomposition by random projection; row = U sqrt(S).
//   5. Each row times its token's inverse document frequency, quantised to int8.
//   6. The mean unit vector of the corpus's own lines, for every number of dimensions.
// Shapes: see LexiconContent.
// Errors: kInvalidArgument for options out of range; kFailedPrecondition if there is too little text.
// Cost: bounded by the options, whatever the text: 4 bytes per token kept, 16 per pair kept, and the block of
//   counts. The shipped recipe on 12 million tokens: about a minute and 0.7 GB.
// Threads: one owner at a time. Deterministic: same lines and options, same bytes (on one kind of machine).
// Source: Levy and Goldberg 2014 (PPMI and SVD); Levy, Goldberg and Dagan 2015, section 3 (window,
//   subsampling, context smoothing); Halko, Martinsson and Tropp 2011, algorithms 4.4 and 5.1.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "retrieval/embed/lexicon.h"

namespace pointsman::retrieval {

struct LexiconOptions {
  uint32_t dimension = 128;
  uint32_t vocabulary_max = 40000;
  uint32_t lines_least = 3;  // a token in fewer lines is left out
  uint32_t window = 10;      // tokens to each side
  double thinning = 1e-4;    // a token of frequency f is kept with min(1, sqrt(thinning / f))
  double context_smoothing = 0.75;  // power on context frequencies
  uint32_t components = 256;        // of the decomposition; at least `dimension`
  uint32_t power_iterations = 3;
  uint64_t seed = 1;
  // Bounds of memory. Lines beyond `tokens_max` are left out; of pairs, the rarest.
  uint64_t tokens_max = 200'000'000;
  uint64_t pairs_max = 60'000'000;
  uint64_t block_bytes = 512u << 20;  // of co-occurrence counts at a time
};

struct LexiconProgress {
  std::string_view stage;
  double share = 0;  // of the whole training, 0 to 1
};

class LexiconTrainer {
 public:
  static absl::StatusOr<std::unique_ptr<LexiconTrainer>> Make(const LexiconOptions& options);
  ~LexiconTrainer();
  LexiconTrainer(const LexiconTrainer&) = delete;
  LexiconTrainer& operator=(const LexiconTrainer&) = delete;

  // False: the bound on tokens is reached, and this line is left out.
  bool Add(std::string_view line);
  uint64_t lines() const;
  uint64_t tokens() const;

  // The trainer cannot be used afterwards. `note` goes into the file as it is.
  absl::StatusOr<LexiconContent> Train(std::string note,
                                       const std::function<void(const LexiconProgress&)>& show);

 private:
  class Impl;
  explicit LexiconTrainer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace pointsman::retrieval
