// The cost of durable feedback, and of the work around it:
//   BM_DurableFeedback        the engine alone, 64 feedbacks in flight, each synced before its answer
//   BM_DurableFeedbackByGrpc  the same, through a server in this process
//   BM_Recover                a start from a million events: with the newest snapshot, and without any
//   BM_RouteBesideSnapshots   the p99 of Route while snapshots of a large pool are written, over its p99
//                             while none are written
// p50_ms and p99_ms are those of single calls. Run it alone on the machine: docs/lab/performance.md.
#include <benchmark/benchmark.h>
#include <grpcpp/grpcpp.h>
#include <spdlog/sinks/null_sink.h>
#include <spdlog/spdlog.h>
#include <stdlib.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/check.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/rng.h"
#include "engine/engine.h"
#include "pointsman/v1/router.grpc.pb.h"
#include "retrieval/embed/embedder.h"
#include "service/app/server.h"
#include "storage/api/storage.h"

namespace pointsman::bench {
namespace {

using Time = std::chrono::steady_clock::time_point;

constexpr std::size_t kInFlight = 64;
constexpr int kArms = 8;

Time Now() { return std::chrono::steady_clock::now(); }
double MsSince(Time begin) {
  return std::chrono::duration<double, std::milli>(Now() - begin).count();
}

double Percentile(std::vector<double>& values, double share) {
  if (values.empty()) return 0;
  const auto at = static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + at, values.end());
  return values[static_cast<std::size_t>(at)];
}

// On a disk, not in memory: in POINTSMAN_BENCH_DIR, or in the current folder.
class Folder {
 public:
  Folder() {
    const char* parent = std::getenv("POINTSMAN_BENCH_DIR");
    path_ = std::string(parent == nullptr ? "." : parent) + "/feedback-bench-XXXXXX";
    POINTSMAN_CHECK(mkdtemp(path_.data()) != nullptr);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::unique_ptr<engine::Engine> OpenEngine(const std::string& folder, const Clock& clock,
                                           const engine::EngineOptions& options) {
  auto storage = storage::OpenRocksStorage({.folder = folder});
  POINTSMAN_CHECK(storage.ok());
  auto engine = engine::Engine::Open(options, *std::move(storage), clock);
  POINTSMAN_CHECK(engine.ok());
  return *std::move(engine);
}

void MakePool(engine::Engine& engine, const std::string& model, int arm_count) {
  std::vector<Arm> arms(static_cast<std::size_t>(arm_count));
  for (std::size_t i = 0; i < arms.size(); ++i) arms[i].name = "arm " + std::to_string(i);
  using Made = engine::PutPoolOutput;
  const auto edit = [&](PoolSettings settings) -> absl::StatusOr<PoolSettings> {
    settings.learner.quality_model = model;
    return settings;
  };
  POINTSMAN_CHECK(engine::Await<Made>([&](auto done) {
                    engine.PutPool("default", edit, arms, true, std::move(done));
                  }).ok());
}

// Limits the calls in flight, and records their latencies.
class Window {
 public:
  void Enter() {
    MutexLock lock(mutex_);
    while (inside_ == kInFlight) changed_.Wait(mutex_);
    ++inside_;
  }
  void Leave(double ms) {
    MutexLock lock(mutex_);
    latencies_.push_back(ms);
    --inside_;
    changed_.NotifyAll();
  }
  void WaitUntilEmpty() {
    MutexLock lock(mutex_);
    while (inside_ > 0) changed_.Wait(mutex_);
  }
  void Report(benchmark::State& bench) {
    MutexLock lock(mutex_);
    bench.SetItemsProcessed(static_cast<int64_t>(latencies_.size()));
    bench.counters["p50_ms"] = Percentile(latencies_, 0.5);
    bench.counters["p99_ms"] = Percentile(latencies_, 0.99);
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::size_t inside_ GUARDED_BY(mutex_) = 0;
  std::vector<double> latencies_ GUARDED_BY(mutex_);
};

engine::RouteInput Question(Rng& rng) {
  engine::RouteInput route;
  route.query = "question number " + std::to_string(rng.Below(100000)) + " about topic " +
                std::to_string(rng.Below(50));
  return route;
}

constexpr int kFeedbacks = 20000;  // per iteration

void BM_DurableFeedback(benchmark::State& bench, const char* model) {
  const Folder folder;
  const SystemClock clock;
  const auto engine = OpenEngine(folder.path(), clock, {});
  MakePool(*engine, model, kArms);
  Rng rng(1);
  Window window;
  for (auto _ : bench) {
    bench.PauseTiming();
    std::vector<std::string> ids;
    ids.reserve(kFeedbacks);
    for (int i = 0; i < kFeedbacks; ++i) {
      ids.push_back(engine->Route(Question(rng)).value().decision_id);
    }
    bench.ResumeTiming();
    for (const std::string& id : ids) {
      engine::FeedbackInput input;
      input.decision_id = id;
      input.outcome.quality = rng.Uniform();
      input.outcome.latency_ms = 1000 * rng.Uniform();
      window.Enter();
      const Time begin = Now();
      engine->Feedback(std::move(input), [&window, begin](const auto& result) {
        POINTSMAN_CHECK(result.ok());
        window.Leave(MsSince(begin));
      });
    }
    window.WaitUntilEmpty();
  }
  window.Report(bench);
}
BENCHMARK_CAPTURE(BM_DurableFeedback, lin_thompson, "lin_thompson")
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK_CAPTURE(BM_DurableFeedback, hybrid, "hybrid")
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

void BM_DurableFeedbackByGrpc(benchmark::State& bench) {
  const Folder folder;
  const SystemClock clock;
  spdlog::logger log("bench", std::make_shared<spdlog::sinks::null_sink_mt>());
  {
    const auto engine = OpenEngine(folder.path(), clock, {});
    MakePool(*engine, "lin_thompson", kArms);
  }
  service::ServerConfig config;
  config.data_dir = folder.path();
  config.listen = "127.0.0.1:0";
  config.admin_listen = "";
  const auto server = service::Server::Start(config, clock, log);
  POINTSMAN_CHECK(server.ok());
  // Each connection is served by one thread at a time.
  std::vector<std::unique_ptr<v1::Router::Stub>> stubs;
  for (int64_t i = 0; i < bench.range(0); ++i) {
    grpc::ChannelArguments own;
    own.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    stubs.push_back(v1::Router::NewStub(
        grpc::CreateCustomChannel("127.0.0.1:" + std::to_string((*server)->port()),
                                  grpc::InsecureChannelCredentials(), own)));
  }
  std::size_t next = 0;
  struct Call {
    grpc::ClientContext context;
    v1::FeedbackRequest request;
    v1::FeedbackResponse response;
    Time begin;
  };
  Rng rng(1);
  Window window;
  for (auto _ : bench) {
    bench.PauseTiming();
    std::vector<std::string> ids;
    while (ids.size() < kFeedbacks) {
      v1::RouteBatchRequest request;
      for (int i = 0; i < 1000; ++i) request.add_requests()->set_query(Question(rng).query);
      v1::RouteBatchResponse response;
      grpc::ClientContext context;
      POINTSMAN_CHECK(stubs[0]->RouteBatch(&context, request, &response).ok());
      for (const auto& item : response.items()) ids.push_back(item.response().decision_id());
    }
    bench.ResumeTiming();
    for (const std::string& id : ids) {
      auto* call = new Call;  // its completion deletes it
      call->request.set_decision_id(id);
      call->request.set_quality(rng.Uniform());
      window.Enter();
      call->begin = Now();
      const auto& stub = stubs[next++ % stubs.size()];
      stub->async()->Feedback(&call->context, &call->request, &call->response,
                              [call, &window](const grpc::Status& status) {
                                POINTSMAN_CHECK(status.ok());
                                window.Leave(MsSince(call->begin));
                                delete call;
                              });
    }
    window.WaitUntilEmpty();
  }
  window.Report(bench);
}
BENCHMARK(BM_DurableFeedbackByGrpc)
    ->ArgName("connections")
    ->Arg(1)
    ->Arg(4)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

// Writes a log with `count` outcomes of a pool, as the engine would.
void WriteLog(const std::string& folder, const std::string& model, Sequence count,
              bool with_snapshots) {
  storage::Storage storage = storage::OpenRocksStorage({.folder = folder}).value();
  Pool pool;
  pool.id = storage.log->NewPoolId().value();
  pool.name = "default";
  pool.settings.learner.quality_model = model;
  pool.settings.embedder = retrieval::ResolveEmbedder(EmbedderSettings{}).value();
  learners::LearnedState state = learners::LearnedState::Empty(pool).value();
  Rng rng(1);
  storage::LogBatch batch;
  batch.pools.push_back(pool);
  const auto commit = [&] {
    POINTSMAN_CHECK(storage.log->Commit(batch, storage::Durability::kProcess).ok());
    if (with_snapshots) POINTSMAN_CHECK(state.Learn(batch.events).ok());
    const Sequence last = batch.events.back().sequence;
    if (with_snapshots && last / 20000 != batch.events.front().sequence / 20000) {
      POINTSMAN_CHECK(storage.log->PutSnapshot(pool.id, last, state.Encode(), 3).ok());
    }
    batch = {};
  };
  for (Sequence sequence = 1; sequence <= count; ++sequence) {
    Event event{.sequence = sequence,
                .time = static_cast<Micros>(sequence) * 1000,
                .pool = pool.id,
                .body = PoolEvent{pool}};
    if (sequence > 1 && sequence <= 1 + kArms) {
      Arm arm;
      arm.id = static_cast<ArmId>(sequence - 2);
      arm.name = "arm " + std::to_string(sequence);
      event.body = ArmEvent{arm};
    } else if (sequence > 1) {
      OutcomeEvent outcome;
      outcome.decision_id = "decision " + std::to_string(sequence);
      outcome.feedback_id = "f";
      outcome.arm = static_cast<ArmId>(rng.Below(kArms));
      outcome.propensity = 0.5;
      for (int i = 0; i < 64; ++i)
        outcome.context.push_back(static_cast<float>(0.1 * rng.Normal()));
      outcome.outcome.quality = rng.Uniform();
      outcome.outcome.latency_ms = 1000 * rng.Uniform();
      event.body = std::move(outcome);
    }
    batch.events.push_back(std::move(event));
    if (batch.events.size() == 1000 || sequence == count) commit();
  }
}

void BM_Recover(benchmark::State& bench, const char* model, bool with_snapshots) {
  const Folder folder;
  const auto count = static_cast<Sequence>(bench.range(0));
  WriteLog(folder.path(), model, count, with_snapshots);
  const SystemClock clock;
  for (auto _ : bench) {
    const auto engine = OpenEngine(folder.path(), clock, {});
    POINTSMAN_CHECK(engine->GetPool("default")->snapshot_version == count);
    bench.PauseTiming();  // its end writes another snapshot
    if (!with_snapshots) {
      std::filesystem::remove_all(folder.path() + "/snapshots");
    }
    bench.ResumeTiming();
  }
}
BENCHMARK_CAPTURE(BM_Recover, newest_snapshot, "lin_thompson", true)
    ->Arg(1000000)
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1)
    ->UseRealTime();
BENCHMARK_CAPTURE(BM_Recover, lin_thompson_from_the_start, "lin_thompson", false)
    ->Arg(1000000)
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1)
    ->UseRealTime();
BENCHMARK_CAPTURE(BM_Recover, hybrid_from_the_start, "hybrid", false)
    ->Arg(1000000)
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1)
    ->UseRealTime();

// The p99 of Route in ms, over `calls` calls with occasional feedback.
double RouteP99(engine::Engine& engine, Rng& rng, int calls) {
  std::vector<double> latencies;
  for (int i = 0; i < calls; ++i) {
    const engine::RouteInput question = Question(rng);
    const Time begin = Now();
    const auto decision = engine.Route(question);
    latencies.push_back(MsSince(begin));
    POINTSMAN_CHECK(decision.ok());
    if (i % 100 != 0) continue;
    engine::FeedbackInput input;
    input.decision_id = decision->decision_id;
    input.outcome.quality = rng.Uniform();
    engine.Feedback(std::move(input), [](const auto&) {});
  }
  return Percentile(latencies, 0.99);
}

// Learned state of about 16 MB: 500 arms with a matrix each.
void BM_RouteBesideSnapshots(benchmark::State& bench) {
  constexpr int kManyArms = 500;
  const SystemClock clock;
  double quiet = 0, beside = 0;
  for (auto _ : bench) {
    for (const bool has_snapshots : {false, true}) {
      const Folder folder;
      engine::EngineOptions options;
      // Each feedback makes one due, so the next begins as soon as one ends.
      options.limits.snapshot_every_events = has_snapshots ? 1 : 1000000000;
      options.limits.snapshot_every_s = has_snapshots ? 1 : 1000000000;
      const auto engine = OpenEngine(folder.path(), clock, options);
      MakePool(*engine, "lin_thompson", kManyArms);
      Rng rng(1);
      RouteP99(*engine, rng, 2000);
      (has_snapshots ? beside : quiet) = RouteP99(*engine, rng, 20000);
    }
  }
  bench.counters["p99_quiet_ms"] = quiet;
  bench.counters["p99_beside_ms"] = beside;
  bench.counters["ratio"] = beside / quiet;
}
BENCHMARK(BM_RouteBesideSnapshots)->Unit(benchmark::kMillisecond)->Iterations(1)->UseRealTime();

}  // namespace
}  // namespace pointsman::bench
