// Every RPC of ours: one row each. Permissions, the audit and the metrics of calls all follow from it.
// Threads: constant data.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "service/access/token.h"

namespace pointsman {

enum class MethodId : uint8_t {
  kRoute,
  kRouteBatch,
  kFeedback,
  kFeedbackBatch,
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
};

// Which pools a call reads or changes.
enum class Reach : uint8_t {
  kNamed,     // those that its request names
  kAllowed,   // those that its caller may use
  kAllPools,  // all of them, or the server itself
};

struct Method {
  MethodId id{};
  std::string_view path;  // "/package.Service/Method"
  Scope scope = Scope::kAdmin;
  Reach reach = Reach::kNamed;
  bool is_change = false;  // the audit has a line for each; for others only when they were refused

  std::string_view name() const { return path.substr(path.rfind('/') + 1); }
  bool is_admin() const { return scope == Scope::kAdmin; }
};

// In order of MethodId.
std::span<const Method> Methods();
inline const Method& MethodOf(MethodId id) { return Methods()[static_cast<std::size_t>(id)]; }
// Null: it is none of ours.
const Method* FindMethod(std::string_view path);

}  // namespace pointsman
