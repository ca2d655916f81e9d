#include "service/api/insight_calls.h"

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "base/strings.h"
#include "domain/limits.h"
#include "domain/names.h"
#include "engine/request/validate.h"
#include "service/api/answer_later.h"
#include "service/api/convert.h"

namespace pointsman::service {
namespace {

constexpr int64_t kSpanDefault_s = 3600;
constexpr int64_t kSpanMax_s = engine::kHistorySpanMax / kMicrosPerSecond;

// What cannot be looked at counts nothing: files come and go while the folder is in use.
uint64_t BytesIn(const std::string& folder) {
  uint64_t bytes = 0;
  std::error_code error;
  std::filesystem::recursive_directory_iterator it(folder, error), end;
  while (!error && it != end) {
    std::error_code gone;
    if (it->is_regular_file(gone)) {
      const auto size = it->file_size(gone);
      if (!gone) bytes += size;
    }
    it.increment(error);
  }
  return bytes;
}

void AddEmbedders(const engine::InspectionPath& engine, v1::GetServerResponse& out) {
  for (const auto& figures : engine.EmbedderStatistics()) {
    auto* shown = out.add_embedders();
    shown->set_endpoint(figures.endpoint);
    shown->set_model(figures.model);
    shown->set_calls(figures.calls);
    uint64_t failed = 0;
    for (const uint64_t count : figures.faults) failed += count;
    shown->set_failed(failed);
    shown->set_texts(figures.texts);
    shown->set_waiting(figures.waiting);
    shown->set_last_fault(figures.last_fault);
  }
}

void AddCaller(const Client& client, v1::GetServerResponse& out) {
  const TokenEntry* const token = client.token();
  if (token != nullptr) out.set_caller(token->name);
  for (const Scope scope : kAllScopes) {
    if (token == nullptr || token->Covers(scope)) out.add_scopes(std::string(ScopeName(scope)));
  }
}

}  // namespace

void InsightCalls::GetServer(const CallPtr& call, const v1::GetServerRequest& /*request*/,
                             v1::GetServerResponse& response) {
  call->Run([&]() -> absl::Status {
    const engine::InspectionPath& engine = engine_.inspection();
    response.set_version(facts_.version);
    response.set_started_at_unix_ms(facts_.started_at / kMicrosPerMs);
    response.set_now_unix_ms(clock_.Now() / kMicrosPerMs);
    AddCaller(call->client(), response);
    response.set_data_bytes(BytesIn(facts_.data_dir));
    std::error_code error;
    const auto space = std::filesystem::space(facts_.data_dir, error);
    if (!error) response.set_disk_free_bytes(space.available);
    const Limits& limits = engine_.data().limits();
    response.set_queue_depth(engine.QueueDepth());
    response.set_queue_depth_max(static_cast<uint64_t>(limits.queue_items_max));
    response.set_storage_problem(std::string(ToStd(engine.StorageHealth().message())));
    response.set_snapshot_problem(std::string(ToStd(engine.SnapshotHealth().message())));
    for (const engine::PoolLogFigures& figures : engine.LogFigures()) {
      if (!call->client().MayUse(figures.pool)) continue;
      auto* pool = response.add_pools();
      pool->set_pool(figures.pool);
      pool->set_sequence(figures.sequence);
      pool->set_snapshot_sequence(figures.snapshot);
      pool->set_first_sequence(figures.first);
      pool->set_experience_size(figures.experience);
    }
    AddEmbedders(engine, response);
    for (const LimitRow& row : LimitTable()) {
      auto* limit = response.add_limits();
      limit->set_name(std::string(row.name));
      limit->set_value(limits.*row.field);
      limit->set_is_live(row.is_live);
    }
    return absl::OkStatus();
  });
}

void InsightCalls::GetHistory(const CallPtr& call, const v1::GetHistoryRequest& request,
                              v1::GetHistoryResponse& response) {
  call->Run([&]() -> absl::Status {
    const int64_t span = request.span_s() == 0 ? kSpanDefault_s : request.span_s();
    if (span < 0 || span > kSpanMax_s) {
      return engine::BadField("span_s", Cat("must be 1 to ", kSpanMax_s, " s, got ", span));
    }
    ASSIGN_OR_RETURN(
        const engine::History history,
        engine_.inspection().GetHistory(PoolOrDefault(request.pool()), span * kMicrosPerSecond));
    response = ToProto(history);
    response.set_now_unix_ms(clock_.Now() / kMicrosPerMs);
    return absl::OkStatus();
  });
}

void InsightCalls::ListDecisions(const CallPtr& call, const v1::ListDecisionsRequest& request,
                                 v1::ListDecisionsResponse& response) {
  auto query = FromProto(request);
  if (!query.ok()) {
    call->Finish(query.status());
    return;
  }
  AnswerLater<engine::DecisionPage>(call, response, [&](auto done) {
    engine_.inspection().ListDecisions(std::string(PoolOrDefault(request.pool())),
                                       *std::move(query), std::move(done));
  });
}

void InsightCalls::TryPreferences(const CallPtr& call, const v1::TryPreferencesRequest& request,
                                  v1::TryPreferencesResponse& response) {
  std::vector<Preference> preferences;
  for (const v1::Preference& preference : request.preferences()) {
    preferences.push_back({preference.quality(), preference.cost(), preference.latency()});
  }
  AnswerLater<engine::TriedPreferences>(call, response, [&](auto done) {
    engine_.inspection().TryPreferences(std::string(PoolOrDefault(request.pool())),
                                        std::move(preferences), request.decisions(),
                                        std::move(done));
  });
}

void InsightCalls::TryQuery(const CallPtr& call, const v1::TryQueryRequest& request,
                            v1::TryQueryResponse& response) {
  auto input = FromProto(request.request());
  if (!input.ok()) {
    call->Finish(input.status());
    return;
  }
  AnswerLater<engine::TriedQuery>(call, response, [&](auto done) {
    engine_.inspection().TryQuery(*std::move(input), request.neighbours(), std::move(done));
  });
}

void InsightCalls::ListQueryGroups(const CallPtr& call, const v1::ListQueryGroupsRequest& request,
                                   v1::ListQueryGroupsResponse& response) {
  AnswerLater<engine::QueryGroups>(call, response, [&](auto done) {
    engine_.inspection().ListQueryGroups(std::string(PoolOrDefault(request.pool())),
                                         request.groups(), std::move(done));
  });
}

void InsightCalls::ComparePolicies(const CallPtr& call, const v1::ComparePoliciesRequest& request,
                                   v1::ComparePoliciesResponse& response) {
  auto question = FromProto(request);
  if (!question.ok()) {
    call->Finish(question.status());
    return;
  }
  AnswerLater<engine::PolicyComparison>(call, response, [&](auto done) {
    engine_.inspection().ComparePolicies(std::string(PoolOrDefault(request.pool())),
                                         *std::move(question), std::move(done));
  });
}

void InsightCalls::RecomputeDecision(const CallPtr& call,
                                     const v1::RecomputeDecisionRequest& request,
                                     v1::RecomputeDecisionResponse& response) {
  AnswerLater<engine::Recomputed>(call, response, [&](auto done) {
    engine_.inspection().RecomputeDecision(std::string(PoolOrDefault(request.pool())),
                                           request.decision_id(), std::move(done));
  });
}

}  // namespace pointsman::service
