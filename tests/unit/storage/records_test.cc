#include "storage/codec/records.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "base/rng.h"
#include "samples.h"
#include "storage/codec/sealed.h"
#include "storage/codec/soundness.h"

namespace pointsman::storage {
namespace {

constexpr PoolId kPool{7};

std::string EncodeDecision(const Decision& decision) {
  return Seal(RecordKind::kDecision, EncodeDecisionPayload(decision));
}

// `status` of decoding each truncation, each single-bit flip, and one byte too many.
void ExpectDataLossForEveryDamage(const std::string& value,
                                  const std::function<absl::Status(std::string_view)>& decode) {
  ASSERT_TRUE(decode(value).ok());
  for (std::size_t size = 0; size < value.size(); ++size) {
    ASSERT_TRUE(absl::IsDataLoss(decode(value.substr(0, size)))) << "cut to " << size;
  }
  std::string damaged = value;
  for (std::size_t bit = 0; bit < 8 * value.size(); ++bit) {
    const auto mask = static_cast<char>(1u << (bit % 8));
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ mask);
    ASSERT_TRUE(absl::IsDataLoss(decode(damaged))) << "bit " << bit;
    damaged[bit / 8] = value[bit / 8];
  }
  EXPECT_TRUE(absl::IsDataLoss(decode(value + '\0')));
}

TEST(Records, ComeBackAsTheyWere) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    Rng rng(seed);
    const Pool pool = SamplePool(rng, kPool);
    EXPECT_EQ(DecodePool(EncodePool(pool)).value(), pool) << "seed " << seed;
    const Event event = SampleEvent(rng, kPool, seed);
    EXPECT_EQ(DecodeEvent(EncodeEvent(event)).value(), event) << "seed " << seed;
    const FeedbackRecord feedback = SampleFeedback(rng);
    EXPECT_EQ(DecodeFeedback(EncodeFeedback(feedback, 5)).value(), feedback) << "seed " << seed;
    const Experience experience = SampleExperience(rng, seed);
    EXPECT_EQ(DecodeExperience(EncodeExperience(experience)).value(), experience);
    const Decision decision = SampleDecision(rng, kPool, SampleBytes(rng, 30));
    EXPECT_EQ(DecodeDecision(EncodeDecision(decision)).value(), decision) << "seed " << seed;
  }
}

TEST(Records, KeepAbsentFieldsApartFromZeroOnes) {
  Event event{.sequence = 1, .time = 0, .pool = kPool, .body = OutcomeEvent()};
  EXPECT_EQ(DecodeEvent(EncodeEvent(event)).value(), event);
  auto& outcome = std::get<OutcomeEvent>(event.body).outcome;
  outcome = {.quality = 0,
             .latency_ms = 0,
             .cost_usd = 0,
             .input_tokens = 0,
             .output_tokens = 0,
             .error = false};
  EXPECT_EQ(DecodeEvent(EncodeEvent(event)).value(), event);
  const Event arm{.sequence = 2, .time = 0, .pool = kPool, .body = ArmEvent()};
  EXPECT_EQ(DecodeEvent(EncodeEvent(arm)).value(), arm);
  Pool pool;
  pool.id = kPool;
  EXPECT_EQ(DecodePool(EncodePool(pool)).value(), pool);
  Decision bare;
  bare.pool = kPool;
  bare.context_source = ContextSource::kNone;
  EXPECT_EQ(DecodeDecision(EncodeDecision(bare)).value(), bare);
}

TEST(Records, AnyDamageIsDataLoss) {
  Rng rng(11);
  const auto status_of = [](const auto& decoded) { return decoded.status(); };
  for (Sequence sequence = 1; sequence <= 3; ++sequence) {
    ExpectDataLossForEveryDamage(EncodeEvent(SampleEvent(rng, kPool, sequence)),
                                 [&](std::string_view v) { return status_of(DecodeEvent(v)); });
  }
  ExpectDataLossForEveryDamage(EncodePool(SamplePool(rng, kPool)),
                               [&](std::string_view v) { return status_of(DecodePool(v)); });
  ExpectDataLossForEveryDamage(EncodeFeedback(SampleFeedback(rng), 123456789),
                               [&](std::string_view v) { return status_of(DecodeFeedback(v)); });
  ExpectDataLossForEveryDamage(EncodeExperience(SampleExperience(rng, 1)),
                               [&](std::string_view v) { return status_of(DecodeExperience(v)); });
  ExpectDataLossForEveryDamage(EncodeDecision(SampleDecision(rng, kPool, "id", 2, 3)),
                               [&](std::string_view v) { return status_of(DecodeDecision(v)); });
  ExpectDataLossForEveryDamage(Seal(RecordKind::kSnapshot, "state"), [&](std::string_view v) {
    return status_of(Unseal(RecordKind::kSnapshot, v));
  });
}

