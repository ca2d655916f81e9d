#include "retrieval/training/lexicon_trainer.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "base/rng.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "retrieval/embed/text_tokens.h"
#include "retrieval/training/cooccurrence.h"
#include "retrieval/training/truncated_svd.h"

namespace pointsman::retrieval {
namespace {

constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();
constexpr uint32_t kDistinctMax = 1 << 23;  // distinct tokens: later ones are left out
constexpr uint64_t kMeanLinesMax = 100000;  // evenly spread lines that make the means

using Show = std::function<void(const LexiconProgress&)>;

// Progress of one stage as a part of the whole: each stage has an expected part of the time.
std::function<void(double)> Stage(const Show& show, std::string_view name, double from, double to) {
  return [=, &show](double share) { show({name, from + (to - from) * share}); };
}

}  // namespace

class LexiconTrainer::Impl {
 public:
  explicit Impl(const LexiconOptions& options) : options_(options) {}

  bool Add(std::string_view line) {
    Tokenize(line, scratch_);
    if (corpus_.tokens.size() + scratch_.size() > options_.tokens_max) return false;
    const auto line_number = static_cast<uint32_t>(corpus_.ends.size());
    for (const uint64_t key : scratch_) {
      auto found = ids_.find(key);
      if (found == ids_.end()) {
        if (keys_.size() == kDistinctMax) continue;
        found = ids_.emplace(key, static_cast<uint32_t>(keys_.size())).first;
        keys_.push_back(key);
        lines_with_.push_back(0);
        last_line_.push_back(kNone);
      }
      const uint32_t id = found->second;
      if (last_line_[id] != line_number) ++lines_with_[id];
      last_line_[id] = line_number;
      corpus_.tokens.push_back(id);
    }
    corpus_.ends.push_back(corpus_.tokens.size());
    return true;
  }

  absl::StatusOr<LexiconContent> Train(std::string note, const Show& show) {
    ChooseVocabulary();
    if (vocabulary_.size() < std::max(options_.dimension, 2u)) {
      return FailedPrecondition(
          "there is too little text: ", vocabulary_.size(), " tokens occur in at least ",
          options_.lines_least, " lines, and ", options_.dimension,
          " dimensions need at least as many; give more text or ask for fewer "
          "dimensions");
    }
    const SparseMatrix matrix =
        PositiveMutualInformation(Thinned(),
                                  {.vocabulary = static_cast<uint32_t>(vocabulary_.size()),
                                   .window = options_.window,
                                   .context_smoothing = options_.context_smoothing,
                                   .pairs_max = options_.pairs_max,
                                   .block_bytes = options_.block_bytes},
                                  Stage(show, "counting pairs", 0, 0.2));
    const TruncatedSvd svd =
        DecomposeTruncated(matrix, options_.components, options_.power_iterations, options_.seed,
                           Stage(show, "decomposing", 0.2, 0.95));
    LexiconContent content;
    content.dimension = options_.dimension;
    content.note = std::move(note);
    Quantise(svd, content);
    Average(content, Stage(show, "averaging lines", 0.95, 1));
    SortByKey(content);
    return content;
  }

  uint64_t lines() const { return corpus_.ends.size(); }
  uint64_t tokens() const { return corpus_.tokens.size(); }

 private:
  // Ids become ranks in the vocabulary, kNone outside of it.
  void ChooseVocabulary() {
    for (uint32_t id = 0; id < keys_.size(); ++id) {
      if (lines_with_[id] >= options_.lines_least) vocabulary_.push_back(id);
    }
    std::sort(vocabulary_.begin(), vocabulary_.end(), [&](uint32_t a, uint32_t b) {
      return lines_with_[a] != lines_with_[b] ? lines_with_[a] > lines_with_[b] : a < b;
    });
    if (vocabulary_.size() > options_.vocabulary_max) vocabulary_.resize(options_.vocabulary_max);
    std::vector<uint32_t> ranks(keys_.size(), kNone);
    for (uint32_t rank = 0; rank < vocabulary_.size(); ++rank) ranks[vocabulary_[rank]] = rank;
    for (uint32_t& token : corpus_.tokens) token = ranks[token];
  }

  // The corpus in vocabulary ids, with frequent tokens dropped at random.
  Corpus Thinned() const {
    std::vector<uint64_t> counts(vocabulary_.size());
    uint64_t total = 0;
    for (const uint32_t token : corpus_.tokens) {
      if (token == kNone) continue;
      ++counts[token];
      ++total;
    }
    std::vector<double> kept_share(counts.size());
    for (std::size_t i = 0; i < counts.size(); ++i) {
      const double frequency = static_cast<double>(counts[i]) / static_cast<double>(total);
      kept_share[i] = std::sqrt(options_.thinning / frequency);
    }
    Rng rng(options_.seed);
    Corpus thinned;
    uint64_t at = 0;
    for (const uint64_t end : corpus_.ends) {
      for (; at < end; ++at) {
        const uint32_t token = corpus_.tokens[at];
        if (token == kNone || (kept_share[token] < 1 && rng.Uniform() >= kept_share[token]))
          continue;
        thinned.tokens.push_back(token);
      }
      thinned.ends.push_back(thinned.tokens.size());
    }
    return thinned;
  }

  void Quantise(const TruncatedSvd& svd, LexiconContent& content) const {
    const auto d = static_cast<Eigen::Index>(options_.dimension);
    const Eigen::VectorXf roots = svd.s.head(d).cwiseSqrt();
    const double lines = 1 + static_cast<double>(corpus_.ends.size());
    for (std::size_t i = 0; i < vocabulary_.size(); ++i) {
      const double idf = std::log(lines / (1.0 + lines_with_[vocabulary_[i]])) + 1;
      const Eigen::VectorXf row =
          static_cast<float>(idf) *
          svd.u.row(static_cast<Eigen::Index>(i)).head(d).transpose().cwiseProduct(roots);
      const float scale = row.cwiseAbs().maxCoeff() / 127;
      content.keys.push_back(keys_[vocabulary_[i]]);
      content.scales.push_back(scale);
      for (const float value : row) {
        content.codes.push_back(static_cast<int8_t>(scale > 0 ? std::lround(value / scale) : 0));
      }
    }
  }

