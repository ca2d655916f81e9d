// One row for each RPC of this server. Permissions, the audit and the metrics of calls follow from it.
// Threads: constant data.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "service/access/token.h"

namespace pointsman::service {

enum class MethodId : uint8_t {
  kRoute,
  kRouteBatch,
  kFeedback,
  kFeedbackBatch,
  kRouteStream,
  kFeedbackStream,
  kPutPool,
  kGetPool,
  kListPools,
  kDeletePool,
  kPutArm,
  kListArms,
  kRemoveArm,
  kImportOutcomes,
  kUndoImport,
  kListOutcomes,
  kGetStats,
  kExplain,
  kMeasureRecall,
  kTryEmbedder,
  kBackup,
  kGetServer,
  kGetHistory,
  kListDecisions,
  kTryPreferences,
  kTryQuery,
  kListQueryGroups,
  kComparePolicies,
  kRecomputeDecision,
};

// Which pools a call reads or changes.
enum class Reach : uint8_t {
  kNamed,     // the pools that its request names
  kAllowed,   // the pools that its caller may use
  kAllPools,  // all pools, or the server itself
};

struct Method {
  MethodId id{};
  std::string_view path;  // "/package.Service/Method"
  Scope scope = Scope::kAdmin;
  Reach reach = Reach::kNamed;
  bool is_change = false;  // each call has an audit line; other methods only when refused

  std::string_view name() const { return path.substr(path.rfind('/') + 1); }
  bool is_admin() const { return scope == Scope::kAdmin || scope == Scope::kRead; }
};

// In order of MethodId.
std::span<const Method> Methods();
inline const Method& MethodOf(MethodId id) { return Methods()[static_cast<std::size_t>(id)]; }
// Null: an unknown method.
const Method* FindMethod(std::string_view path);

}  // namespace pointsman::service
