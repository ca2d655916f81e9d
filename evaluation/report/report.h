// A replay's report as JSON for scripts, as a table for people, and as pictures.
// Determinism: the same report gives the same bytes; numbers have round-trip precision.
// Threads: pure functions.
#pragma once

#include <string>

#include "evaluation/replay/replay.h"

namespace pointsman::evaluation {

// One object. Plain numbers, means over seeds: mean_utility, mean_quality, mean_cost_usd (0 with
// "cost_recorded": false), first_1000, last_third (utilities), stderr (standard error of
// mean_utility over seeds; 0 for one), random, best_single, oracle (utilities); `shares`: per arm.
// `seeds` is a list of objects with the same keys. Everything else under other keys.
std::string ReportJson(const ReplayReport& report);

// For a terminal: no colours, at most 100 columns.
std::string ReportTable(const ReplayReport& report);

// The learning curve and the arms' shares over time, as one SVG picture.
std::string ReportSvg(const ReplayReport& report);
// The same in characters.
std::string ReportText(const ReplayReport& report);

// What was lacking, in the form of a report: {"skipped": "..."}.
std::string SkippedJson(const std::string& why);

}  // namespace pointsman::evaluation
