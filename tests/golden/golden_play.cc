// The content of the golden logs: two hundred rounds over the shipped sample in which everything happens that
// can: parts, corrections, errors, other arms that served, panels, fallbacks, greedy answers, feedback that
// is late or missing, arms and settings that change.
#include <utility>

#include "base/clock.h"
#include "base/rng.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "engine/engine.h"
#include "evaluation/data/dataset.h"
#include "golden_log.h"
#include "storage/api/storage.h"
#include "tests/paths.h"

namespace pointsman::tests {
namespace {

Outcome Quality(double quality) {
  Outcome outcome;
  outcome.quality = quality;
  return outcome;
}
Outcome CostUsd(double usd) {
  Outcome outcome;
  outcome.cost_usd = usd;
  return outcome;
}
Outcome LatencyMs(double ms) {
  Outcome outcome;
  outcome.latency_ms = ms;
  return outcome;
}
Outcome Failed(double ms) {
  Outcome outcome = LatencyMs(ms);
  outcome.error = true;
  return outcome;
}

constexpr SipKey kSecret{0x676f6c64656e2031, 0x676f6c64656e2032};
constexpr std::size_t kRounds = 200;
constexpr std::size_t kArms = 4;
constexpr Micros kWindow = 60 * kMicrosPerSecond;

class Player {
 public:
  Player(const evaluation::Dataset& data, engine::Engine& engine, ManualClock& clock)
      : data_(data), engine_(engine), clock_(clock) {}

  absl::Status Play(const std::string& quality_model) {
    RETURN_IF_ERROR(PutPool([&](PoolSettings& settings) {
      settings.embedder.projected = 16;
      settings.features = {{"length", 300, 200, 0.3}};
      settings.learner.quality_model = quality_model;
      settings.learner.forget_outcomes = 0;  // as the scenario was first recorded
      settings.learner.exploration_floor = 0.02;
      settings.feedback_window = kWindow;
    }));
    for (std::size_t a = 0; a < kArms; ++a) RETURN_IF_ERROR(PutArm(a, ArmStatus::kActive));
    for (std::size_t round = 0; round < kRounds; ++round) {
      clock_.Advance(kMicrosPerSecond + static_cast<Micros>(rng_.Below(5000)));
      if (round == 60) RETURN_IF_ERROR(SayWhatSilenceMeans());
      if (round == 90) RETURN_IF_ERROR(PutArm(1, ArmStatus::kPaused));
      if (round == 110) RETURN_IF_ERROR(PutArm(kArms, ArmStatus::kActive));
      if (round == 130) RETURN_IF_ERROR(PutArm(1, ArmStatus::kActive));
      RETURN_IF_ERROR(Round(round));
    }
    return absl::OkStatus();
  }

  const std::vector<std::string>& decision_ids() const { return decision_ids_; }

 private:
  absl::Status PutPool(const std::function<void(PoolSettings&)>& change) {
    return engine::Await<engine::PutPoolOutput>([&](auto done) {
             engine_.PutPool(
                 "golden",
                 [&](PoolSettings settings) -> absl::StatusOr<PoolSettings> {
                   change(settings);
                   return settings;
                 },
                 {}, false, std::move(done));
           })
        .status();
  }

  absl::Status SayWhatSilenceMeans() {
    return PutPool([](PoolSettings& settings) {
      settings.missing_feedback = MissingFeedback::kQuality;
      settings.missing_quality = 0.4;
      settings.learner.half_life_outcomes = 100;
    });
  }

  absl::Status PutArm(std::size_t a, ArmStatus status) {
    Arm arm = data_.arms[a];
    arm.status = status;
    arm.prior_quality = 0.5;
    arm.prior_strength = static_cast<double>(a % 2);
    return engine::Await<engine::PutArmOutput>(
               [&](auto done) { engine_.PutArm("golden", arm, std::move(done)); })
        .status();
  }

