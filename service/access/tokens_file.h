// The tokens file: YAML that contains no secret.
//   tokens:
//     - name: app
//       salt: 5f0c...            # 16 bytes, hexadecimal
//       sha256: 9a31...          # of the salt's bytes followed by the secret's characters
//       scopes: [route, feedback]
//       pools: [default]         # or ["*"]: every pool
//       expires: 2027-01-31      # from the start of that day in UTC; absent: never
// Errors: kInvalidArgument naming file and line; kNotFound for a file that cannot be read;
//   kFailedPrecondition for one that cannot be written.
// Threads: pure functions, but for the files.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "service/access/token.h"

namespace pointsman::service {

// `name` is used in error messages.
absl::StatusOr<std::vector<TokenEntry>> ParseTokens(const std::string& text,
                                                    const std::string& name);
std::string TokensText(const std::vector<TokenEntry>& tokens);

absl::StatusOr<std::vector<TokenEntry>> LoadTokens(const std::string& path);
// Atomic. A new file is readable only by its owner.
absl::Status SaveTokens(const std::string& path, const std::vector<TokenEntry>& tokens);

// The start in UTC of a day such as "2027-01-31". Errors: kInvalidArgument.
absl::StatusOr<Micros> ParseDay(const std::string& text);
std::string DayText(Micros time);

}  // namespace pointsman::service
