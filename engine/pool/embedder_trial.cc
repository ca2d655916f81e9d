#include "engine/pool/embedder_trial.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace pointsman::engine {
namespace {

class EmbedderTrial : public std::enable_shared_from_this<EmbedderTrial> {
 public:
  EmbedderTrial(retrieval::RemoteEmbedder& embedder, std::vector<std::string> texts,
                std::function<void(absl::StatusOr<EmbedderFigures>)> done)
      : embedder_(embedder), texts_(std::move(texts)), done_(std::move(done)) {}

  void Next() {
    if (seconds_.size() > texts_.size()) return End();
    const bool is_last = seconds_.size() == texts_.size();
    std::vector<std::string> texts =
        is_last ? texts_ : std::vector<std::string>{texts_[seconds_.size()]};
    embedder_.Try(std::move(texts), [self = shared_from_this()](
                                        absl::StatusOr<retrieval::RemoteEmbedder::Trial> trial) {
      if (!trial.ok()) return self->done_(trial.status());
      self->seconds_.push_back(trial->seconds);
      self->last_ = *std::move(trial);
      self->Next();
    });
  }

 private:
  void End() {
    EmbedderFigures figures;
    figures.endpoint = embedder_.endpoint().name;
    figures.model = embedder_.endpoint().model;
    figures.usd_per_1m_tokens = embedder_.endpoint().usd_per_1m_tokens;
    figures.dimension = static_cast<uint32_t>(last_.embeddings.front()->size());
    const auto count = static_cast<double>(texts_.size());
    figures.batch_ms_each = seconds_.back() * 1000 / count;
    figures.tokens_each = static_cast<double>(last_.tokens) / count;
    seconds_.pop_back();
    const auto middle = seconds_.begin() + static_cast<std::ptrdiff_t>(seconds_.size() / 2);
    std::nth_element(seconds_.begin(), middle, seconds_.end());
    figures.latency_ms = *middle * 1000;
    done_(figures);
  }

  retrieval::RemoteEmbedder& embedder_;
  const std::vector<std::string> texts_;
  const std::function<void(absl::StatusOr<EmbedderFigures>)> done_;
  std::vector<double> seconds_;  // of each call that ended
  retrieval::RemoteEmbedder::Trial last_;
};

}  // namespace

void TryEmbedder(retrieval::RemoteEmbedder& embedder, std::vector<std::string> texts,
                 std::function<void(absl::StatusOr<EmbedderFigures>)> done) {
  std::make_shared<EmbedderTrial>(embedder, std::move(texts), std::move(done))->Next();
}

}  // namespace pointsman::engine
