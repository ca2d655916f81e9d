// How keys are laid out in the databases: big-endian numbers, so that the order of the bytes is the
// order of what they stand for, and a pool's records lie together.
// Errors: a decoder answers nullopt for bytes that no encoder makes.
// Threads: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "domain/types.h"
#include "storage/api/storage.h"

namespace pointsman {

// 4 bytes. Also the prefix of every other key of the pool.
std::string EncodePoolKey(PoolId pool);
std::optional<PoolId> DecodePoolKey(std::string_view key);

// Where a pool's keys end: the first key after all of them. `pool` is not the largest id, which is
// never given.
std::string EncodePoolEnd(PoolId pool);

// 12 bytes: pool, sequence. Events, experience and snapshots.
std::string EncodeSequenceKey(PoolId pool, Sequence sequence);
std::optional<std::pair<PoolId, Sequence>> DecodeSequenceKey(std::string_view key);

// Pool, then the id as it is: ids are arbitrary bytes, and nothing follows them.
std::string EncodeDecisionKey(PoolId pool, std::string_view decision_id);

// Pool, time of the decision, then the id: a pool's decisions in order of time.
std::string EncodeTimeKey(PoolId pool, const DecisionPosition& position);
std::optional<DecisionPosition> DecodeTimeKey(PoolId pool, std::string_view key);

// Pool, decision id, arm. An id may hold any byte and end anywhere, so a zero byte in it is written
// as 00 ff and its end as 00 00: a shorter id sorts before what it begins.
std::string EncodeFeedbackKey(PoolId pool, std::string_view decision_id, ArmId arm);

}  // namespace pointsman
