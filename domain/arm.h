// What people configure: arms and pools. Learned figures are in learners/.
// Threads: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/types.h"

namespace pointsman {

enum class ArmStatus : uint8_t { kActive = 1, kPaused = 2, kRemoved = 3 };

// Prices of calls with more than this many input tokens. A price that is absent stays the arm's.
struct PriceTier {
  int64_t above_input_tokens = 0;
  std::optional<double> usd_per_1m_input;
  std::optional<double> usd_per_1m_output;
  std::optional<double> usd_per_1m_cached_input;
  friend bool operator==(const PriceTier&, const PriceTier&) = default;
};

struct Arm {
  ArmId id{};
  std::string name;
  std::string description;
  std::vector<std::string> tags;
  std::optional<double> usd_per_1m_input;
  std::optional<double> usd_per_1m_output;
  int64_t context_tokens_max = 0;  // 0: no limit known
  // The operator's prior, and how many outcomes it counts as.
  std::optional<double> prior_quality;
  double prior_strength = 0;
  std::optional<double> prior_latency_ms;
  std::optional<double> prior_output_tokens;
  ArmStatus status = ArmStatus::kActive;
  std::optional<double> usd_per_request = {};
  std::optional<double> usd_per_1m_cached_input = {};  // absent: the price of other input
  std::vector<PriceTier> price_tiers = {};             // ascending by above_input_tokens
  int64_t output_tokens_max = 0;                       // of one answer; 0: no limit known
  std::string version = {};               // which model answers under the name; empty: not given
  std::vector<std::string> aliases = {};  // other names of this arm
  friend bool operator==(const Arm&, const Arm&) = default;
};

// A named number from the caller. It enters the context as (value - center) / scale, clipped to [-3, 3],
// times `weight`; as 0 if the request lacks it.
struct FeatureSpec {
  std::string name;
  double center = 0;
  double scale = 1;
  double weight = 0.3;
  friend bool operator==(const FeatureSpec&, const FeatureSpec&) = default;
};

// The name of embedders that run on another server.
inline constexpr std::string_view kRemoteEmbedder = "remote";

// How the query becomes a vector. All of it is fixed when the pool is made, because
// learned state depends on it.
struct EmbedderSettings {
  std::string name = "lexicon";  // an embedder's name; "caller": requests bring vectors
  uint32_t dimension = 0;        // the embedder's entries, without a sketch; 0: its own default
  uint32_t projected = 0;        // d after projection; equal to D: identity; 0: the default
  uint64_t projection_seed = 1;
  // "lexicon": the absolute path of a file, or the bare name of one that ships; empty: the newest.
  std::string lexicon_file;
  // "lexicon": the norm of the character sketch's own entries, where that of the words is 1; 0: no sketch.
  double sketch_weight = 0;
  uint64_t lexicon_checksum = 0;  // of the pool's original file; 0: not known yet
  std::string endpoint;           // "remote": its name in the server's config
  std::string model;              // "remote": the model that the pool was made with
  // A fitted projection (layout: retrieval/embed/projection.h); empty: the seeded one.
  std::vector<float> projection_rows;
  friend bool operator==(const EmbedderSettings&, const EmbedderSettings&) = default;
};

// How the pool learns and explores. `quality_model` is fixed when the pool is made. The rest may change at
// any time and takes effect with the next decision or event.
struct LearnerSettings {
  std::string quality_model = "hybrid";
  std::string exploration = "thompson";
  double exploration_floor = 0.005;  // total mass spread evenly over the candidates
  double exploration_scale = 1.0;    // factor on standard deviations; the algorithm's own knob
  double epsilon = 0.05;             // epsilon_greedy: share of uniform choices
  double temperature = 0.02;         // softmax: utility points per e-fold
  double squarecb_gamma = 100;       // squarecb: inverse gap weighting's gamma
  double half_life_s = 7 * 86400;    // of the EMA tracker, by elapsed time
  double half_life_outcomes = 300;   // of the EMA tracker, by outcomes of the pool
  double forget_outcomes = 20000;    // quality model: outcomes of the pool to e-fold; 0: never
  // hybrid: the quality that a description's lead of 1 is worth before outcomes; 0: descriptions say nothing of it.
  double description_weight = 0.06;
  friend bool operator==(const LearnerSettings&, const LearnerSettings&) = default;
};

// What it means if a decision's quality is not reported within its feedback window.
enum class MissingFeedback : uint8_t {
  kNothing = 1,  // nothing is learned
  kQuality = 2,  // as if `missing_quality` had been reported
};

struct PoolSettings {
  EmbedderSettings embedder;
  std::vector<FeatureSpec> features;
  LearnerSettings learner;
  double cost_scale_usd = 0.01;
  double latency_scale_ms = 1000;
  uint32_t shortlist_size = 64;
  uint32_t neighbours = 64;          // k of the experience search; 0: none
  uint32_t experience_max = 100000;  // past outcomes kept for the neighbour search
  Micros feedback_window = 86400 * kMicrosPerSecond;
  MissingFeedback missing_feedback = MissingFeedback::kNothing;
  double missing_quality = 0;  // for kQuality
  // The number of observations that one client's feedback counts as, per arm and hour, at most; 0: no bound.
  double client_weight_per_hour = 0;
  bool store_query_text = false;
  Preference default_preference{1, 0, 0};
  LatencyKind latency_kind = LatencyKind::kTotal;
  bool strict_names = false;  // unknown names in requests are errors
  // The control group: this share of the decisions gets the baseline `holdout_arm`; empty: any candidate, with
  // equal chances.
  double holdout_share = 0;
  std::string holdout_arm;
  friend bool operator==(const PoolSettings&, const PoolSettings&) = default;
};

struct Pool {
  PoolId id{};
  std::string name;
  PoolSettings settings;
  Micros created_at = 0;
  friend bool operator==(const Pool&, const Pool&) = default;
};

// Dimension of the context vector z of a pool.
inline uint32_t ContextDimension(const PoolSettings& settings) {
  return settings.embedder.projected + static_cast<uint32_t>(settings.features.size());
}

}  // namespace pointsman
