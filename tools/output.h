// What programs print: text as it is, tables, amounts of money; and files that they write.
// Threads: any.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"

namespace pointsman::tools {

// To stdout.
void Print(std::string_view text);
// Errors: kFailedPrecondition if the file cannot be written.
absl::Status WriteFile(const std::string& path, std::string_view bytes);

// "$0.001234".
std::string Dollars(double usd);

// Each column is as wide as its widest cell. The first column is left-aligned, the others right-aligned.
class TextTable {
 public:
  explicit TextTable(std::vector<std::string> header) { rows_.push_back(std::move(header)); }
  void Add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  std::string Text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace pointsman::tools
