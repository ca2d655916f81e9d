// A file of rows as people have them: CSV, TSV, JSON lines or a JSON list of objects, plain or gzip,
// with or without a byte order mark.
// Errors: kNotFound for no file; kInvalidArgument with file and line for what does not read.
// Threads: plain values, and pure functions of files.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace pointsman {

enum class TableFormat { kCsv, kTsv, kJsonLines, kJson };
const char* FormatName(TableFormat format);

struct Table {
  std::string path;
  TableFormat format = TableFormat::kCsv;
  std::vector<std::string> columns;
  // Each as wide as `columns`. An empty cell has no value; of JSON, null and keys that an object lacks.
  std::vector<std::vector<std::string>> rows;
  std::vector<int64_t> lines;  // where each row begins

  std::string Where(std::size_t row) const;  // "path:12"
};

// The format is told by the file's name, else by how the file begins. Objects inside objects become
// columns "outer.inner"; each object of the list `outcomes` of an object becomes a row.
absl::StatusOr<Table> ReadTable(const std::string& path);

}  // namespace pointsman
