// Converts between a pool described in YAML and the message that creates it. Keys are the field names of
// pointsman.v1.PutPoolRequest (name, settings, arms), PoolSettings and Arm; see
// deploy/pool.example.yaml.
// Errors: kInvalidArgument with "file:line" for an unknown key (with the list of known ones), a key given
//   twice, a value of the wrong type or range, or a missing name; kNotFound for no file. The server checks
//   the meaning (known learners, limits).
// Threads: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "pointsman/v1/admin.pb.h"

namespace pointsman::tools {

absl::StatusOr<v1::PutPoolRequest> ParsePool(const std::string& yaml, std::string_view file);
absl::StatusOr<v1::PutPoolRequest> ReadPoolFile(const std::string& path);

// The pool and its arms as a file that recreates them. It leaves out an active arm's status, and a fitted
// projection, which the server does not return.
std::string PoolYaml(const v1::Pool& pool, const std::vector<v1::Arm>& arms);

}  // namespace pointsman::tools
