// The half of PoolRuntime that makes what learners see of a query.
#include <algorithm>
#include <cmath>
#include <utility>

#include "base/strings.h"
#include "domain/names.h"
#include "engine/pool/pool_runtime.h"
#include "engine/request/query_text.h"
#include "engine/request/token_estimate.h"
#include "engine/request/validate.h"

namespace pointsman {
namespace {

constexpr double kFeatureClip = 3;

// What the caller counted, else an estimate of the text.
void CountTokens(const RouteInput& input, QueryContext& context) {
  const TokenEstimate estimate = EstimateTokens(input.query);
  context.input_tokens_at_most = estimate.at_most;
  context.input_tokens = input.input_tokens > 0 ? static_cast<double>(input.input_tokens)
                         : input.constraints.context_tokens > 0
                             ? static_cast<double>(input.constraints.context_tokens)
                             : estimate.expected;
}

}  // namespace

absl::StatusOr<QueryContext> PoolRuntime::MakeContext(const RouteInput& input,
                                                      const PoolSettings& settings) const {
  QueryContext context;
  context.projected = projection_.projected();
  context.z.assign(context.projected + settings.features.size(), 0.0f);
  CountTokens(input, context);

  std::vector<float> embedding = input.embedding;
  if (!embedding.empty()) {
    context.source = ContextSource::kCaller;
    if (embedding.size() != projection_.dimension()) {
      return BadField("embedding", Cat("has ", embedding.size(), " numbers, pool ", Quoted(name_),
                                       " takes ", projection_.dimension()));
    }
    double norm2 = 0;
    for (const float value : embedding) norm2 += static_cast<double>(value) * value;
    if (!std::isfinite(norm2)) return BadField("embedding", "holds NaN, infinite or huge numbers");
    if (norm2 < 1e-24) return BadField("embedding", "has zero norm: it has no direction");
    const auto scale = static_cast<float>(1 / std::sqrt(norm2));
    for (float& value : embedding) value *= scale;
  } else if (!embedder_status_.ok()) {
    return WithReason(FailedPrecondition("pool ", Quoted(name_), " cannot embed queries: ",
                                         ToStd(embedder_status_.message())),
                      reason::kEmbedderUnusable, "query");
  } else if (remote_ != nullptr) {
    if (input.embedded) embedding = *input.embedded;  // else it was not asked for in time
    if (embedding.empty()) context.source = ContextSource::kNone;
  } else if (embedder_ == nullptr) {
    return BadField("embedding", Cat("pool ", Quoted(name_),
                                     " takes vectors from the caller (embedder \"caller\"): send "
                                     "`embedding` instead of `query`"));
  } else {
    embedding.assign(embedder_->dimension(), 0.0f);
    if (IsTooLong(input.query)) {
      embedder_->Embed(EmbeddedPart(input.query), embedding);
    } else {
      embedder_->Embed(input.query, embedding);
    }
  }
  if (!embedding.empty()) projection_.Apply(embedding, {context.z.data(), context.projected});
  for (const float value : context.embedding()) context.is_informative |= value != 0;

  for (const auto& [name, value] : input.features) {
    const auto spec =
        std::find_if(settings.features.begin(), settings.features.end(),
                     [&name = name](const FeatureSpec& f) { return IsSameName(f.name, name); });
    if (spec == settings.features.end()) {
      if (!settings.strict_names) continue;
      return BadField("features", Cat(Quoted(name), " is not declared in the settings of pool ",
                                      Quoted(name_)));
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

std::size_t PoolRuntime::QueryBytesMax() const {
  static const Limits defaults;
  const Limits& limits = remotes_.limits == nullptr ? defaults : remotes_.limits->Get();
  return static_cast<std::size_t>(limits.query_bytes_max);
}

std::string PoolRuntime::EmbeddedPart(std::string_view query) const {
  return HeadAndTail(query, QueryBytesMax());
}

}  // namespace pointsman
