#include "engine/pool/query_encoder.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/status_macros.h"
#include "base/strings.h"
#include "domain/names.h"
#include "engine/request/query_text.h"
#include "engine/request/token_estimate.h"
#include "engine/request/validate.h"

namespace pointsman::engine {
namespace {

// OK if an endpoint in the config returns vectors of the model that the pool was made with.
absl::Status CheckRemote(const EmbedderSettings& settings, const Remotes& remotes) {
  const retrieval::RemoteEmbedder* remote =
      remotes.embedders == nullptr ? nullptr : remotes.embedders->Find(settings.endpoint);
  if (remote == nullptr) {
    return FailedPrecondition(
        "the server's config has no embedder ", Quoted(settings.endpoint),
        " under `embedders`; it has: ",
        remotes.embedders == nullptr ? std::string("none") : remotes.embedders->Names());
  }
  if (remote->endpoint().model != settings.model) {
    return FailedPrecondition("embedder ", Quoted(settings.endpoint),
                              " in the config now runs model ", Quoted(remote->endpoint().model),
                              ", but this pool was created with model ", Quoted(settings.model),
                              " and has learned from its vectors; set model ",
                              Quoted(settings.model), " in the config again, or create a new pool");
  }
  return absl::OkStatus();
}

constexpr double kFeatureClip = 3;

// The tokens that the caller counted, otherwise an estimate from the text.
void CountTokens(const RouteInput& input, QueryContext& context) {
  const TokenEstimate estimate = EstimateTokens(input.query);
  context.input_tokens_at_most = estimate.at_most;
  context.input_tokens = input.input_tokens > 0 ? static_cast<double>(input.input_tokens)
                         : input.constraints.context_tokens > 0
                             ? static_cast<double>(input.constraints.context_tokens)
                             : estimate.expected;
}

}  // namespace

absl::StatusOr<QueryEncoder> QueryEncoder::Make(const Pool& pool, const Remotes& remotes) {
  const EmbedderSettings& settings = pool.settings.embedder;
  auto embedder = retrieval::MakeEmbedder(settings);
  if (absl::IsInvalidArgument(embedder.status())) return embedder.status();
  if (settings.name == kRemoteEmbedder) {
    if (auto status = CheckRemote(settings, remotes); !status.ok()) embedder = status;
  }
  auto projection = retrieval::MakeProjection(settings);
  RETURN_IF_ERROR(projection.status());
  return QueryEncoder(pool, std::move(embedder), *std::move(projection), remotes);
}

QueryEncoder::QueryEncoder(const Pool& pool,
                           absl::StatusOr<std::shared_ptr<const retrieval::Embedder>> embedder,
                           retrieval::Projection projection, const Remotes& remotes)
    : pool_(pool.name),
      status_(embedder.status()),
      embedder_(embedder.ok() ? *std::move(embedder) : nullptr),
      remote_(status_.ok() && pool.settings.embedder.name == kRemoteEmbedder
                  ? remotes.embedders->Find(pool.settings.embedder.endpoint)
                  : nullptr),
      remotes_(&remotes),
      projection_(std::move(projection)) {
  if (remote_ != nullptr) remote_->Expect(projection_.dimension());
}

absl::StatusOr<std::vector<float>> QueryEncoder::CallersEmbedding(const RouteInput& input) const {
  std::vector<float> embedding = input.embedding;
  if (embedding.size() != projection_.dimension()) {
    return BadField("embedding", Cat("has ", embedding.size(), " numbers, but pool ", Quoted(pool_),
                                     " expects ", projection_.dimension()));
  }
  double norm2 = 0;
  for (const float value : embedding) norm2 += static_cast<double>(value) * value;
  if (!std::isfinite(norm2)) return BadField("embedding", "holds NaN, infinite or huge numbers");
  if (norm2 < 1e-24) return BadField("embedding", "must not be all zeros");
  const auto scale = static_cast<float>(1 / std::sqrt(norm2));
  for (float& value : embedding) value *= scale;
  return embedding;
}

absl::StatusOr<std::vector<float>> QueryEncoder::Embedding(const RouteInput& input,
                                                           QueryContext& context) const {
  if (!input.embedding.empty()) {
    context.source = ContextSource::kCaller;
    return CallersEmbedding(input);
  }
  if (!status_.ok()) {
    return WithReason(FailedPrecondition("pool ", Quoted(pool_),
                                         " cannot embed queries: ", ToStd(status_.message())),
                      reason::kEmbedderUnusable, "query");
  }
  std::vector<float> embedding;
  if (remote_ != nullptr) {
    if (input.embedded) embedding = *input.embedded;  // otherwise it did not arrive in time
    if (embedding.empty()) context.source = ContextSource::kNone;
    return embedding;
  }
  if (embedder_ == nullptr) {
    return BadField("embedding", Cat("pool ", Quoted(pool_),
                                     " takes vectors from the caller (embedder \"caller\"): send "
                                     "`embedding` instead of `query`"));
  }
  embedding.assign(embedder_->dimension(), 0.0f);
  if (IsTooLong(input.query)) {
    embedder_->Embed(EmbeddedPart(input.query), embedding);
  } else {
    embedder_->Embed(input.query, embedding);
  }
  return embedding;
}

absl::StatusOr<QueryContext> QueryEncoder::Encode(const RouteInput& input,
                                                  const PoolSettings& settings) const {
  QueryContext context;
  context.projected = projection_.projected();
  context.z.assign(context.projected + settings.features.size(), 0.0f);
  CountTokens(input, context);
  std::vector<float> embedding;
  ASSIGN_OR_RETURN(embedding, Embedding(input, context));
  if (!embedding.empty()) projection_.Apply(embedding, {context.z.data(), context.projected});
  for (const float value : context.embedding()) context.is_informative |= value != 0;

  for (const auto& [name, value] : input.features) {
    const auto spec =
        std::find_if(settings.features.begin(), settings.features.end(),
                     [&name = name](const FeatureSpec& f) { return IsSameName(f.name, name); });
    if (spec == settings.features.end()) {
      if (!settings.strict_names) continue;
      return BadField("features", Cat(Quoted(name), " is not declared in the settings of pool ",
                                      Quoted(pool_)));
    }
    const double scaled =
        std::clamp((value - spec->center) / spec->scale, -kFeatureClip, kFeatureClip);
    const auto at = context.projected + static_cast<std::size_t>(spec - settings.features.begin());
    context.z[at] = static_cast<float>(scaled * spec->weight);
  }
  if (context.source == ContextSource::kNone) {
    context.z.clear();
    context.projected = 0;
  }
  return context;
}

std::vector<float> QueryEncoder::Projected(std::span<const float> embedding) const {
  std::vector<float> vector(projection_.projected());
  projection_.Apply(embedding, vector);
  return vector;
}

std::vector<float> QueryEncoder::Describe(std::string_view text) const {
  if (embedder_ == nullptr || text.empty()) return {};
  std::vector<float> embedding(embedder_->dimension());
  embedder_->Embed(text, embedding);
  std::vector<float> description = Projected(embedding);
  const bool is_zero =
      std::all_of(description.begin(), description.end(), [](float value) { return value == 0; });
  return is_zero ? std::vector<float>() : description;
}

std::map<std::string, double> FeaturesOf(const PoolSettings& settings, std::span<const float> z) {
  std::map<std::string, double> features;
  if (z.size() < settings.embedder.projected) return features;
  const auto tail = z.subspan(settings.embedder.projected);
  for (std::size_t i = 0; i < std::min(tail.size(), settings.features.size()); ++i) {
    const FeatureSpec& spec = settings.features[i];
    if (spec.weight == 0) continue;
    features[spec.name] = spec.center + spec.scale * (static_cast<double>(tail[i]) / spec.weight);
  }
  return features;
}

std::size_t QueryEncoder::QueryBytesMax() const {
  static const Limits defaults;
  const Limits& limits = remotes_->limits == nullptr ? defaults : remotes_->limits->Get();
  return static_cast<std::size_t>(limits.query_bytes_max);
}

std::string QueryEncoder::EmbeddedPart(std::string_view query) const {
  return HeadAndTail(query, QueryBytesMax());
}

}  // namespace pointsman::engine
