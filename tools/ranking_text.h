// Candidates and what is expected of them, as tables for people. What is not known is called so, never 0.
// Threads: pure functions.
#pragma once

#include <google/protobuf/repeated_field.h>

#include <string>

#include "pointsman/v1/router.pb.h"

namespace pointsman {

// "$0.001234", "900 ms", "12%"; "unknown" where there is no value.
std::string DollarsOr(bool is_known, double usd);
std::string MillisOr(bool is_known, double ms);

// A line an arm; `head`: what the first column is called.
std::string RankingTable(const google::protobuf::RepeatedPtrField<v1::RankedArm>& ranking,
                         const char* head);
// "arm: reason", a line each, of those that have one.
std::string Reasons(const google::protobuf::RepeatedPtrField<v1::RankedArm>& ranking);

}  // namespace pointsman
