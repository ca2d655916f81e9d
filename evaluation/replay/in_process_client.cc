#include "evaluation/replay/in_process_client.h"

#include <utility>

#include "base/rng.h"
#include "base/status_macros.h"
#include "engine/learn/import.h"
#include "evaluation/replay/warm_start.h"

namespace pointsman::evaluation {
namespace {

// An arbitrary fixed time, so that every replay starts at the same time. 2025-01-01 00:00:00 UTC.
constexpr Micros kReplayStart = Micros{1735689600} * kMicrosPerSecond;
// Separates the secret's random stream from the one that shuffles the queries.
constexpr uint64_t kSecretStream = 0x7265706c61797331;

}  // namespace

SipKey ReplaySecret(uint64_t seed) {
  Rng rng(seed ^ kSecretStream);
  SipKey secret;
  secret.k0 = rng.Next();
  secret.k1 = rng.Next();
  return secret;
}

InProcessClient::InProcessClient(InProcessOptions options, uint64_t seed)
    : options_(std::move(options)), seed_(seed), clock_(kReplayStart) {}

absl::StatusOr<std::unique_ptr<InProcessClient>> InProcessClient::Open(InProcessOptions options,
                                                                       uint64_t seed) {
  if (options.restart_every_rounds > 0 && !options.open_storage) {
    return absl::InvalidArgumentError(
        "restarting in the middle of a replay needs a storage that survives a restart: set "
        "open_storage");
  }
  std::unique_ptr<InProcessClient> client(new InProcessClient(std::move(options), seed));
  RETURN_IF_ERROR(client->OpenEngine());
  return client;
}

absl::Status InProcessClient::OpenEngine() {
  engine_ = nullptr;  // the old engine must release its folder first
  storage::Storage storage;
  if (options_.open_storage) {
    ASSIGN_OR_RETURN(storage, options_.open_storage(seed_));
  } else {
    storage = storage::OpenMemoryStorage(ReplaySecret(seed_));
  }
  engine::EngineOptions engine_options;
  engine_options.limits = options_.limits;
  engine_options.writing = engine::Writing::kInline;
  engine_options.building = retrieval::Building::kInline;
  ASSIGN_OR_RETURN(engine_, engine::Engine::Open(engine_options, std::move(storage), clock_));
  return absl::OkStatus();
}

absl::Status InProcessClient::PutPool(const std::string& name, const PoolSettings& settings,
                                      const std::vector<Arm>& arms) {
  const engine::EditSettings edit =
      [&settings](const PoolSettings&) -> absl::StatusOr<PoolSettings> { return settings; };
  return engine::Await<engine::PutPoolOutput>([&](auto done) {
           engine_->PutPool(name, edit, arms, /*create_only=*/true, std::move(done));
         })
      .status();
}

absl::StatusOr<engine::RouteOutput> InProcessClient::Route(const engine::RouteInput& input) {
  return engine_->Route(input);
}

absl::StatusOr<engine::FeedbackOutput> InProcessClient::Feedback(
    const engine::FeedbackInput& input) {
  return engine::Await<engine::FeedbackOutput>(
      [&](auto done) { engine_->Feedback(input, std::move(done)); });
}

absl::Status InProcessClient::PutArm(const std::string& pool, const Arm& arm) {
  return engine::Await<engine::PutArmOutput>([&](auto done) { engine_->PutArm(pool, arm, done); })
      .status();
}

absl::StatusOr<engine::ImportOutput> InProcessClient::Import(
    const engine::ImportPlan& plan, std::span<const engine::ImportedQuery> queries,
    const std::function<void(std::size_t)>& on_progress) {
  engine::ImportTally tally(plan);
  std::size_t gone = 0;
  for (const auto chunk : InChunks(queries, options_.limits)) {
    RETURN_IF_ERROR(tally.Admit(chunk));
    ASSIGN_OR_RETURN(const engine::ImportOutput output,
                     engine::Await<engine::ImportOutput>([&](auto done) {
                       engine_->Import(plan, {chunk.begin(), chunk.end()}, std::move(done));
                     }));
    tally.Add(output);
    gone += chunk.size();
    if (on_progress) on_progress(gone);
  }
  return tally.total();
}

absl::Status InProcessClient::DeletePool(const std::string& name) {
  return engine::Await<bool>([&](auto done) { engine_->DeletePool(name, std::move(done)); })
      .status();
}

absl::Status InProcessClient::EndRound(Micros length) {
  clock_.Advance(length);
  ++rounds_;
  if (options_.restart_every_rounds == 0 || rounds_ % options_.restart_every_rounds != 0) {
    return absl::OkStatus();
  }
  return OpenEngine();
}

RouterClientFactory InProcessFactory(InProcessOptions options) {
  return [options =
              std::move(options)](uint64_t seed) -> absl::StatusOr<std::unique_ptr<RouterClient>> {
    ASSIGN_OR_RETURN(auto client, InProcessClient::Open(options, seed));
    return std::unique_ptr<RouterClient>(std::move(client));
  };
}

}  // namespace pointsman::evaluation
