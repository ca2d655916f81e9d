// The layout of keys in the databases. Numbers are big-endian, so keys sort as the numbers do, and the
// records of a pool are adjacent.
// Errors: a decoder returns nullopt for bytes that no encoder writes.
// Threads: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "domain/types.h"
#include "storage/api/storage.h"

namespace pointsman::storage {

// 4 bytes. Also the prefix of every other key of the pool.
std::string EncodePoolKey(PoolId pool);
std::optional<PoolId> DecodePoolKey(std::string_view key);

// The end of a pool's keys: the first key after all of them. `pool` is not the largest
// id, which is never assigned.
std::string EncodePoolEnd(PoolId pool);

// 12 bytes: pool, sequence. Events, experience and snapshots.
std::string EncodeSequenceKey(PoolId pool, Sequence sequence);
std::optional<std::pair<PoolId, Sequence>> DecodeSequenceKey(std::string_view key);

// Pool, then the id as it is: ids are arbitrary bytes, and nothing follows them.
std::string EncodeDecisionKey(PoolId pool, std::string_view decision_id);

// Pool, time of the decision, then the id. So the decisions of a pool sort by time.
std::string EncodeTimeKey(PoolId pool, const DecisionPosition& position);
std::optional<DecisionPosition> DecodeTimeKey(PoolId pool, std::string_view key);

// Pool, decision id, arm. An id may hold any byte and end anywhere, so a zero byte in it is written as 00 ff
// and its end as 00 00. A shorter id sorts before longer ids that start with it.
std::string EncodeFeedbackKey(PoolId pool, std::string_view decision_id, ArmId arm);

}  // namespace pointsman::storage