// Damage behind a valid checksum (another version's bytes, say) must not crash a decoder either.
TEST(Records, DamageUnderAValidChecksumGivesAStatusOrASoundRecord) {
  Rng rng(12);
  const std::string decision = EncodeDecisionPayload(SampleDecision(rng, kPool, "id", 2, 3));
  const std::string event = EncodeEvent(SampleEvent(rng, kPool, 1)).substr(kSealBytes);
  for (int i = 0; i < 20000; ++i) {
    const auto damage = [&](std::string payload) {
      for (uint64_t n = rng.Below(4) + 1; n > 0; --n) {
        payload[rng.Below(payload.size())] = static_cast<char>(rng.Next());
      }
      return payload.substr(0, payload.size() - rng.Below(3));
    };
    const auto d = DecodeDecision(Seal(RecordKind::kDecision, damage(decision)));
    EXPECT_TRUE(d.ok() ? CheckSound(*d).ok() : absl::IsDataLoss(d.status()));
    const auto e = DecodeEvent(Seal(RecordKind::kEvent, damage(event)));
    EXPECT_TRUE(e.ok() ? CheckSound(*e).ok() : absl::IsDataLoss(e.status()));
  }
}

TEST(Records, OfAnotherKindAreDataLoss) {
  Rng rng(13);
  const std::string event = EncodeEvent(SampleEvent(rng, kPool, 1));
  EXPECT_TRUE(absl::IsDataLoss(DecodePool(event).status()));
  EXPECT_TRUE(absl::IsDataLoss(DecodeDecision(event).status()));
  EXPECT_TRUE(absl::IsDataLoss(Unseal(RecordKind::kSnapshot, event).status()));
}

TEST(Records, UnsoundOnesAreRefusedWithTheirFieldAndNeverDecoded) {
  Rng rng(14);
  Event event = SampleEvent(rng, kPool, 1);
  std::get<OutcomeEvent>(event.body).outcome.quality = std::nan("");
  EXPECT_TRUE(absl::IsInvalidArgument(CheckSound(event)));
  EXPECT_NE(CheckSound(event).message().find("outcome.quality"), absl::string_view::npos);
  EXPECT_TRUE(absl::IsDataLoss(DecodeEvent(EncodeEvent(event)).status()));

  event = SampleEvent(rng, kPool, 1);
  std::get<OutcomeEvent>(event.body).context[3] = std::numeric_limits<float>::infinity();
  EXPECT_TRUE(absl::IsDataLoss(DecodeEvent(EncodeEvent(event)).status()));

  event = SampleEvent(rng, kPool, 1);
  std::get<OutcomeEvent>(event.body).selection = Selection{6};
  EXPECT_TRUE(absl::IsDataLoss(DecodeEvent(EncodeEvent(event)).status()));

  event = SampleEvent(rng, kPool, 2);
  std::get<ArmEvent>(event.body).arm.status = ArmStatus{0};
  EXPECT_TRUE(absl::IsDataLoss(DecodeEvent(EncodeEvent(event)).status()));

  Decision decision = SampleDecision(rng, kPool, "id");
  decision.mode = Mode{3};
  EXPECT_TRUE(absl::IsDataLoss(DecodeDecision(EncodeDecision(decision)).status()));
  decision = SampleDecision(rng, kPool, "id");
  decision.candidates[1].features.neighbour_count = std::nanf("");
  EXPECT_TRUE(absl::IsDataLoss(DecodeDecision(EncodeDecision(decision)).status()));

  Experience experience = SampleExperience(rng, 0);
  EXPECT_TRUE(absl::IsDataLoss(DecodeExperience(EncodeExperience(experience)).status()));
}

TEST(Records, FeedbackShowsItsTimeWithoutBeingDecoded) {
  Rng rng(15);
  const std::string value = EncodeFeedback(SampleFeedback(rng), -42);
  EXPECT_EQ(PeekFeedbackChangedAt(value), -42);
  EXPECT_EQ(PeekFeedbackChangedAt(value.substr(0, kSealBytes + 7)), std::nullopt);
}

}  // namespace
}  // namespace pointsman::storage
