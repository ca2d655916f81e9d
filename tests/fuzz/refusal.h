// What every error that quotes strangers' bytes has to be: short, one line, well-formed.
// Threads: any.
#pragma once

#include <cstddef>
#include <cstdio>
#include <string_view>

#include "absl/status/status.h"
#include "base/check.h"
#include "base/strings.h"

namespace pointsman::tests {

constexpr std::size_t kRefusalBytesMax = 2048;

inline void CheckRefusal(const absl::Status& status) {
  const std::string_view message = ToStd(status.message());
  const bool is_fit = !message.empty() && message.size() <= kRefusalBytesMax && IsUtf8(message) &&
                      !HoldsControls(message);
  if (!is_fit) std::fprintf(stderr, "refusal: %s\n", OneLine(message, 4096).c_str());
  POINTSMAN_CHECK(is_fit);
}

}  // namespace pointsman::tests
