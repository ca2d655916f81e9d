// What is kept beside the log, made again from the log alone, and compared with what was kept.
// Memory: all records of a pool, some hundred bytes a call.
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
  // For the fold that they are made by.
  ReadRecord reader() const;
  void Take(const Event& event, Effects effects);

  const ClientWeights& client_weights() const { return client_weights_; }
  std::size_t records() const { return feedback_.size(); }

  // Nothing, or the first difference. A record that is not kept any more is none (records expire, past outcomes are
  // bounded); one that is kept and does not follow from the log is. Errors: those of reading.
  absl::StatusOr<std::optional<std::string>> DifferenceFrom(const storage::Projections& kept,
                                                            PoolId pool) const;

 private:
  using Key = std::tuple<std::string, uint32_t>;
  std::map<Key, storage::FeedbackRecord> feedback_;
  std::map<Sequence, Experience> experience_;
  std::optional<storage::PoolProgress> progress_;  // nothing: the log says nothing of it
  ClientWeights client_weights_;
};

}  // namespace pointsman::engine
