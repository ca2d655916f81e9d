// Reads the whole of a data folder, as evaluation/data/dataset.h describes it: not every model needs to have
// answered every query.
// Errors: kNotFound for a missing folder, file or pool; kInvalidArgument with file and line for invalid
//   content (unknown or repeated ids, quality outside [0, 1], broken gzip, a column whose name resembles a
//   field's).
// Threads: pure functions of files.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "evaluation/data/outcome_set.h"

namespace pointsman::evaluation {

// Restricted to a pool's arms ("" or "all": every model of models.json).
absl::StatusOr<OutcomeSet> ReadDataFolder(const std::string& folder, std::string_view pool);

// Reads a data folder or a table (outcome_set.h), whichever exists. Errors: those of both; kInvalidArgument
// for options that apply only to the other.
absl::StatusOr<OutcomeSet> ReadOutcomes(const std::string& path, std::string_view pool,
                                        const TableOptions& table);

}  // namespace pointsman::evaluation
