// Groups past outcomes by the similarity of their queries, and says how each arm did in each group.
// Operation: the newest kGroupedMax outcomes are grouped by k-means. Words are typical of a group if its queries use
//   them at least twice as often as those of the other groups; ordered by n log(p / p'), with n queries of the group
//   that have the word, and p and p' the shares of queries that have it, in the group and outside of it.
// Errors: those of reading the storage.
// Cost: reads all past outcomes of the index from the disk, and kTextsMax queries.
// Limitations: words are runs of letters and digits between other ASCII characters; languages without spaces have
//   few of them.
// Threads: any.
#pragma once

#include "absl/status/statusor.h"
#include "engine/pool/pool_runtime.h"
#include "engine/request/insight.h"
#include "storage/api/storage.h"

namespace pointsman::engine {

inline constexpr std::size_t kGroupedMax = 4096;
inline constexpr uint32_t kGroupsMax = 32;

// `count`: groups; 0: 8.
absl::StatusOr<QueryGroups> GroupQueries(const PoolRuntime& pool, const storage::Storage& storage,
                                         uint32_t count);

}  // namespace pointsman::engine
