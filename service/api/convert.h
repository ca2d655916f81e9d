// Converts between the public contract's messages and the engine's values. The only decision made here is
// what an unset field means.
// Errors: kInvalidArgument for an enum value that does not exist.
// Threads: pure functions.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "engine/request/answers.h"
#include "engine/request/insight.h"
#include "engine/request/requests.h"
#include "engine/request/statistics.h"
#include "pointsman/v1/admin.pb.h"
#include "pointsman/v1/insight.pb.h"
#include "pointsman/v1/router.pb.h"

namespace pointsman::service {

v1::Preference ToProto(const Preference& preference);
void FillProto(const ArmExpectation& expected, v1::Expected& out);
absl::StatusOr<engine::RouteInput> FromProto(const v1::RouteRequest& request);
void FillProto(const engine::RouteOutput& output, v1::RouteResponse& out);
absl::StatusOr<engine::FeedbackInput> FromProto(const v1::FeedbackRequest& request);
v1::FeedbackResponse ToProto(const engine::FeedbackOutput& output);

// `present`, changed by the fields set in `message`; `clear` names fields to unset.
absl::StatusOr<Arm> Edited(const Arm& present, const v1::Arm& message,
                           const google::protobuf::RepeatedPtrField<std::string>& clear);
// Only the arm, with nothing cleared.
engine::ArmEdit EditOf(const v1::Arm& message);
engine::ArmEdit EditOf(const v1::PutArmRequest& request);
v1::Arm ToProto(const Arm& arm);
void FillProto(const engine::PutArmOutput& output, v1::PutArmResponse& out);
void FillProto(const engine::PutPoolOutput& output, v1::PutPoolResponse& out);
v1::UndoImportResponse ToProto(const engine::UndoOutput& output);
// The settings of `present`, changed by those set in `message`.
absl::StatusOr<PoolSettings> Edited(const PoolSettings& present, const v1::PoolSettings& message);
v1::PoolSettings ToProto(const PoolSettings& settings);
v1::Pool ToProto(const engine::PoolInfo& info);
engine::ImportPlan FromProto(const v1::ImportStart& message);
v1::ImportStart ToProto(const engine::ImportPlan& plan);
// A query without an index gets `next`. `next` then becomes the query's index plus one.
engine::ImportedQuery FromProto(const v1::ImportedQuery& message, uint64_t& next);
v1::ImportedQuery ToProto(const engine::ImportedQuery& query);
// The response to a stream that delivered this output of the announced plan.
v1::ImportOutcomesResponse ToProto(const engine::ImportOutput& output,
                                   const engine::ImportPlan& plan);
engine::ImportOutput FromProto(const v1::ImportOutcomesResponse& message);
v1::GetStatsResponse ToProto(const engine::PoolStatistics& statistics);
v1::ExplainResponse ToProto(const engine::Explanation& explanation);
v1::MeasureRecallResponse ToProto(const engine::RecallFigures& figures);
v1::TryEmbedderResponse ToProto(const engine::EmbedderFigures& figures);
v1::ListOutcomesResponse ToProto(const engine::OutcomePage& page);

void FillProto(const engine::Sums& sums, v1::Sums& out);
absl::StatusOr<Micros> TimeFromProto(std::string_view field, int64_t unix_ms);
v1::GetHistoryResponse ToProto(const engine::History& history);
absl::StatusOr<engine::DecisionQuery> FromProto(const v1::ListDecisionsRequest& request);
v1::ListDecisionsResponse ToProto(const engine::DecisionPage& page);
v1::TryPreferencesResponse ToProto(const engine::TriedPreferences& tried);
v1::TryQueryResponse ToProto(const engine::TriedQuery& tried);
v1::ListQueryGroupsResponse ToProto(const engine::QueryGroups& groups);
absl::StatusOr<engine::PolicyQuestion> FromProto(const v1::ComparePoliciesRequest& request);
v1::ComparePoliciesResponse ToProto(const engine::PolicyComparison& comparison);
v1::RecomputeDecisionResponse ToProto(const engine::Recomputed& recomputed);

}  // namespace pointsman::service
