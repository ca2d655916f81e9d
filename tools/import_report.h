// What an import found, what it will learn or has learned, and what it leaves out; as text and as JSON.
// Threads: plain values and pure functions.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "evaluation/data/outcome_set.h"
#include "evaluation/replay/warm_start.h"
#include "pointsman/v1/admin.pb.h"

namespace pointsman::tools {

struct ImportReport {
  std::string pool;
  std::string import_id;
  double strength = 0;
  bool is_dry_run = false;
  std::size_t queries_read = 0;
  std::size_t queries_chosen = 0;            // how many of those --queries chose
  std::vector<std::string> hints;            // "gpt4o: did you mean gpt-4o? ..."
  std::vector<std::string> arms_without;     // arms of the pool that the file does not mention
  std::map<std::string, uint64_t> left_out;  // outcomes, by reason
  std::map<std::string, uint64_t> announced;
  std::optional<v1::ImportOutcomesResponse> learned;
};

std::string ImportText(const evaluation::OutcomeSet& set, const evaluation::SparseImport& import,
                       const ImportReport& report);
std::string ImportJson(const evaluation::OutcomeSet& set, const evaluation::SparseImport& import,
                       const ImportReport& report);

}  // namespace pointsman::tools