  void Average(LexiconContent& content, const std::function<void(double)>& show) const {
    const std::size_t d = content.dimension;
    std::vector<double> sums(d * (d + 1) / 2);
    const uint64_t stride = (corpus_.ends.size() + kMeanLinesMax - 1) / kMeanLinesMax;
    uint64_t count = 0;
    for (std::size_t line = 0; line < corpus_.ends.size(); line += stride) {
      const std::vector<double> vector = LineVector(content, line);
      double squares = 0;
      auto sum = sums.begin();
      bool is_known = false;
      for (std::size_t prefix = 1; prefix <= d; ++prefix) {
        squares += vector[prefix - 1] * vector[prefix - 1];
        const double scale = squares > 0 ? 1 / std::sqrt(squares) : 0;
        is_known |= scale > 0;
        for (std::size_t i = 0; i < prefix; ++i) *sum++ += scale * vector[i];
      }
      count += is_known ? 1 : 0;
      if (line / stride % 4096 == 0)
        show(static_cast<double>(line) / static_cast<double>(corpus_.ends.size()));
    }
    for (const double sum : sums) {
      content.means.push_back(count == 0 ? 0
                                         : static_cast<float>(sum / static_cast<double>(count)));
    }
    show(1);
  }

  // The line's sum as the embedder computes it, before it is scaled.
  std::vector<double> LineVector(const LexiconContent& content, std::size_t line) const {
    const std::size_t d = content.dimension;
    std::vector<uint32_t> tokens(
        corpus_.tokens.begin() +
            static_cast<std::ptrdiff_t>(line == 0 ? 0 : corpus_.ends[line - 1]),
        corpus_.tokens.begin() + static_cast<std::ptrdiff_t>(corpus_.ends[line]));
    std::sort(tokens.begin(), tokens.end());
    std::vector<double> sum(d);
    for (std::size_t i = 0; i < tokens.size() && tokens[i] != kNone;) {
      std::size_t same = i;
      while (same < tokens.size() && tokens[same] == tokens[i]) ++same;
      const double weight =
          (1 + std::log(static_cast<double>(same - i))) * content.scales[tokens[i]];
      for (std::size_t j = 0; j < d; ++j) sum[j] += weight * content.codes[tokens[i] * d + j];
      i = same;
    }
    return sum;
  }

  void SortByKey(LexiconContent& content) const {
    const std::size_t d = content.dimension;
    std::vector<std::size_t> order(content.keys.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(),
              [&](std::size_t a, std::size_t b) { return content.keys[a] < content.keys[b]; });
    LexiconContent sorted;
    for (const std::size_t i : order) {
      sorted.keys.push_back(content.keys[i]);
      sorted.scales.push_back(content.scales[i]);
      const auto row = content.codes.begin() + static_cast<std::ptrdiff_t>(i * d);
      sorted.codes.insert(sorted.codes.end(), row, row + static_cast<std::ptrdiff_t>(d));
    }
    content.keys = std::move(sorted.keys);
    content.scales = std::move(sorted.scales);
    content.codes = std::move(sorted.codes);
  }

  const LexiconOptions options_;
  std::vector<uint64_t> scratch_;
  absl::flat_hash_map<uint64_t, uint32_t> ids_;  // by key; never iterated
  std::vector<uint64_t> keys_;                   // by id, in order of first sight
  std::vector<uint32_t> lines_with_;             // by id
  std::vector<uint32_t> last_line_;              // by id
  Corpus corpus_;                                // ids, then ranks in the vocabulary
  std::vector<uint32_t> vocabulary_;             // ids by rank
};

absl::StatusOr<std::unique_ptr<LexiconTrainer>> LexiconTrainer::Make(
    const LexiconOptions& options) {
  const auto between = [](std::string_view name, double value, double least, double most) {
    return value >= least && value <= most
               ? absl::OkStatus()
               : InvalidArgument(name, " is ", value, "; it must be from ", least, " to ", most);
  };
  RETURN_IF_ERROR(between("dimension", options.dimension, 1, Lexicon::kDimensionMax));
  RETURN_IF_ERROR(between("vocabulary", options.vocabulary_max, 2, 1 << 20));
  RETURN_IF_ERROR(between("window", options.window, 1, 100));
  RETURN_IF_ERROR(between("thinning", options.thinning, 1e-9, 1));
  RETURN_IF_ERROR(between("context smoothing", options.context_smoothing, 0, 1));
  RETURN_IF_ERROR(between("components", options.components, options.dimension, 2048));
  RETURN_IF_ERROR(between("power iterations", options.power_iterations, 0, 20));
  return std::unique_ptr<LexiconTrainer>(new LexiconTrainer(std::make_unique<Impl>(options)));
}

LexiconTrainer::LexiconTrainer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LexiconTrainer::~LexiconTrainer() = default;
bool LexiconTrainer::Add(std::string_view line) { return impl_->Add(line); }
uint64_t LexiconTrainer::lines() const { return impl_->lines(); }
uint64_t LexiconTrainer::tokens() const { return impl_->tokens(); }
absl::StatusOr<LexiconContent> LexiconTrainer::Train(std::string note, const Show& show) {
  return impl_->Train(std::move(note), show);
}

}  // namespace pointsman::retrieval
