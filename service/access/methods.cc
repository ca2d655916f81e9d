#include "service/access/methods.h"

namespace pointsman::service {
namespace {

using enum MethodId;

constexpr Method kMethods[] = {
    {kRoute, "/pointsman.v1.Router/Route", Scope::kRoute},
    {kRouteBatch, "/pointsman.v1.Router/RouteBatch", Scope::kRoute},
    {kFeedback, "/pointsman.v1.Router/Feedback", Scope::kFeedback},
    {kFeedbackBatch, "/pointsman.v1.Router/FeedbackBatch", Scope::kFeedback},
    {kRouteStream, "/pointsman.v1.Router/RouteStream", Scope::kRoute},
    {kFeedbackStream, "/pointsman.v1.Router/FeedbackStream", Scope::kFeedback},
    {kPutPool, "/pointsman.v1.Admin/PutPool", Scope::kAdmin, Reach::kNamed, true},
    {kGetPool, "/pointsman.v1.Admin/GetPool", Scope::kRead},
    {kListPools, "/pointsman.v1.Admin/ListPools", Scope::kRead, Reach::kAllowed},
    {kDeletePool, "/pointsman.v1.Admin/DeletePool", Scope::kAdmin, Reach::kNamed, true},
    {kPutArm, "/pointsman.v1.Admin/PutArm", Scope::kAdmin, Reach::kNamed, true},
    {kListArms, "/pointsman.v1.Admin/ListArms", Scope::kRead},
    {kRemoveArm, "/pointsman.v1.Admin/RemoveArm", Scope::kAdmin, Reach::kNamed, true},
    {kImportOutcomes, "/pointsman.v1.Admin/ImportOutcomes", Scope::kAdmin, Reach::kNamed, true},
    {kUndoImport, "/pointsman.v1.Admin/UndoImport", Scope::kAdmin, Reach::kNamed, true},
    {kListOutcomes, "/pointsman.v1.Admin/ListOutcomes", Scope::kRead},
    {kGetStats, "/pointsman.v1.Admin/GetStats", Scope::kRead},
    {kExplain, "/pointsman.v1.Admin/Explain", Scope::kRead},
    {kMeasureRecall, "/pointsman.v1.Admin/MeasureRecall", Scope::kRead},
    {kTryEmbedder, "/pointsman.v1.Admin/TryEmbedder", Scope::kAdmin, Reach::kAllPools},
    {kBackup, "/pointsman.v1.Admin/Backup", Scope::kAdmin, Reach::kAllPools, true},
    {kGetServer, "/pointsman.v1.Insight/GetServer", Scope::kRead, Reach::kAllowed},
    {kGetHistory, "/pointsman.v1.Insight/GetHistory", Scope::kRead},
    {kListDecisions, "/pointsman.v1.Insight/ListDecisions", Scope::kRead},
    {kTryPreferences, "/pointsman.v1.Insight/TryPreferences", Scope::kRead},
    {kTryQuery, "/pointsman.v1.Insight/TryQuery", Scope::kRead},
    {kListQueryGroups, "/pointsman.v1.Insight/ListQueryGroups", Scope::kRead},
    {kComparePolicies, "/pointsman.v1.Insight/ComparePolicies", Scope::kRead},
    {kRecomputeDecision, "/pointsman.v1.Insight/RecomputeDecision", Scope::kRead},
};

constexpr bool IsInOrder() {
  for (std::size_t i = 0; i < std::size(kMethods); ++i) {
    if (static_cast<std::size_t>(kMethods[i].id) != i) return false;
  }
  return std::size(kMethods) == static_cast<std::size_t>(kRecomputeDecision) + 1;
}
static_assert(IsInOrder(), "the rows of kMethods follow MethodId");

}  // namespace

std::span<const Method> Methods() { return kMethods; }

const Method* FindMethod(std::string_view path) {
  for (const Method& method : kMethods) {
    if (method.path == path) return &method;
  }
  return nullptr;
}

}  // namespace pointsman::service
