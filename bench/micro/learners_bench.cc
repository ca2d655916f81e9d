// The cost of a decision and an outcome in the learner alone. Context vectors have 64 entries; in the hybrid
// benchmarks the second argument is their length.
#include <cmath>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/rng.h"
#include "benchmark/benchmark.h"
#include "learners/choice/choose.h"
#include "learners/choice/probability_of_largest.h"
#include "learners/state/learned_state.h"

namespace pointsman::bench {
namespace {

constexpr uint32_t kDimension = 64;

std::vector<float> RandomContext(Rng& rng, uint32_t dimension = kDimension) {
  std::vector<float> z(dimension);
  const double scale = 1 / std::sqrt(static_cast<double>(dimension));
  for (float& entry : z) entry = static_cast<float>(rng.Normal() * scale);
  return z;
}

ArmFeatures RandomFeatures(Rng& rng) {
  ArmFeatures features;
  features.neighbour_quality = static_cast<float>(rng.Uniform());
  features.neighbour_count = static_cast<float>(4 * rng.Uniform());
  features.description_similarity = static_cast<float>(rng.Uniform());
  return features;
}

class Scene {
 public:
  Scene(const std::string& model, uint32_t arms, int outcomes, uint32_t dimension = kDimension)
      : dimension_(dimension), rng_(1) {
    Pool pool;
    pool.id = PoolId{1};
    pool.settings.embedder.projected = dimension;
    pool.settings.learner.quality_model = model;
    state_.emplace(learners::LearnedState::Empty(pool).value());
    Learn({PoolEvent{pool}});
    for (uint32_t i = 0; i < arms; ++i) {
      Arm arm;
      arm.id = ArmId{i};
      Learn({ArmEvent{arm}});
    }
    for (int i = 0; i < outcomes; ++i) Learn({Outcome(static_cast<uint32_t>(i) % arms)});
    views_.resize(arms);
    for (uint32_t i = 0; i < arms; ++i) {
      views_[i] = {state_->arm(ArmId{i}), RandomFeatures(rng_)};
    }
  }

  OutcomeEvent Outcome(uint32_t arm) {
    OutcomeEvent event;
    event.arm = ArmId{arm};
    event.context = RandomContext(rng_, dimension_);
    event.features = RandomFeatures(rng_);
    event.outcome.quality = rng_.Uniform();
    return event;
  }
  Event Next(OutcomeEvent outcome, Sequence ahead = 0) const {
    return {state_->version() + 1 + ahead, state_->time() + 1, PoolId{1}, std::move(outcome)};
  }
  const learners::LearnedState& state() const { return *state_; }
  std::span<const learners::ArmView> views() const { return views_; }
  Rng& rng() { return rng_; }

 private:
  void Learn(EventBody body) {
    const Event event{state_->version() + 1, 1, PoolId{1}, std::move(body)};
    if (!state_->Learn({&event, 1}).ok()) std::abort();
  }

