// What a decision and an outcome cost in the learner alone.
#include <string>
#include <vector>

#include "base/rng.h"
#include "benchmark/benchmark.h"
#include "learners/learned_state.h"
#include "learners/policy.h"
#include "learners/thompson.h"

namespace pointsman {
namespace {

constexpr uint32_t kDimension = 64;

std::vector<float> RandomContext(Rng& rng) {
  std::vector<float> z(kDimension);
  for (float& entry : z) entry = static_cast<float>(rng.Normal() / 8);
  return z;
}

class Scene {
 public:
  Scene(const std::string& model, uint32_t arms, int outcomes) : rng_(1) {
    Pool pool;
    pool.id = PoolId{1};
    pool.settings.embedder.projected = kDimension;
    pool.settings.learner.quality_model = model;
    state_.emplace(LearnedState::Empty(pool).value());
    Learn({PoolEvent{pool}});
    for (uint32_t i = 0; i < arms; ++i) {
      Arm arm;
      arm.id = ArmId{i};
      Learn({ArmEvent{arm}});
    }
    for (int i = 0; i < outcomes; ++i) Learn({Outcome(static_cast<uint32_t>(i) % arms)});
    views_.resize(arms);
    for (uint32_t i = 0; i < arms; ++i) views_[i].arm = state_->arm(ArmId{i});
  }

  OutcomeEvent Outcome(uint32_t arm) {
    OutcomeEvent event;
    event.arm = ArmId{arm};
    event.context = RandomContext(rng_);
    event.outcome.quality = rng_.Uniform();
    return event;
  }
  Event Next(OutcomeEvent outcome, Sequence ahead = 0) const {
    return {state_->version() + 1 + ahead, state_->time() + 1, PoolId{1}, std::move(outcome)};
  }
  const LearnedState& state() const { return *state_; }
  std::span<const ArmView> views() const { return views_; }
  Rng& rng() { return rng_; }

 private:
  void Learn(std::variant<OutcomeEvent, ArmEvent, PoolEvent> body) {
    const Event event{state_->version() + 1, 1, PoolId{1}, std::move(body)};
    if (!state_->Learn({&event, 1}).ok()) std::abort();
  }

  Rng rng_;
  std::optional<LearnedState> state_;
  std::vector<ArmView> views_;
};

// Estimates, distribution and draw.
void BM_Decide(benchmark::State& bench, const char* model) {
  const auto arms = static_cast<uint32_t>(bench.range(0));
  Scene scene(model, arms, static_cast<int>(arms) * 60);
  const std::vector<float> z = RandomContext(scene.rng());
  ChoiceRequest request;
  for (auto _ : bench) {
    request.draw = scene.rng().Uniform();
    const auto expected = scene.state().Estimate({z, 100}, scene.views());
    benchmark::DoNotOptimize(
        Choose(scene.state().pool().settings, request, scene.views(), expected));
  }
}
BENCHMARK_CAPTURE(BM_Decide, lin_thompson, "lin_thompson")->Arg(8)->Arg(64)->Arg(1000);
BENCHMARK_CAPTURE(BM_Decide, context_free, "context_free")->Arg(8)->Arg(64)->Arg(1000);

// Outcomes learned in one batch, per outcome: what the writer does under load.
void BM_LearnBatch(benchmark::State& bench, const char* model) {
  Scene scene(model, 8, 480);
  std::vector<Event> events;
  for (Sequence i = 0; i < 256; ++i) {
    events.push_back(scene.Next(scene.Outcome(static_cast<uint32_t>(i % 8)), i));
  }
  for (auto _ : bench) {
    benchmark::DoNotOptimize(Apply(scene.state(), events));
  }
  bench.SetItemsProcessed(bench.iterations() * 256);
}
BENCHMARK_CAPTURE(BM_LearnBatch, lin_thompson, "lin_thompson");
BENCHMARK_CAPTURE(BM_LearnBatch, context_free, "context_free");

// One outcome applied and published by itself: the copies included.
void BM_LearnOne(benchmark::State& bench, const char* model) {
  const auto arms = static_cast<uint32_t>(bench.range(0));
  Scene scene(model, arms, static_cast<int>(arms) * 30);
  const Event event = scene.Next(scene.Outcome(0));
  for (auto _ : bench) {
    benchmark::DoNotOptimize(Apply(scene.state(), {&event, 1}));
  }
}
BENCHMARK_CAPTURE(BM_LearnOne, lin_thompson, "lin_thompson")->Arg(8)->Arg(1000);
BENCHMARK_CAPTURE(BM_LearnOne, context_free, "context_free")->Arg(8)->Arg(100000);

void BM_ProbabilityOfLargest(benchmark::State& bench) {
  Rng rng(2);
  const auto k = static_cast<std::size_t>(bench.range(0));
  std::vector<double> means(k), stddevs(k);
  for (double& mean : means) mean = 0.5 + 0.1 * rng.Normal();
  for (double& sd : stddevs) sd = 0.02 + 0.03 * rng.Uniform();
  for (auto _ : bench) benchmark::DoNotOptimize(ProbabilityOfLargest(means, stddevs));
}
BENCHMARK(BM_ProbabilityOfLargest)->Arg(2)->Arg(8)->Arg(64)->Arg(1000)->Arg(10000);

}  // namespace
}  // namespace pointsman

BENCHMARK_MAIN();
