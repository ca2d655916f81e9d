#include "samples.h"

#include <type_traits>
#include <utility>

#include "domain/settings.h"

namespace pointsman::storage {
namespace {

float Float(Rng& rng) { return static_cast<float>(rng.Normal()); }

std::vector<float> Context(Rng& rng, int dimension) {
  std::vector<float> context;
  for (int i = 0; i < dimension; ++i) context.push_back(Float(rng));
  return context;
}

Outcome SampleOutcome(Rng& rng) {
  return {.quality = rng.Uniform(),
          .latency_ms = 1000 * rng.Uniform(),
          .cost_usd = 0.01 * rng.Uniform(),
          .input_tokens = static_cast<int64_t>(rng.Below(10000)),
          .output_tokens = static_cast<int64_t>(rng.Below(10000)),
          .error = rng.Below(2) == 1};
}

Preference SamplePreference(Rng& rng) { return {rng.Uniform(), rng.Uniform(), rng.Uniform()}; }

ArmFeatures SampleFeatures(Rng& rng) {
  return {Float(rng), Float(rng), Float(rng),
          Float(rng), Float(rng), {{Float(rng), Float(rng), 0}, Float(rng)}};
}

uint32_t Number(Rng& rng) { return static_cast<uint32_t>(rng.Next()); }

}  // namespace

std::string SampleBytes(Rng& rng, std::size_t size_max) {
  std::string bytes(rng.Below(size_max + 1), '\0');
  for (char& byte : bytes) {
    // Zero and 0xff occur often: encodings of ends and escapes may fail on them.
    static constexpr unsigned char kEdges[] = {0x00, 0xff, 0x01, 0xfe};
    byte = static_cast<char>(rng.Below(2) == 0 ? kEdges[rng.Below(4)]
                                               : static_cast<unsigned char>(rng.Next()));
  }
  return bytes;
}

Arm SampleArm(Rng& rng) {
  return {.id = ArmId{Number(rng)},
          .name = SampleBytes(rng, 20),
          .description = SampleBytes(rng, 60),
          .tags = {SampleBytes(rng, 5), SampleBytes(rng, 5)},
          .usd_per_1m_input = rng.Uniform(),
          .usd_per_1m_output = rng.Uniform(),
          .context_tokens_max = static_cast<int64_t>(rng.Below(1000000)),
          .prior_quality = rng.Uniform(),
          .prior_strength = rng.Uniform(),
          .prior_latency_ms = rng.Uniform(),
          .prior_output_tokens = rng.Uniform(),
          .status = ArmStatus{static_cast<uint8_t>(1 + rng.Below(3))}};
}

Pool SamplePool(Rng& rng, PoolId id) {
  PoolSettings settings;
  settings.embedder = {.name = SampleBytes(rng, 9),
                       .dimension = Number(rng),
                       .projected = Number(rng),
                       .projection_seed = rng.Next(),
                       .lexicon_file = SampleBytes(rng, 9),
                       .sketch_weight = rng.Uniform(),
                       .lexicon_checksum = rng.Next(),
                       .endpoint = SampleBytes(rng, 9),
                       .model = SampleBytes(rng, 9),
                       .projection_rows = {static_cast<float>(rng.Normal()), 0.5f}};
  for (int i = 0; i < 3; ++i) {
    settings.features.push_back({SampleBytes(rng, 9), rng.Normal(), rng.Normal(), rng.Normal()});
  }
  for (const SettingRow& row : SettingTable()) {
    VisitSetting(row, settings, [&]<class T>(T& value) {
      if constexpr (std::is_enum_v<T>) {
        value = T{static_cast<uint8_t>(1 + rng.Below(row.values.size()))};
      } else if constexpr (std::is_same_v<T, std::string>) {
        value = SampleBytes(rng, 9);
      } else if constexpr (std::is_same_v<T, double>) {
        value = rng.Uniform();
      } else if constexpr (std::is_same_v<T, bool>) {
        value = rng.Below(2) == 1;
      } else if constexpr (std::is_same_v<T, Micros>) {
        value = static_cast<Micros>(rng.Below(1 << 30));
      } else {
        value = Number(rng);
      }
    });
  }
  settings.default_preference = SamplePreference(rng);
  return {id, SampleBytes(rng, 20), settings, static_cast<Micros>(rng.Below(1 << 30))};
}

OutcomeEvent SampleOutcomeEvent(Rng& rng) {
  return {.decision_id = SampleBytes(rng, 20),
          .feedback_id = SampleBytes(rng, 20),
          .arm = ArmId{Number(rng)},
          .selection = Selection{static_cast<uint8_t>(1 + rng.Below(5))},
          .is_off_policy = rng.Below(2) == 1,
          .is_learned = rng.Below(2) == 1,
          .is_first = rng.Below(2) == 1,
          .is_missing = rng.Below(2) == 1,
          .is_over_weight = rng.Below(2) == 1,
          .propensity = rng.Uniform(),
          .inclusion = rng.Below(2) == 1 ? 1 : rng.Uniform(),
          .weight = rng.Uniform(),
          .preference = SamplePreference(rng),
          .context = Context(rng, 8),
          .features = SampleFeatures(rng),
          .input_tokens_estimate = rng.Uniform(),
          .cost_estimate_usd = rng.Uniform(),
          .outcome = SampleOutcome(rng),
          .corrects = SampleOutcome(rng),
          .reported_at = -static_cast<Micros>(rng.Below(1 << 30)),
          .query_text = SampleBytes(rng, 30),
          .before = SampleOutcome(rng),
          .anchor = Anchor{static_cast<Micros>(rng.Below(1 << 30)), rng.Uniform()},
          .is_withdrawal = rng.Below(2) == 1,
          .is_closed = rng.Below(2) == 1,
          .attempt = Number(rng),
          .input_is_counted = rng.Below(2) == 1,
          .decision_version = rng.Next(),
          .input_tokens_expected = rng.Uniform(),
          .output_tokens_expected = rng.Uniform(),
          .payload_hash = rng.Next(),
          .client = SampleBytes(rng, 9),
          .decision_time = static_cast<Micros>(rng.Below(1 << 30)),
          .said = Number(rng),
          .counted = rng.Uniform(),
          .brings_nothing = rng.Below(2) == 1,
          .instead_of = ArmId{Number(rng)}};
}

Event SampleEvent(Rng& rng, PoolId pool, Sequence sequence) {
  Event event{.sequence = sequence,
              .time = static_cast<Micros>(sequence) * kMicrosPerSecond,
              .pool = pool,
              .body = {}};
  if (sequence % 4 == 1) event.body = SampleOutcomeEvent(rng);
  if (sequence % 4 == 2) event.body = ArmEvent{SampleArm(rng)};
  if (sequence % 4 == 3) event.body = PoolEvent{SamplePool(rng, pool)};
  if (sequence % 4 == 0) {
    const auto time = static_cast<Micros>(rng.Below(1 << 30));
    event.body = SilenceEvent{{time, SampleBytes(rng, 20)}, rng.Next()};
  }
  return event;
}

FeedbackRecord SampleFeedback(Rng& rng) {
  return {.seen = {{SampleBytes(rng, 20), rng.Next()}, {SampleBytes(rng, 20), rng.Next()}},
          .learned = SampleOutcome(rng),
          .quality_sequence = rng.Next(),
          .served = ArmId{Number(rng)},
          .decision_time = static_cast<Micros>(Number(rng)),
          .weight = rng.Uniform(),
          .counted = {rng.Next(), rng.Next()},
          .is_told_over_weight = rng.Below(2) == 1};
}

Experience SampleExperience(Rng& rng, Sequence sequence) {
  return {sequence, ArmId{Number(rng)}, Float(rng), Float(rng), Context(rng, 8)};
}

Decision SampleDecision(Rng& rng, PoolId pool, std::string id, int arms, int dimension) {
  Decision decision{.id = std::move(id),
                    .pool = pool,
                    .time = static_cast<Micros>(rng.Below(1 << 30)),
                    .snapshot_version = rng.Next(),
                    .request_hash = rng.Next(),
                    .mode = Mode{static_cast<uint8_t>(1 + rng.Below(2))},
                    .preference = SamplePreference(rng),
                    .context_source = ContextSource{static_cast<uint8_t>(1 + rng.Below(3))},
                    .context = Context(rng, dimension),
                    .input_tokens = rng.Uniform(),
                    .candidates = {},
                    .chosen = {},
                    .query_text = SampleBytes(rng, 30),
                    .group = Group{static_cast<uint8_t>(rng.Below(3))}};
  if (decision.group != Group::kNone) {
    decision.holdout_share = rng.Uniform();
    if (rng.Below(2) == 1) decision.holdout_arm = ArmId{Number(rng)};
  }
  const bool is_shortlisted = rng.Below(2) == 1;
  for (int i = 0; i < arms; ++i) {
    decision.candidates.push_back({ArmId{Number(rng)},
                                   rng.Uniform(),
                                   rng.Normal(),
                                   {rng.Uniform(), rng.Uniform(), rng.Uniform(), rng.Uniform()},
                                   SampleFeatures(rng),
                                   is_shortlisted ? rng.Uniform() : 1});
  }
  for (int i = 0; i < 2; ++i) {
    decision.chosen.push_back(
        {ArmId{Number(rng)}, rng.Uniform(), Selection{static_cast<uint8_t>(1 + rng.Below(5))}});
  }
  return decision;
}

}  // namespace pointsman::storage