  uint32_t dimension_;
  Rng rng_;
  std::optional<learners::LearnedState> state_;
  std::vector<learners::ArmView> views_;
};

// Estimates, distribution and draw.
void BM_Decide(benchmark::State& bench, const char* model) {
  const auto arms = static_cast<uint32_t>(bench.range(0));
  Scene scene(model, arms, static_cast<int>(arms) * 60);
  const std::vector<float> z = RandomContext(scene.rng());
  learners::ChoiceRequest request;
  for (auto _ : bench) {
    request.draw = scene.rng().Uniform();
    const auto expected = scene.state().Estimate({z, 100}, scene.views());
    benchmark::DoNotOptimize(
        learners::Choose(scene.state().pool().settings, request, scene.views(), expected));
  }
}
BENCHMARK_CAPTURE(BM_Decide, lin_thompson, "lin_thompson")->Arg(8)->Arg(64)->Arg(1000);
BENCHMARK_CAPTURE(BM_Decide, context_free, "context_free")->Arg(8)->Arg(64)->Arg(1000);

// Outcomes learned in one batch, per outcome, as the writer does under load.
void BM_LearnBatch(benchmark::State& bench, const char* model) {
  Scene scene(model, 8, 480);
  std::vector<Event> events;
  for (Sequence i = 0; i < 256; ++i) {
    events.push_back(scene.Next(scene.Outcome(static_cast<uint32_t>(i % 8)), i));
  }
  for (auto _ : bench) {
    benchmark::DoNotOptimize(learners::Apply(scene.state(), events));
  }
  bench.SetItemsProcessed(bench.iterations() * 256);
}
BENCHMARK_CAPTURE(BM_LearnBatch, lin_thompson, "lin_thompson");
BENCHMARK_CAPTURE(BM_LearnBatch, context_free, "context_free");

// One outcome, applied and published by itself, copies included.
void BM_LearnOne(benchmark::State& bench, const char* model) {
  const auto arms = static_cast<uint32_t>(bench.range(0));
  Scene scene(model, arms, static_cast<int>(arms) * 30);
  const Event event = scene.Next(scene.Outcome(0));
  for (auto _ : bench) {
    benchmark::DoNotOptimize(learners::Apply(scene.state(), {&event, 1}));
  }
}
BENCHMARK_CAPTURE(BM_LearnOne, lin_thompson, "lin_thompson")->Arg(8)->Arg(1000);
BENCHMARK_CAPTURE(BM_LearnOne, context_free, "context_free")->Arg(8)->Arg(100000);

// Estimates, both experts' distributions, their mixture and the draw: arms, entries of z.
void BM_HybridDecide(benchmark::State& bench) {
  const auto arms = static_cast<uint32_t>(bench.range(0));
  const auto dimension = static_cast<uint32_t>(bench.range(1));
  Scene scene("hybrid", arms, static_cast<int>(arms) * 60, dimension);
  const std::vector<float> z = RandomContext(scene.rng(), dimension);
  learners::ChoiceRequest request;
  const learners::QueryView query{z, 100};
  for (auto _ : bench) {
    request.draw = scene.rng().Uniform();
    const auto expected = scene.state().Estimate(query, scene.views());
    benchmark::DoNotOptimize(
        learners::Choose(scene.state(), query, request, scene.views(), expected));
  }
}
BENCHMARK(BM_HybridDecide)->Args({8, 64})->Args({8, 128})->Args({1000, 64})->Args({1000, 128});

// The quality model's full share of the cost of an outcome, scheduled solves included, over part of a pool's
// life: 8 arms, entries of z, first and last outcome.
void BM_HybridLearn(benchmark::State& bench) {
  constexpr uint32_t kArms = 8;
  const auto dimension = static_cast<uint32_t>(bench.range(0));
  const auto first = static_cast<std::size_t>(bench.range(1));
  const auto last = static_cast<std::size_t>(bench.range(2));
  Rng rng(3);
  std::vector<std::vector<float>> contexts(997);
  for (auto& z : contexts) z = RandomContext(rng, dimension);
  std::vector<learners::Observation> observations(last);
  for (std::size_t i = 0; i < last; ++i) {
    learners::Observation& observation = observations[i];
    observation.arm = ArmId{static_cast<uint32_t>(rng.Below(kArms))};
    observation.context = contexts[i % contexts.size()];
    observation.features = RandomFeatures(rng);
    observation.features.votes = {{1, 1, 0}, 0.5f};
    observation.quality = rng.Uniform() < 0.4 + 0.05 * Index(observation.arm) ? 1 : 0;
  }
  LearnerSettings settings;
  settings.quality_model = "hybrid";
  const auto start = learners::MakeQualityModel(settings, dimension).value();
  start->BeginEdit();
  for (std::size_t i = 0; i < first; ++i) start->Learn(observations[i]);
  start->EndEdit();
  for (auto _ : bench) {
    const auto model = start->Clone();
    model->BeginEdit();
    for (std::size_t i = first; i < last; ++i) model->Learn(observations[i]);
    model->EndEdit();
  }
  bench.counters["per_outcome"] = benchmark::Counter(
      static_cast<double>(last - first),
      benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
BENCHMARK(BM_HybridLearn)
    ->ArgsProduct({{64, 128}, {0}, {1000, 10'000}})
    ->ArgsProduct({{64, 128}, {10'000}, {20'000}})
    ->Unit(benchmark::kMillisecond);

void BM_ProbabilityOfLargest(benchmark::State& bench) {
  Rng rng(2);
  const auto k = static_cast<std::size_t>(bench.range(0));
  std::vector<double> means(k), stddevs(k);
  for (double& mean : means) mean = 0.5 + 0.1 * rng.Normal();
  for (double& sd : stddevs) sd = 0.02 + 0.03 * rng.Uniform();
  for (auto _ : bench) benchmark::DoNotOptimize(learners::ProbabilityOfLargest(means, stddevs));
}
BENCHMARK(BM_ProbabilityOfLargest)->Arg(2)->Arg(8)->Arg(64)->Arg(1000)->Arg(10000);

}  // namespace
}  // namespace pointsman::bench