  absl::Status Round(std::size_t round) {
    engine::RouteInput route;
    route.pool = "golden";
    route.query = data_.queries[round].text;
    route.decision_id = Cat("round-", round);
    route.features = {{"length", static_cast<double>(route.query.size())}};
    if (round % 3 == 1) route.preference = Preference{0.7, 0.2, 0.1};
    if (round % 11 == 5) route.mode = Mode::kGreedy;
    if (round % 13 == 4) route.arm_count = 2;
    if (round % 26 == 4) route.purpose = learners::Purpose::kPanel;
    const auto output = engine_.Route(route);
    RETURN_IF_ERROR(output.status());
    decision_ids_.push_back(route.decision_id);
    RETURN_IF_ERROR(Tell(round, output->arm));
    if (route.purpose == learners::Purpose::kPanel) {
      RETURN_IF_ERROR(Feedback(round, round, output->further.front().arm, Quality(0.5)));
    }
    // A correction of the round before last, and feedback after the window.
    if (round % 17 == 9) {
      RETURN_IF_ERROR(Feedback(round, round - 2, "", Quality(0.25)));
    }
    if (round % 70 == 69) {
      RETURN_IF_ERROR(Feedback(round, round - 65, "", CostUsd(0.01)));
    }
    return absl::OkStatus();
  }

  absl::Status Tell(std::size_t round, const std::string& arm) {
    if (round % 7 == 6) return absl::OkStatus();  // no feedback
    std::size_t a = 0;
    while (data_.arms[a].name != arm) ++a;
    Outcome outcome = data_.At(round, a);
    outcome.latency_ms = 200 + static_cast<double>(rng_.Below(2000));
    if (round % 19 == 8) {
      return Feedback(round, round, "", Failed(*outcome.latency_ms));
    }
    if (round % 23 == 7) {
      return Feedback(round, round, data_.arms[(a + 1) % kArms].name, Quality(0.75));
    }
    if (round % 5 == 3) {  // in two parts
      RETURN_IF_ERROR(Feedback(round, round, "", LatencyMs(*outcome.latency_ms)));
      outcome.latency_ms.reset();
    }
    return Feedback(round, round, "", outcome);
  }

  absl::Status Feedback(std::size_t now, std::size_t round, const std::string& served,
                        const Outcome& outcome) {
    engine::FeedbackInput input;
    input.pool = "golden";
    input.decision_id = Cat("round-", round);
    input.feedback_id = Cat(now, "-", ++told_);
    input.served_arm = served;
    input.outcome = outcome;
    const auto result = engine::Await<engine::FeedbackOutput>(
        [&](auto done) { engine_.Feedback(input, std::move(done)); });
    // An error and a quality of one decision exclude each other: such feedback is refused.
    return absl::IsInvalidArgument(result.status()) ? absl::OkStatus() : result.status();
  }

  const evaluation::Dataset& data_;
  engine::Engine& engine_;
  ManualClock& clock_;
  Rng rng_{7};
  int told_ = 0;
  std::vector<std::string> decision_ids_;
};

}  // namespace

absl::StatusOr<GoldenLog> PlayGoldenLog(const std::string& quality_model) {
  ASSIGN_OR_RETURN(const evaluation::Dataset data,
                   evaluation::LoadDataset(POINTSMAN_SOURCE_DIR "/deploy/sample", ""));
  ManualClock clock(Micros{1735689600} * kMicrosPerSecond);
  storage::Storage storage = storage::OpenMemoryStorage(kSecret);
  const storage::EventLog& events = *storage.log;
  const storage::DecisionStore& decisions = *storage.decisions;
  engine::EngineOptions options;
  options.writing = engine::Writing::kInline;
  options.building = retrieval::Building::kInline;
  std::unique_ptr<engine::Engine> engine;
  ASSIGN_OR_RETURN(engine, engine::Engine::Open(options, std::move(storage), clock));
  Player player(data, *engine, clock);
  RETURN_IF_ERROR(player.Play(quality_model));
  engine::PoolInfo pool;
  ASSIGN_OR_RETURN(pool, engine->GetPool("golden"));

  GoldenLog log;
  log.secret = kSecret;
  ASSIGN_OR_RETURN(log.events, events.ReadEvents(pool.pool.id, 1, 100000));
  for (const std::string& id : player.decision_ids()) {
    std::optional<Decision> decision;
    ASSIGN_OR_RETURN(decision, decisions.Get(pool.pool.id, id));
    if (!decision) return absl::InternalError(Cat("decision ", id, " was not kept"));
    log.decisions.push_back(*std::move(decision));
  }
  return log;
}

}  // namespace pointsman::tests
