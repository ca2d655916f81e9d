// A data folder, as evaluation/data/dataset.h describes it, with all that it has: not every model needs to have
// answered every query.
// Errors: kNotFound for a missing folder, file or pool; kInvalidArgument naming file and line for anything
//   that does not read (unknown or repeated ids, quality outside [0, 1], broken gzip, a column that is near
//   a field's name).
// Threads: pure functions of files.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "evaluation/data/outcome_set.h"

namespace pointsman {

// Restricted to a pool's arms ("" or "all": every model of models.json).
absl::StatusOr<OutcomeSet> ReadDataFolder(const std::string& folder, std::string_view pool);

// A data folder or a table (outcome_set.h), whichever is there. Errors: those of both; kInvalidArgument for
// options that are for the other.
absl::StatusOr<OutcomeSet> ReadOutcomes(const std::string& path, std::string_view pool,
                                        const TableOptions& table);

}  // namespace pointsman
