// A pool described in YAML, as the message that makes it, and back. Keys are the field names of
// pointsman.v1.PutPoolRequest (name, settings, arms), PoolSettings and Arm; see
// deploy/pool.example.yaml.
// Errors: kInvalidArgument with "file:line" for a key that does not exist (with those that do), a
//   key given twice, a value of the wrong type or range, or a missing name; kNotFound for no file.
//   Meaning (known learners, limits) is the server's to judge.
// Threads: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "pointsman/v1/admin.pb.h"

namespace pointsman {

absl::StatusOr<v1::PutPoolRequest> ParsePool(const std::string& yaml, std::string_view file);
absl::StatusOr<v1::PutPoolRequest> ReadPoolFile(const std::string& path);

// The pool and its arms as a file that gives the same again. An active arm's status is left out, and so is a
// fitted projection, which the server does not tell.
std::string PoolYaml(const v1::Pool& pool, const std::vector<v1::Arm>& arms);

}  // namespace pointsman
