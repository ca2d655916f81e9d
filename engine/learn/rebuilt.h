// Rebuilds what is kept beside the log from the log alone, and compares it with what was kept.
// Memory: all records of a pool, some hundred bytes for each call.
// Threads: one.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <tuple>

#include "absl/status/statusor.h"
#include "domain/event.h"
#include "engine/learn/projection.h"
#include "engine/pool/client_weights.h"
#include "storage/api/projections.h"

namespace pointsman::engine {

class RebuiltProjections {
 public:
  // Reads records for the fold that produces them.
  ReadRecord reader() const;
  void Take(const Event& event, Effects effects);

  const ClientWeights& client_weights() const { return client_weights_; }
  std::size_t records() const { return feedback_.size(); }

  // The first difference; nothing if there is none. A record that is no longer kept is no difference, because
  // records expire and past outcomes are bounded. A kept record that does not follow from the log is a
  // difference. Errors: those of reading.
  absl::StatusOr<std::optional<std::string>> DifferenceFrom(const storage::Projections& kept,
                                                            PoolId pool) const;

 private:
  using Key = std::tuple<std::string, uint32_t>;
  std::map<Key, storage::FeedbackRecord> feedback_;
  std::map<Sequence, Experience> experience_;
  std::optional<storage::PoolProgress> progress_;  // absent: the log has no such event
  ClientWeights client_weights_;
};

}  // namespace pointsman::engine
