// The part of the engine for applications, which route queries and report outcomes, over any protocol.
// Threads and errors: engine.h.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "domain/limits.h"
#include "engine/done.h"
#include "engine/request/requests.h"

namespace pointsman::engine {

class DataPath {
 public:
  virtual ~DataPath() = default;

  // Prepares and embeds the query, decides it together with other queries that arrived meanwhile, and records
  // the decision. `done` is called once: before this returns, or on a thread of the engine or of an embedder.
  virtual void Route(RouteInput input, Done<RouteOutput> done) = 0;
  // Independent decisions over one snapshot of each pool, in order; each with its own error.
  virtual void RouteBatch(std::vector<RouteInput> inputs,
                          std::function<void(std::vector<absl::StatusOr<RouteOutput>>)> done) = 0;
  // `done` is called exactly once, perhaps before this returns.
  virtual void Feedback(FeedbackInput input, Done<FeedbackOutput> done) = 0;
  // The limits in force. The reference stays valid as long as the engine.
  virtual const Limits& limits() const = 0;
};

}  // namespace pointsman::engine
