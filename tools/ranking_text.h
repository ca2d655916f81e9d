// Candidates and their expected figures, as tables for people. Unknown values are shown as "unknown", never
// as 0.
// Threads: pure functions.
#pragma once

#include <google/protobuf/repeated_field.h>

#include <string>

#include "pointsman/v1/router.pb.h"

namespace pointsman::tools {

// "$0.001234", "900 ms", "12%"; "unknown" where there is no value.
std::string DollarsOr(bool is_known, double usd);
std::string MillisOr(bool is_known, double ms);

// One line per arm; `head` is the heading of the first column.
std::string RankingTable(const google::protobuf::RepeatedPtrField<v1::RankedArm>& ranking,
                         const char* head);
// "arm: reason", one line for each arm that has a reason.
std::string Reasons(const google::protobuf::RepeatedPtrField<v1::RankedArm>& ranking);

}  // namespace pointsman::tools
