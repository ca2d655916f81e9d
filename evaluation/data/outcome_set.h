// Recorded outcomes of some arms on some queries, with what was left out and why. It is read from a data
// folder (dataset.h) or from a table, which has one row per outcome (long), or one row per query and one
// column per model (wide).
// Threads: plain values, and pure functions of files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "domain/arm.h"
#include "domain/types.h"

namespace pointsman::evaluation {

struct DatasetQuery {
  std::string id;
  std::string text;
  std::string domain;  // a label for analysis, never a feature
  friend bool operator==(const DatasetQuery&, const DatasetQuery&) = default;
};

struct SparseOutcome {
  std::size_t query = 0;
  std::size_t arm = 0;
  Outcome outcome;
  friend bool operator==(const SparseOutcome&, const SparseOutcome&) = default;
};

struct OutcomeSet {
  std::string name;       // the file's or the folder's last name
  std::string pool;       // the subset of models; "all" if none was named
  std::string shape;      // "CSV, one row per outcome"
  std::vector<Arm> arms;  // the models that the file names, by its names
  std::vector<DatasetQuery> queries;
  std::vector<SparseOutcome>
      outcomes;        // in the file's order; at most one per query and arm, none empty
  uint64_t cells = 0;  // outcomes that have a row or a cell in the file
  std::vector<std::string> columns;          // how each is read: "prompt = text"
  std::vector<std::string> unknown_columns;  // not read
  std::map<std::string, uint64_t> left_out;  // of `cells`, by reason
  uint64_t qualities_of_errors = 0;          // left out; the rest of their outcomes is kept
};

struct TableOptions {
  // Each is "COLUMN=FIELD" or "COLUMN=FIELD*FACTOR"; in a wide table also "COLUMN=MODEL" or
  // "COLUMN=MODEL.FIELD". COLUMN may also be the part of a column's name after the model's.
  std::vector<std::string> maps;
  std::string scale;                 // see ParseScale
  std::set<std::string> known_arms;  // names of model columns in a wide table
  bool skips_bad_rows = false;       // an invalid outcome is left out instead of an error
};

// Errors: those of ReadTable; kInvalidArgument, with file and line, for invalid cells, a column whose name
//   resembles a field's, and missing columns.
absl::StatusOr<OutcomeSet> ReadOutcomeTable(const std::string& path, const TableOptions& options);

}  // namespace pointsman::evaluation
